//! The methods that are forwarded, and which parameters of each.

use std::sync::{Mutex, PoisonError};

use hospital_record::{
    Address,
    ledger::{ContractKind, EthereumLedger, Ledger, is_board},
};
use serde_json::{Map, Value};

use crate::chain::{Problem, unanswered};

/// The most blocks that one question about events may span. Clients halve a range that is refused.
const MOST_BLOCKS: u64 = 10_000;
/// The most contracts that it may name.
const MOST_CONTRACTS: usize = 8;
/// The most gas that a call may ask for: more than any act of the contracts needs.
const MOST_GAS: u64 = 30_000_000;

/// The block after which the answer never changes; `None` if it always may.
type Checked = Result<Option<u64>, &'static str>;

/// A method that is forwarded.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) method: &'static str,
    pub(super) check: fn(&[Value]) -> Checked,
}

const fn rule(method: &'static str, check: fn(&[Value]) -> Checked) -> Rule {
    Rule { method, check }
}

const RULES: [Rule; 14] = [
    rule("eth_chainId", chain),
    rule("eth_blockNumber", nothing),
    rule("eth_gasPrice", nothing),
    rule("eth_maxPriorityFeePerGas", nothing),
    rule("eth_feeHistory", fees),
    rule("eth_getBlockByNumber", block),
    rule("eth_getBalance", account),
    rule("eth_getCode", account),
    rule("eth_getTransactionCount", account),
    rule("eth_call", call),
    rule("eth_estimateGas", call),
    rule("eth_getLogs", events),
    rule("eth_getTransactionByHash", hash),
    rule("eth_getTransactionReceipt", hash),
];

pub(super) fn find(method: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.method == method)
}

fn nothing(params: &[Value]) -> Checked {
    if params.is_empty() { Ok(None) } else { Err("this method has no parameters") }
}

fn chain(params: &[Value]) -> Checked {
    nothing(params).map(|_| Some(0))
}

fn fees(params: &[Value]) -> Checked {
    let [blocks, tag, percentiles] = params else { return Err("give blocks, the newest block and percentiles") };
    let few = number(blocks).is_some_and(|blocks| blocks <= 100);
    let percentiles = percentiles.as_array().is_some_and(|all| all.len() <= 10 && all.iter().all(Value::is_number));
    match few && is_tag(tag) && percentiles {
        true => Ok(None),
        false => Err("give at most 100 blocks and 10 percentiles"),
    }
}

fn block(params: &[Value]) -> Checked {
    match params {
        [tag, Value::Bool(false)] if is_tag(tag) => Ok(number(tag)),
        [_, Value::Bool(true)] => Err("blocks are given without their transactions: pass false"),
        _ => Err("give a block and false"),
    }
}

fn account(params: &[Value]) -> Checked {
    match params {
        [account] if is_hex(account, 20) => Ok(None),
        [account, tag] if is_hex(account, 20) && is_tag(tag) => Ok(None),
        _ => Err("give an account of 20 bytes in hex, and a block"),
    }
}

fn hash(params: &[Value]) -> Checked {
    match params {
        [hash] if is_hex(hash, 32) => Ok(None),
        _ => Err("give a hash of 32 bytes in hex"),
    }
}

/// State overrides, the third parameter of some providers, are not forwarded.
fn call(params: &[Value]) -> Checked {
    let (Some(Value::Object(call)), tag) = (params.first(), params.get(1)) else { return Err("give a call") };
    if params.len() > 2 || !tag.is_none_or(is_tag) {
        return Err("give a call and a block, and nothing else");
    }
    let known = [
        "from",
        "to",
        "input",
        "data",
        "gas",
        "value",
        "chainId",
        "type",
        "nonce",
        "gasPrice",
        "maxFeePerGas",
        "maxPriorityFeePerGas",
    ];
    if !call.keys().all(|key| known.contains(&key.as_str())) {
        return Err("the call has a field that is not forwarded");
    }
    if !call.get("to").is_some_and(|to| is_hex(to, 20)) {
        return Err("the call names no account to call");
    }
    match call.get("gas").is_none_or(|gas| number(gas).is_some_and(|gas| gas <= MOST_GAS)) {
        true => Ok(tag.and_then(number)),
        false => Err("the call asks for more than 30,000,000 gas"),
    }
}

