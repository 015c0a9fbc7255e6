//! The watcher against a provider that says what a test wants.

#![allow(clippy::unwrap_used)]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use hospital_record::{
    Address, B256,
    ledger::{CASE_EVENTS, EthereumLedger, EthereumOptions},
};
use hospital_record_contracts::boards::{CLONE, implementation};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Events, Kind, watcher::Watcher, window::News};
use crate::{
    chain::FinalBlock,
    listening::{Cursor, Listening},
};

const HOSPITAL: Address = Address::repeat_byte(1);
const BOARD: Address = Address::repeat_byte(2);
const IMPOSTOR: Address = Address::repeat_byte(3);
const ANA: Address = Address::repeat_byte(4);

/// A chain on which every block has an event of the hospital, of a board, and of an impostor.
#[derive(Default)]
struct Chain {
    newest: AtomicU64,
    /// The events of all contracts are too many for this provider.
    is_flooded: AtomicBool,
    asked: Mutex<Vec<&'static str>>,
}

async fn answer(State(chain): State<Arc<Chain>>, question: Bytes) -> String {
    let question: Value = serde_json::from_slice(&question).unwrap();
    let method = question["method"].as_str().unwrap();
    let result = match method {
        "eth_getBlockByNumber" => block(chain.newest.load(SeqCst)),
        "eth_getCode" => {
            chain.asked.lock().unwrap().push("code");
            let board = [CLONE[0], implementation().as_slice(), CLONE[1]].concat();
            let is_board = question["params"][0] == json!(BOARD);
            json!(hospital_record::alloy::hex::encode_prefixed(if is_board { board } else { vec![0x60] }))
        }
        "eth_getLogs" => {
            let filter = &question["params"][0];
            let is_of_all = filter.get("address").is_none();
            chain.asked.lock().unwrap().push(if is_of_all { "all" } else { "one" });
            if is_of_all && chain.is_flooded.load(SeqCst) {
                let error = json!({"code": -32005, "message": "query returned more than 10000 results"});
                return json!({"jsonrpc": "2.0", "id": question["id"], "error": error}).to_string();
            }
            logs(filter)
        }
        other => panic!("{other}"),
    };
    json!({"jsonrpc": "2.0", "id": question["id"], "result": result}).to_string()
}

fn block(number: u64) -> Value {
    let (zeros, hash) = (B256::ZERO, B256::from(hospital_record::U256::from(number + 1)));
    json!({
        "number": format!("{number:#x}"), "hash": hash, "parentHash": zeros, "sha3Uncles": zeros,
        "logsBloom": format!("0x{}", "0".repeat(512)), "transactionsRoot": zeros, "stateRoot": zeros,
        "receiptsRoot": zeros, "miner": Address::ZERO, "difficulty": "0x0", "extraData": "0x", "gasLimit": "0x1",
        "gasUsed": "0x0", "timestamp": "0x6b49d200", "nonce": "0x0000000000000000", "mixHash": zeros, "uncles": [],
        "transactions": [],
    })
}

fn logs(filter: &Value) -> Value {
    let number = |name: &str| u64::from_str_radix(&filter[name].as_str().unwrap()[2..], 16).unwrap();
    let (contracts, topic) = match filter.get("address") {
        Some(address) if address.to_string().to_lowercase().contains(&format!("{HOSPITAL:x}")) => {
            (vec![HOSPITAL], B256::ZERO)
        }
        Some(_) => (vec![], B256::ZERO),
        None => (vec![BOARD, IMPOSTOR], CASE_EVENTS[0]),
    };
    let log = |block: u64, index: usize, contract: Address| {
        json!({
            "address": contract, "topics": [topic, ANA.into_word()], "data": "0x", "blockNumber": format!("{block:#x}"),
            "transactionHash": B256::from(hospital_record::U256::from(block)), "transactionIndex": "0x0",
            "blockHash": B256::ZERO, "logIndex": format!("{index:#x}"), "removed": false,
        })
    };
    let blocks = number("fromBlock")..=number("toBlock");
    blocks
        .flat_map(|block| contracts.iter().enumerate().map(move |(index, contract)| (block, index, *contract)))
        .map(|(block, index, contract)| log(block, index, contract))
        .collect()
}

