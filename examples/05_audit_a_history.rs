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

    // One node alone is not proof: the history is complete as that node reports it.
    let reported = system.history(ana.address()).await?;
    println!("{reported}\n");

    // Ana gives the auditor the head from her own machine. Any other trusted source works too: the auditor's own node,
    // or a second provider (`Config::witness`). The node under audit does not.
    let head = ana.system().history(ana.address()).await?.head();
    let proven = system.history(ana.address()).trusted_head(head).await?;
    println!("{}", proven.completeness);
    assert!(proven.completeness.is_proven());
    Ok(())
}
