//! The SDK's own suites, on a real node and a real chain.

use std::{sync::Arc, time::Duration};

use hospital_record::{
    alloy::signers::local::PrivateKeySigner,
    ledger::{self, EthereumLedger, EthereumOptions},
    store::{self, StoreOptions},
};
use hospital_record_tests::{anvil::Anvil, kubo::Kubo};

#[tokio::test]
async fn kubo_is_a_store() {
    let kubo = Kubo::start();
    let options = StoreOptions::default().timeout(Duration::from_secs(5));
    store::conformance::conformance(store::open(&kubo.url(), &options).unwrap()).await;
}

#[tokio::test]
async fn gateway_of_kubo_is_a_read_only_store() {
    let kubo = Kubo::start();
    let options = StoreOptions::default().timeout(Duration::from_secs(5));
    let [writer, reader] = [kubo.url(), kubo.gateway_url()].map(|url| store::open(&url, &options).unwrap());
    store::conformance::read_only(reader, writer).await;
}

#[tokio::test]
async fn folder_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}", folder.path().display());
    store::conformance::conformance(store::open(&url, &StoreOptions::default()).unwrap()).await;
}

#[tokio::test]
async fn anvil_is_a_ledger() {
    let anvil = Anvil::start();
    let chain = EthereumLedger::connect(&anvil.url(), EthereumOptions::default()).unwrap();
    let signer = PrivateKeySigner::random();
    anvil.fund(signer.address());
    ledger::conformance::conformance(Arc::new(chain), Arc::new(signer)).await;
}
