//! A patient gives a hospital access; the hospital delegates it to the staff of the ward. No central list says who is a
//! hospital: Ana checks who vouches for it.

mod common;

use hospital_record::{Result, Source};

#[tokio::main]
async fn main() -> Result<()> {
    let system = common::system().await?;
    let (authority, hospital) = (common::person(&system).await?, common::person(&system).await?);
    let (lee, ana) = (common::person(&system).await?, common::person(&system).await?);
    hospital.register().await?;
    lee.register().await?;

    // The health authority vouches for the hospital (SNOMED CT: hospital), and the hospital for its staff. A speciality
    // would reveal the illness of Dr Lee's patients: use a plain word.
    authority.vouches().give(hospital.address(), "snomed:22232009").await?;
    hospital.vouches().give(lee.address(), "practitioner").await?;

    let ecg = ana.add(Source::bytes("ecg.txt", "sinus rhythm")).folder("cardiology").await?.record;
    let scan = ana.add(Source::bytes("scan.txt", "unclear")).folder("cardiology").await?.record;

    // Ana chooses the authorities that she trusts.
    let trusted = [authority.address()];
    let granted = ana.grant(hospital.address()).folder("cardiology").delegate().attest().trusted_by(&trusted).await?;
    let why = granted.trust.as_ref().map_or("no authority that she trusts vouches for it".into(), ToString::to_string);
    println!("granted to the keys {}: {why}", granted.fingerprint);

    // The hospital delegates its access to its practitioners. It first checks that they still work there.
    system.require_trusted(lee.address(), &[hospital.address()]).await?;
    hospital.grant(lee.address()).patient(ana.address()).folder("cardiology").await?;

    // The ward uses only records that a professional has attested.
    hospital.attest(&ecg).await?;
    let attested = lee.list().patient(ana.address()).attested_only().await?;
    assert_eq!(attested.len(), 1);
    assert_eq!(lee.open(&ecg).attested_only().await?.bytes, "sinus rhythm");
    assert!(lee.open(&scan).attested_only().await.is_err());

    // Dr Lee leaves the hospital. It withdraws its vouch and the access that it delegated.
    hospital.vouches().withdraw(lee.address(), "practitioner").await?;
    assert!(system.why_trusted(lee.address(), &trusted).await?.is_none());
    let scope = lee.grants().received().await?.grants[0].scope_id;
    hospital.grants().withdraw(ana.address(), scope, lee.address()).await?;
    assert!(lee.open(&ecg).await.is_err());
    Ok(())
}
