//! The scene at night: nobody can ask Ana, and two of three people that she chose admit a doctor for some hours.

use std::{path::Path, time::Instant};

use hospital_record::{Client, Error, ErrorKind, RecordRef, Result, Source};

use crate::{invalid, person, row};

const FOLDER: &str = "emergency";

/// The members, and last the doctor whom they admitted.
pub(crate) async fn at_night(ana: &Client, disk: &Path) -> Result<Vec<Client>> {
    let mut people = Vec::new();
    for name in ["casualty", "anaesthesia", "ethics", "dr-night"] {
        let client = person(name, disk).await?;
        client.register().await?;
        people.push(client);
    }
    let [casualty, anaesthesia, ethics, doctor] = &people[..] else { return Err(invalid("it takes four people")) };

    let watch = Instant::now();
    let members = [casualty.address(), anaesthesia.address(), ethics.address()];
    let made = casualty.boards().create(2, &members).await?;
    row("a board of three, of whom two must agree", watch, made.gas);
    let record = ana.add(Source::bytes("allergies.txt", "penicillin")).folder(FOLDER).await?.record;
    let watch = Instant::now();
    let granted = ana.boards().grant(&made.board).folder(FOLDER).await?;
    row("Ana gives it her emergency folder: keys in three shares", watch, granted.gas);

    let watch = Instant::now();
    let asking = casualty.boards().open_case(&made.board, ana.address()).to(doctor.address());
    let case = asking.reason("Unconscious after a fall, about to be operated on.").await?;
    refused(doctor, &record, ErrorKind::Denied).await?;
    let agreed = anaesthesia.boards().acknowledge(&case).await?;
    row("one asks and gives the reason, another agrees", watch, agreed.gas);
    let watch = Instant::now();
    for member in [casualty, anaesthesia] {
        refused(doctor, &record, ErrorKind::NotAvailable).await?;
        for (_, released) in member.boards().release_due(&made.board).await? {
            released?;
        }
    }
    let allergies = doctor.open(&record).await?;
    if allergies.bytes != "penicillin" {
        return Err(Error::Integrity("the emergency record came back changed".into()));
    }
    println!(
        "  {:<64} {:>6.2} s",
        "two shares later Dr Night reads it, after the agreement",
        watch.elapsed().as_secs_f32()
    );
    println!("  Ana, awake again, reads why: {:?}", ana.boards().reason_of(&case).await?.text);
    Ok(people)
}

async fn refused(doctor: &Client, record: &RecordRef, kind: ErrorKind) -> Result<()> {
    match doctor.open(record).await {
        Err(error) if error.kind() == kind => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(Error::Denied("a record opened before enough people had agreed".into())),
    }
}
