//! One joined address, with nothing else configured.

use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use hospital_record::{
    Client, Deployment, ErrorKind, Identity, Source, System, U256,
    node::{NodeInfo, Session},
    store::{self, Block, Sessions, Store, StoreError, StoreOptions},
};
use hospital_record_tests::{anvil::Anvil, data, node::Node};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::relay::exchange;

/// A node with all rooms, whose blocks are in a folder.
pub(crate) fn whole(anvil: &Anvil, disk: &TempDir) -> Node {
    let store = disk.path().join("blocks");
    fs::create_dir(&store).unwrap();
    let store = format!("file://{}", store.display());
    Node::start(anvil, &["--chain-reads", "--blocks", &store, "--open-blocks"])
}

async fn joined(node: &Node, state: &TempDir) -> Client {
    let system = System::builder().join(node.url()).state_dir(state.path()).connect().await.unwrap();
    system.client(Identity::generate().unwrap().0)
}

#[tokio::test]
async fn people_who_joined_a_node_need_nothing_else() {
    let disk = tempfile::tempdir().unwrap();
    let node = whole(&Anvil::shared(), &disk);
    let [of_ana, of_lee] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (ana, lee) = (joined(&node, &of_ana).await, joined(&node, &of_lee).await);
    lee.register().await.unwrap();

    let large = data::bytes("a scan", 5 * data::MIB + 17);
    let scan = ana.add(Source::bytes("scan.dcm", large.clone())).folder("cardiology").await.unwrap().record;
    let letter = ana.add(Source::bytes("letter.txt", "Dear Dr Lee")).folder("cardiology").await.unwrap().record;
    ana.grant(&lee.card().await.unwrap()).folder("cardiology").await.unwrap();
    assert_eq!(lee.open(&scan).await.unwrap().bytes, large);
    ana.revoke(lee.address()).await.unwrap();
    assert_eq!(lee.open(&letter).await.unwrap_err().kind(), ErrorKind::Denied);
    let history = ana.history().await.unwrap();
    assert!(history.entries.len() >= 6, "{history}");
    for person in [&ana, &lee] {
        assert_eq!(person.balance().await.unwrap(), U256::ZERO);
    }
}

#[tokio::test]
async fn node_says_what_it_offers() {
    let disk = tempfile::tempdir().unwrap();
    let bare = Node::start(&Anvil::shared(), &[]);
    let info = NodeInfo::of(&bare.url(), Duration::from_secs(10)).await.unwrap();
    assert_eq!((info.chain_id, info.rpc.as_deref(), info.relay.as_deref()), (31337, None, Some("/")));
    assert_eq!(info.contract().unwrap().to_string(), Anvil::contract());
    let whole = NodeInfo::of(&whole(&Anvil::shared(), &disk).url(), Duration::from_secs(10)).await.unwrap();
    assert_eq!((whole.rpc.as_deref(), whole.blocks.as_deref()), (Some("/v1/rpc"), Some("/")));
    let error = System::builder().join(bare.url()).connect().await.unwrap_err();
    assert!(error.kind() == ErrorKind::Invalid && error.to_string().contains("name an RPC"), "{error}");
}

#[tokio::test]
async fn node_that_names_another_chain_or_contract_after_the_join_is_refused() {
    let (disk, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let node = whole(&Anvil::shared(), &disk);
    let config = || System::builder().join(node.url()).state_dir(state.path());
    config().connect().await.unwrap();
    for (config, word) in [
        (config().chain_id(7), "7"),
        (config().contract(U256::from(7).to_be_bytes::<32>()[12..].try_into().unwrap()), "0007"),
    ] {
        let error = config.connect().await.unwrap_err();
        assert!(error.kind() == ErrorKind::WrongContract && error.to_string().contains(word), "{error}");
    }
    let (other, elsewhere) = (Anvil::of_chain(31338), tempfile::tempdir().unwrap());
    let other = whole(&other, &elsewhere);
    let moved = System::builder().join(other.url()).state_dir(state.path());
    let error = moved.connect().await.unwrap_err();
    assert!(error.kind() == ErrorKind::WrongContract && error.to_string().contains("31338"), "{error}");
}

/// Sessions that a test signs for one account, wherever it says that it writes.
#[derive(Debug)]
struct OfTest {
    identity: Identity,
    deployment: Deployment,
    /// In the place of the host that is asked.
    host: Option<String>,
}

#[async_trait]
impl Sessions for OfTest {
    async fn token(&self, host: &str) -> Result<String, StoreError> {
        let until = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 600;
        let host = self.host.as_deref().unwrap_or(host);
        Ok(Session::sign(&self.identity, self.deployment, host, until).await.unwrap().to_string())
    }
}

/// The node's store, for a new account.
pub(crate) async fn blocks_at(node: &Node, host: Option<&str>) -> Arc<dyn Store> {
    let deployment = System::builder().join(node.url()).connect().await.unwrap().deployment();
    let (identity, host) = (Identity::generate().unwrap().0, host.map(str::to_owned));
    let sessions: Arc<dyn Sessions> = Arc::new(OfTest { identity, deployment, host });
    let options = StoreOptions::default().timeout(Duration::from_secs(10));
    let store = store::open(&format!("node+{}", node.url()), &options).unwrap();
    store.for_account(&sessions).unwrap()
}

#[tokio::test]
async fn node_is_a_store() {
    let disk = tempfile::tempdir().unwrap();
    let node = whole(&Anvil::shared(), &disk);
    store::conformance::conformance(blocks_at(&node, None).await).await;
}

#[tokio::test]
async fn session_is_worthless_at_another_host() {
    let disk = tempfile::tempdir().unwrap();
    let node = whole(&Anvil::shared(), &disk);
    let block = Block::new(0x55, b"ciphertext".to_vec());
    let put = |store: Arc<dyn Store>| {
        let block = block.clone();
        async move { store.put(stream::iter([Ok(block)]).boxed()).await }
    };
    for host in ["evil.example", "127.0.0.1", "localhost", ""] {
        let error = put(blocks_at(&node, Some(host)).await).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused { reason, .. } if reason.contains("another host")), "{error}");
    }
    assert_eq!(put(blocks_at(&node, None).await).await.unwrap(), 1);
    let without = store::open(&format!("node+{}", node.url()), &StoreOptions::default()).unwrap();
    assert_eq!(without.get(&block.cid).await.unwrap(), block.bytes, "reading needs no account");
    assert!(matches!(put(without).await.unwrap_err(), StoreError::Refused { .. }));
}

