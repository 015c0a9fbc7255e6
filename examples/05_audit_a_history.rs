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

    // A history from one node is complete as reported by that node.
    let told = system.history(ana.address()).await?;
    println!("{told}\n");

    // Ana has the head from her own machine, and gives it to the auditor. Any other source of one's own does as well: an
    // own node, a second provider (`Config::witness`). Never the node that is checked.
    let head = ana.system().history(ana.address()).await?.head();
    let proven = system.history(ana.address()).trusted_head(head).await?;
    println!("{}", proven.completeness);
    assert!(proven.completeness.is_proven());
    Ok(())
}