fn events(params: &[Value]) -> Checked {
    let [Value::Object(filter)] = params else { return Err("give one filter") };
    if !filter.keys().all(|key| ["address", "fromBlock", "toBlock", "topics", "blockHash"].contains(&key.as_str())) {
        return Err("the filter has a field that is not forwarded");
    }
    if !names_contracts(filter) {
        return Err("the filter must name one to eight contracts");
    }
    if filter.get("topics").is_some_and(|topics| topics.as_array().is_none_or(|topics| topics.len() > 4)) {
        return Err("a filter has up to four topics");
    }
    let [from, to, hash] = ["fromBlock", "toBlock", "blockHash"].map(|key| filter.get(key));
    if let (None, None, Some(hash)) = (from, to, hash) {
        return if is_hex(hash, 32) { Ok(None) } else { Err("a block's hash has 32 bytes in hex") };
    }
    // Never kept: a node of the provider that is behind may leave events out.
    match (from.and_then(number), to.and_then(number), hash) {
        (Some(from), Some(to), None) if from <= to && to - from < MOST_BLOCKS => Ok(None),
        (Some(from), Some(to), None) if from <= to => Err("the range exceeds the limit of 10000 blocks"),
        _ => Err("the filter must name its first and its last block by number"),
    }
}

fn names_contracts(filter: &Map<String, Value>) -> bool {
    match filter.get("address") {
        Some(Value::Array(all)) => (1..=MOST_CONTRACTS).contains(&all.len()) && all.iter().all(|one| is_hex(one, 20)),
        Some(one) => is_hex(one, 20),
        None => false,
    }
}

/// The contracts whose events are asked for through this node.
pub(super) struct Served {
    fixed: Vec<Address>,
    /// Accounts whose code is a board's; code never changes.
    boards: Mutex<Vec<Address>>,
}

/// Boards in memory. With more, some are asked for again.
const MOST_BOARDS: usize = 1_000;

impl Served {
    pub(super) fn new(hospital: Address) -> Self {
        let beside = ContractKind::BESIDE.iter().map(|(_, address)| *address);
        Self { fixed: beside.chain([hospital]).collect(), boards: Mutex::default() }
    }

    /// Refuses events of other contracts: the node is no free RPC for everything on the chain.
    pub(super) async fn check(&self, rule: &Rule, params: &[Value], chain: &EthereumLedger) -> Result<(), Problem> {
        if rule.method != "eth_getLogs" {
            return Ok(());
        }
        let named = params.first().and_then(|filter| filter.get("address"));
        let named = named.map_or(&[][..], |one| one.as_array().map_or(std::slice::from_ref(one), Vec::as_slice));
        for address in named.iter().filter_map(|one| one.as_str()?.parse().ok()) {
            if !self.fixed.contains(&address) && !self.is_board(address, chain).await? {
                return Err(Problem::Parameters("this node forwards events of its contracts and of boards alone"));
            }
        }
        Ok(())
    }

    async fn is_board(&self, address: Address, chain: &EthereumLedger) -> Result<bool, Problem> {
        if self.boards.lock().unwrap_or_else(PoisonError::into_inner).contains(&address) {
            return Ok(true);
        }
        let is_one = is_board(&chain.code(address).await.map_err(|error| unanswered(&error))?);
        if is_one {
            let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
            boards.truncate(MOST_BOARDS - 1);
            boards.insert(0, address);
        }
        Ok(is_one)
    }
}

fn number(value: &Value) -> Option<u64> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    u64::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

fn is_tag(value: &Value) -> bool {
    let named = ["latest", "finalized", "safe", "pending", "earliest"];
    number(value).is_some() || value.as_str().is_some_and(|tag| named.contains(&tag))
}

