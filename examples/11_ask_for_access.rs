//! A laboratory asks a patient whether it may deliver a result. A request gives no right and costs the patient nothing.

mod common;

use std::time::{Duration, SystemTime};

use hospital_record::{ErrorKind, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (authority, lab) = (common::person(&system).await?, common::person(&system).await?);
    let ana = common::person(&system).await?;
    ana.register().await?;
    authority.vouches().give(lab.address(), "snomed:261904005").await?; // SNOMED CT: laboratory

    let in_30_days = SystemTime::now() + Duration::from_secs(30 * 24 * 3600);
    let ask = lab.requests().ask(ana.address()).contribute_only().until(in_30_days);
    ask.reason("Dr Lee ordered a blood count on 3 May; we would deliver the result.").await?; // only Ana can read it

    // Ana's client lists the requests, who vouches for each asker, and the reasons.
    let requests = ana.requests().list().trusted_by(&[authority.address()]).await?.requests;
    let request = &requests[0];
    println!("{} asks to {} for {:?}", request.asker, request.rights, request.purpose);
    println!("  {}", request.trust.as_ref().map_or("no trusted authority vouches for it".into(), ToString::to_string));
    println!("  {}", request.reason.as_deref().unwrap_or("(the reason does not open)"));

    // By default an answer grants exactly what was asked. She may give less; more is an error.
    let more = ana.requests().answer(request).folder("blood tests").contribute().await.err();
    assert_eq!(more.map(|error| error.kind()), Some(ErrorKind::Invalid));
    ana.requests().answer(request).folder("blood tests").await?;
    assert!(ana.requests().list().await?.requests.is_empty());

    let result = Source::bytes("result.json", r#"{"resourceType":"Bundle"}"#);
    let added = lab.add(result).patient(ana.address()).folder("blood tests").await?;
    assert_eq!(ana.open(&added.record).await?.bytes, r#"{"resourceType":"Bundle"}"#);
    Ok(())
}
