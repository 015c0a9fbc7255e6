//! A system of parts that an app brings: chain, store, relay, outbox.

use std::sync::Arc;

use alloy::{
    primitives::{U256, utils::Unit},
    signers::local::PrivateKeySigner,
};
use hospital_record::{
    Config, Identity, System,
    ledger::{MemoryLedger, MemoryOutbox},
    store::{Store, StoreOptions, open},
};

use super::note;

fn store() -> Arc<dyn Store> {
    open("memory:", &StoreOptions::default()).unwrap()
}

async fn chain() -> MemoryLedger {
    MemoryLedger::with_contract().await.unwrap()
}

#[tokio::test]
async fn app_with_its_own_chain_store_and_relay_works_and_remembers() {
    let (ledger, store, disk) = (chain().await, store(), tempfile::tempdir().unwrap());
    let parts = || System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store.clone());
    let payer = PrivateKeySigner::random();
    ledger.fund(payer.address(), Unit::ETHER.wei());
    let carrier = Arc::new(parts().connect().await.unwrap().carrier(payer));
    let config = || parts().own_relay(carrier.clone()).state_dir(disk.path());

    // She has no ether: that the record is on chain, the relay did.
    let ana = Identity::generate().unwrap().0;
    let client = config().connect().await.unwrap().client(ana.clone());
    let added = client.add(note("mine")).await.unwrap();
    assert_eq!(client.balance().await.unwrap(), U256::ZERO);
    assert_eq!(client.acts().missing().await.unwrap(), Vec::new());
    drop(client);

    let client = config().connect().await.unwrap().client(ana);
    assert_eq!(client.open(&added.record).await.unwrap().bytes, "mine");
}

#[tokio::test]
async fn outbox_of_the_app_is_the_one_that_is_used() {
    let (ledger, outbox) = (chain().await, Arc::new(MemoryOutbox::default()));
    let config = System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store()).own_outbox(outbox.clone());
    let ana = Identity::generate().unwrap().0;
    ledger.fund(ana.address(), Unit::ETHER.wei());
    let client = config.connect().await.unwrap().client(ana);
    client.add(note("mine")).await.unwrap();
    let kept = hospital_record::ledger::Outbox::sent(&*outbox, client.address()).await.unwrap();
    assert_eq!(kept.len(), 2, "the profile and the record may have to be sent again");
}

#[tokio::test]
async fn parts_that_are_missing_are_named() {
    let ledger = chain().await;
    let cases: [(Config, &str); 4] = [
        (System::builder().own_store(store()), "no chain is named"),
        (System::builder().own_ledger(Arc::new(ledger.clone())), "store"),
        (System::builder().own_ledger(Arc::new(ledger.clone())).own_store(store()).chain_id(7), "chain 7"),
        (
            System::builder()
                .own_ledger(Arc::new(ledger.clone()))
                .own_store(store())
                .own_witness(Arc::new(ledger.clone())),
            "cannot be its own witness",
        ),
    ];
    for (config, words) in cases {
        let error = config.connect().await.unwrap_err();
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}
