//! The phrase alone restores everything: records, folder names, grants, and the names of the grantees.

mod common;

use hospital_record::{Card, Identity, Phrase, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (identity, phrase) = Identity::generate()?;
    let lee = Identity::generate()?.0;
    common::fund(&system, identity.address()).await?;
    common::fund(&system, lee.address()).await?;

    let old = system.client(identity);
    let card: Card = system.client(lee).card().await?;
    old.contacts().add("Dr Lee", &card).await?;
    old.add(Source::bytes("vaccination.pdf", "...")).folder("vaccinations").await?;
    old.grant(&card).folder("vaccinations").await?;
    let written_down = phrase.reveal().to_string();
    drop((old, phrase)); // the machine is lost

    let new_machine = system.forgetful()?; // the same chain and store, an empty state
    let ana = new_machine.client(Identity::from_phrase(&Phrase::parse(&written_down)?, 0)?);
    let records = ana.list().await?;
    assert_eq!((records[0].name(), records[0].folder_name()), ("vaccination.pdf", "vaccinations"));
    let grants = ana.grants().list().await?;
    assert_eq!(grants[0].name.as_deref(), Some("Dr Lee"));
    println!("restored {} record(s) and {} grant(s)", records.len(), grants.len());
    Ok(())
}
