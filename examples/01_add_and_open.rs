//! A patient adds a file, lists what is there, and opens it again.

mod common;

use hospital_record::{Identity, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (identity, phrase) = Identity::generate()?;
    println!("Write these words down, they restore everything: {} words", phrase.reveal().split(' ').count());
    common::fund(&system, identity.address()).await?; // on a real network: send some ether
    let ana = system.client(identity);

    let letter = Source::bytes("letter.txt", "Dear Dr Lee, ...");
    let added = ana.add(letter).folder("cardiology").media_type("text/plain").await?;
    println!("added {}", added.record);

    for record in ana.list().await? {
        println!("{} in {}", record.name(), record.folder_name());
    }

    let opened = ana.open(&added.record).await?;
    assert_eq!(opened.bytes, "Dear Dr Lee, ...");
    let middle = ana.open(&added.record).range(5..11).await?; // only the blocks that are needed are fetched
    assert_eq!(middle.bytes, "Dr Lee");
    println!("opened {}: {} bytes", opened.metadata.name, opened.bytes.len());
    Ok(())
}
