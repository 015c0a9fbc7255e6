//! An auditor reads who did what when, without any key, and checks that nothing is missing.

mod common;

use hospital_record::{Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (ana, lee) = (common::person(&system).await?, common::person(&system).await?);
    lee.register().await?;
    let record = ana.add(Source::bytes("mri.dcm", "...")).await?.record;
    ana.grant(lee.address()).await?;
    lee.open(&record).await?;

    let history = system.history(ana.address()).await?;
    println!("{history}"); // ends with "complete up to head ... as told by ..."

    // A head that comes from elsewhere (an own node, a second provider) turns "as told by" into "proven".
    let head = history.head();
    let proven = system.history(ana.address()).trusted_head(head).await?;
    assert_eq!(proven.entries.len(), history.entries.len());
    Ok(())
}