fn is_hex(value: &Value, bytes: usize) -> bool {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    digits.is_some_and(|digits| digits.len() == 2 * bytes && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(method: &str, params: Value) -> Checked {
        let rule = find(method).ok_or("no such method")?;
        (rule.check)(params.as_array().unwrap())
    }

    const CONTRACT: &str = "0x1111111111111111111111111111111111111111";

    #[test]
    fn only_questions_are_forwarded() {
        for method in [
            "eth_sendRawTransaction",
            "eth_sendTransaction",
            "eth_sign",
            "eth_accounts",
            "eth_newFilter",
            "eth_subscribe",
            "eth_getProof",
            "eth_getStorageAt",
            "debug_traceCall",
            "trace_block",
            "admin_peers",
            "personal_unlockAccount",
            "anvil_setBalance",
            "evm_mine",
            "hardhat_reset",
            "txpool_content",
            "web3_clientVersion",
            "net_peerCount",
            "ETH_CALL",
            "eth_call ",
            "",
            "eth_createAccessList",
        ] {
            assert!(find(method).is_none(), "{method}");
        }
    }

    #[test]
    fn parameters_are_bounded() {
        let filter = |from: &str, to: &str| json!([{"address": CONTRACT, "fromBlock": from, "toBlock": to}]);
        for (method, params, final_by) in [
            ("eth_chainId", json!([]), Some(0)),
            ("eth_getBlockByNumber", json!(["0x10", false]), Some(16)),
            ("eth_getBlockByNumber", json!(["latest", false]), None),
            ("eth_call", json!([{"to": CONTRACT, "input": "0x00"}, "0x10"]), Some(16)),
            ("eth_call", json!([{"to": CONTRACT, "input": "0x00"}, "latest"]), None),
            ("eth_call", json!([{"to": CONTRACT}]), None),
            ("eth_getLogs", filter("0x0", "0x270f"), None),
            ("eth_getCode", json!([CONTRACT, "latest"]), None),
        ] {
            assert_eq!(check(method, params.clone()), Ok(final_by), "{method} {params}");
        }
        for (method, params) in [
            ("eth_chainId", json!([1])),
            ("eth_getBlockByNumber", json!(["latest", true])),
            ("eth_getBlockByNumber", json!([16, false])),
            ("eth_getBlockByNumber", json!(["0x+1", false])),
            ("eth_call", json!([{"input": "0x00"}, "latest"])),
            ("eth_call", json!([{"to": CONTRACT}, "latest", {}])),
            ("eth_call", json!([{"to": CONTRACT, "accessList": []}, "latest"])),
            ("eth_call", json!([{"to": CONTRACT, "gas": "0x1c9c381"}, "latest"])),
            ("eth_call", json!([{"to": CONTRACT}, {"blockHash": "0x00"}])),
            ("eth_getLogs", filter("0x0", "0x2710")),
            ("eth_getLogs", filter("0x2", "0x1")),
            ("eth_getLogs", filter("earliest", "latest")),
            ("eth_getLogs", json!([{"fromBlock": "0x0", "toBlock": "0x1"}])),
            ("eth_getLogs", json!([{"address": [], "fromBlock": "0x0", "toBlock": "0x1"}])),
            ("eth_getLogs", json!([{"address": vec![CONTRACT; 9], "fromBlock": "0x0", "toBlock": "0x1"}])),
            ("eth_getLogs", json!([{"address": CONTRACT}])),
            (
                "eth_getLogs",
                json!([{"address": CONTRACT, "fromBlock": "0x0", "toBlock": "0x1", "topics": [1, 2, 3, 4, 5]}]),
            ),
            (
                "eth_getLogs",
                json!([{"address": CONTRACT, "fromBlock": "earliest", "toBlock": "latest", "blockHash": format!("0x{}", "11".repeat(32))}]),
            ),
            ("eth_feeHistory", json!(["0x65", "latest", []])),
            ("eth_getBalance", json!(["0x11", "latest"])),
            ("eth_getTransactionReceipt", json!(["0x11"])),
            ("eth_getTransactionReceipt", json!([])),
        ] {
            assert!(check(method, params.clone()).is_err(), "{method} {params}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_parameters_are_checked_without_a_panic(text in "[\\[\\]{}\",:a-z0-9x]{0,64}", method in 0..RULES.len()) {
            if let Ok(params) = serde_json::from_str::<Vec<Value>>(&text) {
                let _ = (RULES[method].check)(&params);
            }
        }
    }
}
