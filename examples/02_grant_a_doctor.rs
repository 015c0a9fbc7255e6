//! A patient gives a doctor access to a folder after they exchange cards.

mod common;

use std::time::{Duration, SystemTime};

use hospital_record::{Card, Purpose, Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (ana, lee) = (common::person(&system).await?, common::person(&system).await?);

    let ecg = ana.add(Source::bytes("ecg.pdf", "...")).folder("cardiology").await?;

    // Dr Lee hands over a card: on paper, as a QR code, by mail. They compare the fingerprint by voice.
    let card: Card = lee.card().await?.to_string().parse()?;
    ana.contacts().add("Dr Lee", &card).await?;
    println!("Dr Lee's fingerprint: {}", card.fingerprint());

    let in_90_days = SystemTime::now() + Duration::from_secs(90 * 24 * 3600);
    ana.grant(&card).folder("cardiology").purpose(Purpose::TREAT).until(in_90_days).await?;

    let opened = lee.open(&ecg.record).await?; // checked on chain, logged on chain, then decrypted
    assert_eq!(opened.bytes, "...");
    for grant in ana.grants().list().await? {
        println!("{} may {} {}", grant.name.as_deref().unwrap_or("?"), grant.rights, grant.scope_name());
    }
    Ok(())
}
