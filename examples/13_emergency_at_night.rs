//! Ana is brought in unconscious. Earlier she gave her emergency folder to a board of three people, of whom any two
//! must agree. One member alone cannot open it, and neither can the hospital's computers.

mod common;

use std::time::Duration;

use hospital_record::{Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (ana, doctor) = (common::person(&system).await?, common::person(&system).await?);
    let members = [common::person(&system).await?, common::person(&system).await?, common::person(&system).await?];
    doctor.register().await?;
    let mut accounts = Vec::new();
    for member in &members {
        member.register().await?;
        accounts.push(member.address());
    }

    // The board's address stands for these people and for "two of three": another board has another address.
    let board = members[0].boards().create(2, &accounts).await?.board;
    let allergies = ana.add(Source::bytes("allergies.txt", "penicillin")).folder("emergency").await?.record;
    ana.boards().grant(&board).folder("emergency").await?;

    // At night, one member asks and gives the reason. That is not enough.
    let [first, second, third] = &members;
    let asking =
        first.boards().open_case(&board, ana.address()).to(doctor.address()).lasting(Duration::from_secs(2 * 3600));
    let case = asking.reason("Unconscious after a fall, about to be operated on.").await?;
    assert!(doctor.open(&allergies).await.is_err());

    // Another member agrees. Both release their shares of the keys; `boards serve` does that automatically.
    second.boards().acknowledge(&case).await?;
    for member in [first, second] {
        member.boards().release_due(&board).await?;
    }
    println!("the doctor reads: {:?}", doctor.open(&allergies).await?.bytes);

    // Ana wakes up. Her history shows who was admitted, by whom, and why. The third member's review is due.
    let case = system.case(&board, case.id).await?;
    println!("{} agreed, because: {}", case.acknowledged.len(), ana.boards().reason_of(&case).await?.text);
    third.boards().review(&case, None).await?;

    // She can end the case early.
    ana.boards().veto(&case).await?;
    assert!(doctor.open(&allergies).await.is_err());
    Ok(())
}
