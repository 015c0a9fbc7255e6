//! Patients and doctors need no ether: a hospital's relay carries what they sign, and pays.

mod common;

use std::sync::Arc;

use hospital_record::{
    ErrorKind, Identity, Result, Source, System, U256, alloy::signers::local::PrivateKeySigner, relay::SignedRequest,
};

#[tokio::main]
async fn main() -> Result<()> {
    // In production: System::builder().rpc(rpc).store(store).relay("https://relay.hospital.example").connect()
    let chain = System::in_memory().await?;
    let payer = PrivateKeySigner::random();
    chain.fund(payer.address()).await?;
    let relay = chain.carrier(payer);
    let system = chain.relayed_by(vec![Arc::new(relay)])?;

    let (ana, lee) = (system.client(Identity::generate()?.0), system.client(Identity::generate()?.0));
    lee.register().await?;
    let record = ana.add(Source::bytes("knee.txt", "no fracture")).await?.record;
    ana.grant(lee.address()).await?;
    assert_eq!(lee.open(&record).await?.bytes, "no fracture");

    // The signed revocation is text: anybody who has it can carry it at any time, and can do nothing else with it.
    let grant = &ana.grants().list().await?[0];
    let letter = ana.acts().sign_revocation(lee.address(), grant.scope_id).await?.to_string();
    let friend = common::person(&chain).await?; // without a relay, the carrier pays
    friend.acts().carry(&letter.parse::<SignedRequest>()?).await?;
    assert_eq!(lee.open(&record).await.err().map(|error| error.kind()), Some(ErrorKind::Denied));

    for person in [&ana, &lee] {
        assert_eq!(person.balance().await?, U256::ZERO);
    }
    println!("{}\nand neither Ana nor Dr Lee holds any ether", system.history(ana.address()).await?);
    Ok(())
}
