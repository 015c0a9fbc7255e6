//! A laboratory adds a result to a patient's folder while the patient is away; the patient's readers open it at once.

mod common;

use hospital_record::{Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let ana = common::person(&system).await?;
    let (lee, lab) = (common::person(&system).await?, common::person(&system).await?);
    lee.register().await?;
    lab.register().await?;

    ana.grant(lee.address()).folder("blood tests").await?;
    ana.grant(lab.address()).folder("blood tests").contribute_only().await?; // may add, cannot read

    let result = Source::bytes("result.json", r#"{"resourceType":"Bundle"}"#);
    let added = lab
        .add(result)
        .patient(ana.address())
        .folder("blood tests")
        .media_type("application/fhir+json")
        .document_type("11502-2") // LOINC: laboratory report
        .await?;

    assert_eq!(lee.open(&added.record).await?.bytes, r#"{"resourceType":"Bundle"}"#);
    assert!(lab.open(&added.record).await.is_err(), "a contributor without the right to read cannot open");

    let synced = ana.sync().await?; // Ana's client copies it into her own store
    println!("copied into the patient's own store: {}", synced.copied);
    Ok(())
}
