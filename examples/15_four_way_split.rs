//! The classic split key: the owner alone opens the file, or all four holders together. Three holders open nothing.

mod common;

use hospital_record::{Error, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (owner, heir) = (common::person(&system).await?, common::person(&system).await?);
    heir.register().await?;
    let (mut holders, mut accounts) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let holder = common::person(&system).await?;
        holder.register().await?;
        accounts.push(holder.address());
        holders.push(holder);
    }
    let board = owner.boards().create(4, &accounts).await?.board;
    let will = owner.add(Source::bytes("will.txt", "to whom it may concern")).folder("papers").await?.record;
    owner.boards().grant(&board).record(&will).no_end().await?;

    let case =
        holders[0].boards().open_case(&board, owner.address()).to(heir.address()).reason("The owner has died.").await?;
    for holder in &holders[1..] {
        holder.boards().acknowledge(&case).await?;
    }
    for holder in &holders {
        // The chain has admitted the heir by now, but not all shares of the key are there.
        assert!(matches!(heir.open(&will).await, Err(Error::NotAvailable(_))));
        holder.boards().release_due(&board).await?;
    }
    println!("all four together: {:?}", heir.open(&will).await?.bytes);
    Ok(())
}
