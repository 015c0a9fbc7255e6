//! A patient ends a doctor's access: the doctor cannot open later records, even with help from others.

mod common;

use hospital_record::{ErrorKind, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (ana, lee) = (common::person(&system).await?, common::person(&system).await?);
    lee.register().await?;

    let before = ana.add(Source::bytes("before.txt", "before")).await?;
    ana.grant(lee.address()).await?;
    lee.open(&before.record).await?;

    let revoked = ana.revoke(lee.address()).await?; // everything; .folder(..) or .record(..) ends less
    println!("ended {} grant(s); the folder has new keys", revoked.ended);

    let after = ana.add(Source::bytes("after.txt", "after")).await?;
    let Err(error) = lee.open(&after.record).await else { panic!("a revoked reader opened a later record") };
    assert_eq!(error.kind(), ErrorKind::Denied);
    println!("Dr Lee sees the error: {error}");
    Ok(())
}
