//! A private chain.

use std::{
    fmt::Display,
    process::Command,
    sync::{Arc, LazyLock},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    http,
    process::{Server, new_dir, tool},
};

/// Anvil's first account; it is unlocked and has 10,000 ether.
pub const RICH: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// Its key is printed at every start of every Anvil: it guards nothing.
pub const RICH_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const CREATE2_DEPLOYER: &str = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const TEN_ETHER: &str = "0x8ac7230489e80000";

static SHARED: LazyLock<Arc<Anvil>> = LazyLock::new(|| Arc::new(Anvil::start()));
/// `HospitalRecord`, and the contracts beside it.
static ARTIFACTS: LazyLock<[Value; 4]> = LazyLock::new(|| {
    [
        include_str!("../../contracts/artifacts/HospitalRecord.json"),
        include_str!("../../contracts/artifacts/Vouching.json"),
        include_str!("../../contracts/artifacts/AccessRequests.json"),
        include_str!("../../contracts/artifacts/Boards.json"),
    ]
    .map(|text| serde_json::from_str(text).expect("the artifact is JSON"))
});

/// An Anvil with the contracts at their addresses. A transaction is a block.
#[derive(Debug)]
pub struct Anvil {
    server: Server,
    address: String,
}

impl Anvil {
    /// The one that most tests share: each brings people of its own. Its clock is the real one.
    pub fn shared() -> Arc<Self> {
        SHARED.clone()
    }

    /// A chain of its own, for tests that move time or stop it.
    pub fn start() -> Self {
        Self::of_chain(31337)
    }

    /// The same under another chain id.
    pub fn of_chain(id: u64) -> Self {
        Self::empty(id).with_contracts()
    }

    /// A chain on which gas is free.
    pub fn for_free() -> Self {
        Self::with(31337, &["--base-fee", "0", "--gas-price", "0"]).with_contracts()
    }

    fn with_contracts(self) -> Self {
        let anvil = self;
        for artifact in ARTIFACTS.iter() {
            anvil.deploy(artifact);
        }
        anvil
    }

    /// A chain without any of the contracts.
    pub fn empty(id: u64) -> Self {
        Self::with(id, &[])
    }

    fn with(id: u64, options: &[&str]) -> Self {
        let mut command = Command::new(tool("HOSPITAL_RECORD_ANVIL", "bin/anvil"));
        command.args(["--port", "0", "--chain-id", &id.to_string()]).args(options);
        let server = Server::start(new_dir(), &mut command);
        let address = server.wait_for(|line| line.strip_prefix("Listening on ").map(str::to_owned));
        Self { server, address }
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the contract is on every chain.
    pub fn contract() -> &'static str {
        text(&ARTIFACTS[0], "address")
    }

    /// The process, to be frozen.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The result of a call that must succeed.
    pub fn rpc(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let answer = http::post(&self.address, request.to_string().as_bytes()).expect("Anvil answers");
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("Anvil speaks JSON");
        assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
        answer["result"].take()
    }

    /// Gives `account` ten ether.
    pub fn fund(&self, account: impl Display) {
        self.set_balance(account, TEN_ETHER);
    }

    /// Sets the balance of `account` to that many wei, in hexadecimal.
    pub fn set_balance(&self, account: impl Display, wei: &str) {
        self.rpc("anvil_setBalance", json!([account.to_string(), wei]));
    }

    /// Lets time pass; the newest block has the new time.
    pub fn advance(&self, by: Duration) {
        self.rpc("evm_increaseTime", json!([by.as_secs()]));
        self.mine(1);
    }

    /// Gives the next block this time, in seconds since 1970.
    pub fn set_next_time(&self, seconds: u64) {
        self.rpc("evm_setNextBlockTimestamp", json!([seconds]));
    }

    /// The time of the newest block, in seconds since 1970.
    pub fn now(&self) -> u64 {
        hex_number(&self.rpc("eth_getBlockByNumber", json!(["latest", false]))["timestamp"])
    }

    /// Puts empty blocks in the place of the newest ones: what was in those is lost.
    pub fn reorganise(&self, blocks: u64) {
        self.rpc("anvil_reorg", json!([blocks, []]));
    }

    /// Adds empty blocks.
    pub fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]));
    }

    /// The gas that one block takes from now on.
    pub fn set_block_gas(&self, gas: u64) {
        self.rpc("evm_setBlockGasLimit", json!([format!("{gas:#x}")]));
        self.mine(1);
    }

    /// Whether transactions are mined as they come.
    pub fn set_automine(&self, on: bool) {
        self.rpc("evm_setAutomine", json!([on]));
    }

    /// Sends a transaction from an unlocked account and waits until it is mined; its receipt.
    pub fn send(&self, transaction: Value) -> Value {
        self.try_send(transaction).expect("the transaction succeeds")
    }

    /// The same; nothing when it reverts.
    pub fn try_send(&self, transaction: Value) -> Option<Value> {
        let hash = self.rpc("eth_sendTransaction", json!([transaction]));
        for _ in 0..1_000 {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash]));
            if !receipt.is_null() {
                return (receipt["status"] == "0x1").then_some(receipt);
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("Anvil did not mine {hash}");
    }

    fn deploy(&self, artifact: &Value) {
        let data = format!("{}{}", text(artifact, "salt"), &text(artifact, "bytecode")[2..]);
        self.send(json!({ "from": RICH, "to": CREATE2_DEPLOYER, "data": data, "gas": "0x989680" }));
        let code = self.rpc("eth_getCode", json!([text(artifact, "address"), "latest"]));
        assert_ne!(code, "0x", "the artifact's address is not where its bytecode deploys to");
    }
}

/// Reads `0x1f`.
pub fn hex_number(value: &Value) -> u64 {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x")).expect("a quantity");
    u64::from_str_radix(digits, 16).expect("a quantity")
}

fn text<'a>(artifact: &'a Value, name: &str) -> &'a str {
    artifact[name].as_str().expect("the artifact is complete")
}