struct Stage {
    chain: Arc<Chain>,
    events: Events,
    watcher: Watcher,
}

impl Stage {
    async fn new() -> Self {
        let chain = Arc::new(Chain { newest: AtomicU64::new(100), ..Chain::default() });
        #[expect(clippy::disallowed_methods, reason = "it is a chain, and not a room")]
        let router = Router::new().route("/", post(answer)).with_state(chain.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let provider = EthereumLedger::connect(&url, EthereumOptions::default()).unwrap();
        let events = Events::new(Listening::new(16, watch::channel(false).1));
        let watcher = Watcher::new(provider, HOSPITAL, events.clone(), FinalBlock::default());
        Self { chain, events, watcher }
    }

    /// The chain grows, and the watcher looks.
    async fn grow(&mut self, blocks: u64) {
        self.chain.newest.fetch_add(blocks, SeqCst);
        self.chain.asked.lock().unwrap().clear();
        self.watcher.look().await.unwrap();
    }

    fn asked(&self, what: &str) -> usize {
        self.chain.asked.lock().unwrap().iter().filter(|asked| **asked == what).count()
    }

    fn end(&self) -> Cursor {
        self.events.window().end()
    }

    /// What a listener gets; `None` if it missed something.
    fn after(&self, cursor: Cursor) -> Option<Vec<(Kind, Address, u64)>> {
        match self.events.window().after(cursor) {
            News::All(notices) => {
                Some(notices.iter().map(|(_, notice)| (notice.kind, notice.account, notice.block)).collect())
            }
            News::Missed => None,
        }
    }
}

fn of(kind: Kind, account: Address, blocks: impl IntoIterator<Item = u64>) -> Vec<(Kind, Address, u64)> {
    blocks.into_iter().map(|block| (kind, account, block)).collect()
}

#[tokio::test]
async fn cases_of_boards_are_told_and_what_others_emit_is_not() {
    let mut stage = Stage::new().await;
    stage.grow(0).await;
    let begin = stage.end();
    assert_eq!(stage.after(begin), Some(vec![]), "what was there before is not told");
    stage.grow(2).await;
    let (mut told, expected) = (stage.after(begin).unwrap(), of(Kind::Case, BOARD, [101, 102]));
    told.retain(|(kind, _, _)| *kind == Kind::Case);
    assert_eq!(told, expected);
    assert_eq!((stage.asked("all"), stage.asked("code")), (1, 0), "one question for all boards; code never changes");
    let end = stage.end();
    stage.grow(1).await;
    assert_eq!(stage.after(end).unwrap().len(), 2, "nothing is told twice");
}

#[tokio::test]
async fn flood_of_board_events_delays_no_journal_and_is_told_as_missed() {
    let mut stage = Stage::new().await;
    stage.grow(0).await;
    let begin = stage.end();
    stage.chain.is_flooded.store(true, SeqCst);
    stage.grow(2).await;
    assert_eq!(stage.after(begin), Some(of(Kind::Journal, ANA, [101, 102])));
    assert!(stage.asked("all") > 1, "it asked for less");
    stage.grow(1).await;
    assert_eq!((stage.asked("all"), stage.asked("one")), (0, 2), "it waits with the boards alone");
    assert_eq!(stage.after(begin), Some(of(Kind::Journal, ANA, [101, 102, 103])));

    stage.chain.is_flooded.store(false, SeqCst);
    stage.watcher.lanes[1].paused_until = None;
    stage.grow(1).await;
    assert_eq!(stage.after(begin), None);
    let end = stage.end();
    stage.grow(1).await;
    let mut told = stage.after(end).unwrap();
    told.sort_by_key(|(_, account, _)| *account);
    assert_eq!(told, [of(Kind::Case, BOARD, [105]), of(Kind::Journal, ANA, [105])].concat());
}

#[tokio::test]
async fn provider_that_lists_no_boards_still_tells_of_journals() {
    let mut stage = Stage::new().await;
    stage.chain.is_flooded.store(true, SeqCst);
    stage.grow(0).await;
    let begin = stage.end();
    stage.grow(3).await;
    assert_eq!(stage.after(begin), Some(of(Kind::Journal, ANA, 101..=103)));
    assert_eq!(stage.asked("all"), 0);
}
