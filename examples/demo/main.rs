//! The demo: a patient's files, a chain, an IPFS node and a doctor, from the first file to the checked history.
//!
//! `make demo` runs it with its own servers; `make stack` prints the environment to run it by hand. All people in it
//! are invented.

mod emergency;

use std::{
    env,
    fmt::Display,
    fs::File,
    io::{IsTerminal, Read, Write, stderr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use emergency::at_night;
use hospital_record::{
    Address, Client, Error, ErrorKind, Event, Identity, Progress, Purpose, RecordRef, Result, System, U256,
    ledger::record_key,
};

const FOLDER: &str = "cardiology";
const CHUNK: usize = 1 << 20;

#[tokio::main]
async fn main() -> ExitCode {
    match tell().await {
        Ok(summary) => println!("\nDEMO OK {summary}"),
        Err(error) => {
            eprintln!("\nDEMO FAILED: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn tell() -> Result<String> {
    let (started, disk) = (Instant::now(), tempfile::tempdir().map_err(|error| invalid(&error))?);
    let ana = person("ana", disk.path()).await?;
    let lee = person("lee", disk.path()).await?;
    println!("Ana keeps her own health records; Dr Lee treats her. Each has a machine and a key of their own,");
    println!("and neither holds any ether: they joined a hospital's node, which carries what they sign.");
    println!("contract {}; chain, blocks and relay at one address, {}", ana.system().contract().address(), node()?);
    println!("\n{:<66} {:>8} {:>9}", "", "time", "gas");

    println!("\nAna encrypts, stores and registers her files");
    let files = inputs(disk.path())?;
    let mut records = Vec::new();
    for (path, media_type) in &files {
        records.push((path, add(&ana, path, media_type).await?));
    }

    share(&ana, &lee, &records, disk.path()).await?;
    let later = disk.path().join("holter-summary.txt");
    records.push((&later, end(&ana, &lee, &later).await?));

    println!("\nDr Lee is refused");
    refuse(&lee, &records[0].1, &records[4].1).await?;

    println!("\nAt night Ana is brought in unconscious. Earlier she chose a board that may admit a doctor");
    let night = at_night(&ana, disk.path()).await?;
    let doctor = night.last().map(Client::address).unwrap_or_default();

    println!("\nAn auditor without any key reads the history");
    let gas = audit(&ana, &[(lee.address(), "Dr Lee"), (doctor, "Dr Night")]).await?;
    let people: Vec<_> = [&ana, &lee].into_iter().chain(&night).collect();
    let ether = ether(&people).await?;
    let bytes: u64 = records.iter().map(|(path, _)| path.metadata().map_or(0, |file| file.len())).sum();
    let seconds = started.elapsed().as_secs_f32();
    Ok(format!(
        "records={} bytes={bytes} gas={gas} refused=2 board=2/3 complete=true seconds={seconds:.1} ether={ether}",
        records.len()
    ))
}

async fn share(ana: &Client, lee: &Client, records: &[(&PathBuf, RecordRef)], disk: &Path) -> Result<()> {
    println!("\nDr Lee hands over a card; Ana grants the folder for treatment");
    let card = lee.card().await?;
    let watch = Instant::now();
    let granted = ana.grant(&card).name("Dr Lee").folder(FOLDER).purpose(Purpose::TREAT).await?;
    row(format!("key fingerprint {}", granted.fingerprint), watch, granted.gas);

    println!("\nDr Lee opens everything; each reading is logged on chain first");
    for (path, record) in records {
        read(lee, record, path, disk).await?;
    }
    Ok(())
}

async fn end(ana: &Client, lee: &Client, later: &Path) -> Result<RecordRef> {
    println!("\nAna ends the access, and adds another record");
    let watch = Instant::now();
    let revoked = ana.revoke(lee.address()).await?;
    row(format!("{} grant ended, the folder has new keys", revoked.ended), watch, revoked.gas);
    std::fs::write(later, "24 h Holter: sinus rhythm, no pauses.\n").map_err(|error| invalid(&error))?;
    add(ana, later, "text/plain").await
}

/// Checks that no person holds ether, as the story says.
async fn ether(people: &[&Client]) -> Result<U256> {
    for person in people {
        if !person.balance().await?.is_zero() {
            return Err(invalid("somebody in this story holds ether"));
        }
    }
    println!("  nobody here holds ether: the relay has paid for all of it");
    Ok(U256::ZERO)
}

/// A person with their own machine and no ether, who joined the hospital's node.
async fn person(name: &str, disk: &Path) -> Result<Client> {
    let system = System::builder().join(node()?).state_dir(disk.join(name)).connect().await?;
    Ok(system.client(Identity::generate()?.0))
}

fn node() -> Result<String> {
    let text = "HOSPITAL_RECORD_NODE is not set: `make stack` starts what is needed and prints it";
    env::var("HOSPITAL_RECORD_NODE").map_err(|_| invalid(text))
}

/// Three files from `examples/data`, and a large one made on the spot.
fn inputs(disk: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data");
    let large = disk.join("cardiac-mri-study.tar");
    make_large(&large).map_err(|error| invalid(&error))?;
    Ok(vec![
        (data.join("ct-chest.dcm"), "application/dicom"),
        (data.join("lab-report.json"), "application/fhir+json"),
        (data.join("discharge-letter.pdf"), "application/pdf"),
        (large, "application/x-tar"),
    ])
}

/// 300 MB without a pattern (xorshift64), written as they are made.
fn make_large(path: &Path) -> std::io::Result<()> {
    let (mut file, mut state, mut chunk) = (File::create(path)?, 0x9e37_79b9_7f4a_7c15u64, vec![0; 1_000_000]);
    for _ in 0..300 {
        for word in chunk.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&chunk)?;
    }
    Ok(())
}

async fn add(ana: &Client, path: &Path, media_type: &str) -> Result<RecordRef> {
    let watch = Instant::now();
    let added = ana.add(path).folder(FOLDER).media_type(media_type).progress(bar(path)).await?;
    row(format!("{:<22} {:>13} B  {media_type}", name(path), thousands(added.size)), watch, added.gas);
    Ok(added.record)
}

async fn read(lee: &Client, record: &RecordRef, original: &Path, disk: &Path) -> Result<()> {
    let (watch, copy) = (Instant::now(), disk.join("opened by Dr Lee"));
    lee.open(record).overwrite().progress(bar(original)).to_file(&copy).await?;
    let opened = watch.elapsed();
    if !same(original, &copy).map_err(|error| invalid(&error))? {
        return Err(Error::Integrity(format!("{} came back changed", original.display()).into()));
    }
    println!("  {:<64} {:>6.2} s", format!("{:<22} identical, byte for byte", name(original)), opened.as_secs_f32());
    Ok(())
}

fn same(left: &Path, right: &Path) -> std::io::Result<bool> {
    let (mut left, mut right) = (File::open(left)?, File::open(right)?);
    let (mut ours, mut theirs) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let length = left.read(&mut ours)?;
        if length == 0 {
            return Ok(right.read(&mut theirs)? == 0);
        }
        right.read_exact(&mut theirs[..length])?;
        if ours[..length] != theirs[..length] {
            return Ok(false);
        }
    }
}

/// Checks both refusals: the contract denies earlier records, and later records have a key that Dr Lee never got.
async fn refuse(lee: &Client, before: &RecordRef, after: &RecordRef) -> Result<()> {
    expect_denied(lee, before).await?;
    let key = record_key(before.patient, before.id.0.into());
    if lee.system().contract().can_access(before.patient, key, lee.address()).await? {
        return Err(Error::Denied("the contract still gives Dr Lee access".into()));
    }
    println!("  earlier records: the contract denies access");
    expect_denied(lee, after).await?;
    let (mut given, mut current) = (0, 0);
    for entry in lee.system().history(after.patient).await?.entries {
        match entry.event {
            Event::AccessGranted { epoch, .. } => given = epoch,
            Event::AccessRevoked { epoch, .. } => current = epoch,
            _ => {}
        }
    }
    if current <= given {
        return Err(Error::Integrity("the folder has no new keys".into()));
    }
    println!("  later records: they need key {current} of the folder, and Dr Lee's last one is key {given}");
    Ok(())
}

async fn expect_denied(lee: &Client, record: &RecordRef) -> Result<()> {
    match lee.open(record).await {
        Err(error) if error.kind() == ErrorKind::Denied => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(Error::Denied("a record opened for a doctor whose access has ended".into())),
    }
}

/// Prints the history and returns the gas that it took. The head comes from Ana's machine, so the history is
/// proven.
async fn audit(ana: &Client, doctors: &[(Address, &str)]) -> Result<u64> {
    let head = ana.system().history(ana.address()).await?.head();
    let system = System::builder().join(node()?).store("memory:").connect().await?;
    let history = system.history(ana.address()).trusted_head(head).await?;
    let mut gas = 0;
    for entry in &history.entries {
        let receipt = system.ledger().receipt(entry.entry.transaction).await?;
        gas += receipt.map_or(0, |receipt| receipt.gas_used);
        let doctor = doctors.iter().find(|(address, _)| *address == entry.by).map(|(_, name)| *name);
        let who = doctor.unwrap_or(if entry.by == ana.address() { "Ana" } else { "board" });
        let time = entry.entry.time;
        let (hours, minutes, seconds) = (time / 3600 % 24, time / 60 % 60, time % 60);
        println!("  {hours:02}:{minutes:02}:{seconds:02} UTC  {who:<8} {}", shortened(&entry.event.to_string()));
    }
    println!("  {}", history.completeness);
    if !history.completeness.is_proven() {
        return Err(Error::Integrity("the history is not proven".into()));
    }
    Ok(gas)
}

/// Hashes and addresses by their first digits.
fn shortened(text: &str) -> String {
    let short = |word: &str| match word.strip_prefix("0x") {
        Some(digits) if digits.len() > 12 => {
            format!("0x{}…", digits.trim_start_matches('0').get(..8).unwrap_or(digits))
        }
        _ => word.to_owned(),
    };
    text.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

fn row(text: impl Display, watch: Instant, gas: u64) {
    println!("  {:<64} {:>6.2} s {:>9}", text.to_string(), watch.elapsed().as_secs_f32(), thousands(gas));
}

/// Shows the progress of a large file on a terminal, and erases it at the end.
fn bar(path: &Path) -> impl Fn(Progress) + Send + Sync + 'static {
    let (name, visible) = (name(path), stderr().is_terminal());
    move |progress| {
        let total = progress.total.unwrap_or_default();
        if visible && total > CHUNK as u64 {
            let percent = progress.done * 100 / total;
            let wipe = if percent == 100 { "\r\x1b[K" } else { "" };
            let _ = write!(stderr(), "\r  {name} {percent} %{wipe}");
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn invalid(reason: impl Display) -> Error {
    Error::Invalid(reason.to_string().into())
}
