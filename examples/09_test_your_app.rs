//! Test an app without servers: the real contract in an in-process EVM, a store in memory, a clock that you set.

mod common;

use std::time::Duration;

use hospital_record::{ErrorKind, Identity, Result, Source, System};

#[tokio::main]
async fn main() -> Result<()> {
    let system = System::in_memory().await?;
    let (ana, lee) = (common::person(&system).await?, common::person(&system).await?);
    lee.register().await?;

    let record = ana.add(Source::bytes("note.txt", "...")).await?.record;
    let tomorrow = system.now().await? + Duration::from_secs(24 * 3600);
    ana.grant(lee.address()).until(tomorrow).await?;
    assert!(lee.open(&record).await.is_ok());

    system.advance(Duration::from_secs(25 * 3600)).await?;
    let error = lee.open(&record).await.err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Denied));

    // The error of an account that cannot pay says how much is missing.
    let poor = system.client(Identity::generate()?.0);
    let error = poor.add(Source::bytes("note.txt", "...")).await.err();
    assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::Unfunded));
    Ok(())
}