/// After a restart of the node, the first request may go to a connection that the kill has closed.
pub(crate) async fn pin(store: &Arc<dyn Store>, block: &Block) {
    if let Err(StoreError::Unreachable { .. }) = store.pin(&block.cid).await {
        store.pin(&block.cid).await.unwrap();
    }
}

#[tokio::test]
async fn killed_node_has_every_block_that_it_acknowledged() {
    let disk = tempfile::tempdir().unwrap();
    let mut node = whole(&Anvil::shared(), &disk);
    let store = blocks_at(&node, None).await;
    let mut kept = Vec::new();
    for round in 0_u32..4 {
        let block = Block::new(0x55, data::bytes(&format!("round {round}"), 300_000));
        assert_eq!(store.put(stream::iter([Ok(block.clone())]).boxed()).await.unwrap(), 1);
        if round % 2 == 0 {
            node.kill();
            node.run();
        }
        pin(&store, &block).await;
        kept.push(block);
        node.kill();
        node.run();
        for block in &kept {
            pin(&store, block).await;
            assert_eq!(store.get(&block.cid).await.unwrap(), block.bytes);
        }
    }
}

fn ask(node: &Node, question: &Value) -> (u16, Value) {
    let (status, body) = exchange(node.address(), "POST", "/v1/rpc", question.to_string().as_bytes());
    (status, serde_json::from_str(&body).unwrap_or_default())
}

#[tokio::test]
async fn node_forwards_questions_and_nothing_else() {
    let disk = tempfile::tempdir().unwrap();
    let node = whole(&Anvil::shared(), &disk);
    let question =
        |id: u64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let (status, answer) = ask(&node, &question(7, "eth_chainId", json!([])));
    assert_eq!((status, &answer["id"], &answer["result"]), (200, &json!(7), &json!("0x7a69")));
    for (method, params, code) in [
        ("eth_sendRawTransaction", json!(["0x00"]), -32601),
        ("anvil_setBalance", json!([Anvil::contract(), "0x1"]), -32601),
        ("eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": "latest"}]), -32602),
        ("eth_call", json!([{"to": Anvil::contract(), "input": "0x12345678"}, "latest"]), 3),
    ] {
        let (status, answer) = ask(&node, &question(1, method, params));
        assert_eq!((status, &answer["error"]["code"]), (200, &json!(code)), "{method}: {answer}");
    }
    let (_, answers) =
        ask(&node, &json!([question(1, "eth_chainId", json!([])), 5, question(2, "evm_mine", json!([]))]));
    let codes: Vec<_> = answers.as_array().unwrap().iter().map(|answer| answer["error"]["code"].as_i64()).collect();
    assert_eq!(codes, [None, Some(-32600), Some(-32601)]);
    let many: Vec<_> = (0..21).map(|id| question(id, "eth_chainId", json!([]))).collect();
    assert_eq!(ask(&node, &json!(many)).1["error"]["code"], -32602);
    for body in ["", "{", "[]", "null", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"eth_chainId\"}"] {
        let (_, answer) = exchange(node.address(), "POST", "/v1/rpc", body.as_bytes());
        assert!(answer.contains("\"error\""), "{body}: {answer}");
    }
}
