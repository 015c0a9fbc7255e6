//! The conformance suites of the SDK, and the committed vectors of the core, in a browser. A failure is a panic: its text
//! is in the console.
#![cfg(target_family = "wasm")]
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, missing_docs, dead_code)]

// The very reader of the core's own tests.
#[path = "../../../core/tests/vectors/boards.rs"]
mod boards;
#[path = "../../../core/tests/vectors/check.rs"]
mod check;
#[path = "../../../core/tests/vectors/dishonest.rs"]
mod dishonest;
#[path = "../../../core/tests/vectors/json.rs"]
mod json;
#[path = "../../../core/tests/vectors/keyrings.rs"]
mod keyrings;
#[path = "../../../core/tests/vectors/make.rs"]
mod make;
#[path = "../../../core/tests/vectors/make_blocks.rs"]
mod make_blocks;
#[path = "../../../core/tests/vectors/notes.rs"]
mod notes;
#[path = "../../../core/tests/vectors/vaults.rs"]
mod vaults;

use std::{panic, sync::Arc, time::Duration};

use async_trait::async_trait;
use hospital_record::{
    Deployment, Identity, System,
    alloy::signers::local::PrivateKeySigner,
    browser::{memory_conformance, open_storage_in_turn},
    ledger::{self, EthereumLedger, EthereumOptions},
    node::Session,
    store::{self, Sessions, Store, StoreError, StoreOptions},
};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console)]
    fn error(text: String);
    #[wasm_bindgen(js_namespace = Date)]
    fn now() -> f64;
}

#[wasm_bindgen(start)]
fn start() {
    panic::set_hook(Box::new(|panic| error(panic.to_string())));
}

/// The error of a vector; `None` if it opens.
#[wasm_bindgen]
pub fn vector(format: &str, text: &str) -> Option<String> {
    check::check(format, &serde_json::from_str(text).unwrap()).err()
}

#[wasm_bindgen(js_name = storageConforms)]
pub async fn storage_conforms(name: String) {
    let open = async || open_storage_in_turn(&name).await.unwrap();
    memory_conformance(open().await, open).await;
}

#[derive(Debug)]
struct Person {
    identity: Identity,
    deployment: Deployment,
}

#[async_trait(?Send)]
impl Sessions for Person {
    async fn token(&self, host: &str) -> Result<String, StoreError> {
        let until = now() as u64 / 1000 + 600;
        Ok(Session::sign(&self.identity, self.deployment, host, until).await.unwrap().to_string())
    }
}

/// The blocks of a node, for a new account.
async fn blocks_at(node: &str) -> Arc<dyn Store> {
    let deployment = System::builder().join(node).connect().await.unwrap().deployment();
    let sessions: Arc<dyn Sessions> = Arc::new(Person { identity: Identity::generate().unwrap().0, deployment });
    let options = StoreOptions::default().timeout(Duration::from_secs(10));
    store::open(&format!("node+{node}"), &options).unwrap().for_account(&sessions).unwrap()
}

#[wasm_bindgen(js_name = nodeConforms)]
pub async fn node_conforms(url: String) {
    store::conformance::conformance(blocks_at(&url).await).await;
}

#[wasm_bindgen(js_name = memoryConforms)]
pub async fn memory_conforms() {
    store::conformance::conformance(store::open("memory:", &StoreOptions::default()).unwrap()).await;
}

/// A gateway before the blocks of a node.
#[wasm_bindgen(js_name = gatewayConforms)]
pub async fn gateway_conforms(gateway: String, node: String) {
    let options = StoreOptions::default().timeout(Duration::from_secs(5));
    let reader = store::open(&gateway, &options).unwrap();
    store::conformance::read_only(reader, blocks_at(&node).await).await;
}

/// `key` is of an account with an ether.
#[wasm_bindgen(js_name = chainConforms)]
pub async fn chain_conforms(rpc: String, key: String) {
    let chain = EthereumLedger::connect(&rpc, EthereumOptions::default()).unwrap();
    let signer: PrivateKeySigner = key.parse().unwrap();
    ledger::conformance::conformance(Arc::new(chain), Arc::new(signer)).await;
}
