//! Rules for the proxy, by name.

use serde_json::{Value, json};

use crate::{
    anvil::hex_number,
    proxy::{Act, Call, Gate},
};

/// A rule of the proxy.
pub trait Fault: FnMut(&Call) -> Act + Send + 'static {}
impl<F: FnMut(&Call) -> Act + Send + 'static> Fault for F {}

/// Leaves out the logs that `hidden` picks.
pub fn hide_logs(hidden: impl Fn(&Value) -> bool + Clone + Send + 'static) -> impl Fault {
    edit_logs(move |mut logs| {
        logs.retain(|log| !hidden(log));
        logs
    })
}

/// Changes what `eth_getLogs` returns.
pub fn edit_logs(edit: impl FnOnce(Vec<Value>) -> Vec<Value> + Clone + Send + 'static) -> impl Fault {
    on("eth_getLogs", move |_| {
        let edit = edit.clone();
        Act::Edit(Box::new(move |logs| match logs {
            Value::Array(logs) => edit(logs).into(),
            other => other,
        }))
    })
}

/// Answers `eth_call`s of the function with this selector (`0x` and 8 digits), whatever the chain says.
pub fn forge_view(selector: &str, answer: &str) -> impl Fault + use<> {
    let (selector, answer) = (selector.to_owned(), answer.to_owned());
    on("eth_call", move |call| {
        let transaction = &call.params[0];
        let data = transaction["input"].as_str().or_else(|| transaction["data"].as_str()).unwrap_or_default();
        if data.starts_with(&selector) { Act::Answer(json!(answer)) } else { Act::Pass }
    })
}

/// Gives an HTTP status instead of an answer, the first `times` times.
pub fn status(method: &'static str, status: u16, times: usize) -> impl Fault {
    limited(times, on(method, move |_| Act::Status(status)))
}

/// Executes the call, then closes the connection, the first `times` times.
pub fn lose_answers(method: &'static str, times: usize) -> impl Fault {
    limited(times, on(method, |_| Act::LoseAnswer))
}

/// Accepts the call and never answers.
pub fn stall(method: &'static str) -> impl Fault {
    on(method, |_| Act::Stall)
}

/// Keeps the first `times` calls back until the gate opens.
pub fn hold(method: &'static str, gate: &Gate, times: usize) -> impl Fault + use<> {
    let gate = gate.clone();
    limited(times, on(method, move |_| Act::Hold(gate.clone())))
}

/// Takes the transaction and says that it had it already, as a node does that two providers share.
pub fn already_known(times: usize) -> impl Fault {
    let refuse = |_: &Call| Act::RefuseAfter { code: -32000, message: "already known".into() };
    limited(times, on("eth_sendRawTransaction", refuse))
}

/// Some ways in which providers refuse a range of blocks as too long. Anvil has none of them.
pub const LOG_LIMITS: [(u64, i64, &str); 14] = [
    (1_000, -32602, "eth_getLogs is limited to a 1000 blocks range"),
    (1_024, -32000, "block range too large: exceed maximum block range: 1024"),
    (10_000, -32614, "eth_getLogs is limited to a 10,000 range"),
    (100_000, -32602, "query exceeds max block range 100000"),
    (20_000, -32602, "query exceeds max results 20000, retry with the range 0-1000"),
    (10_000, -32602, "range 12000 exceeds limit of 10000"),
    (3_000, -32602, "exceeds the range allowed for your plan (5000 > 3000)"),
    (3_500, -32000, "Maximum allowed number of requested blocks is 3500"),
    (1_000, -32000, "please limit the query to at most 1000 blocks"),
    (10_000, -32000, "query timeout exceeded"),
    (10_000, -32008, "Response is too big"),
    (10_000, -32005, "limit exceeded"),
    (10_000, -32603, "Internal error"),
    (10_000, 1, "in words that nobody has heard before"),
];

/// Refuses `eth_getLogs` over more than `blocks` blocks in these words.
pub fn limit_logs(blocks: u64, code: i64, message: &'static str) -> impl Fault {
    on("eth_getLogs", move |call| {
        let filter = &call.params[0];
        // A filter by block hash has no range.
        if filter.get("fromBlock").is_none_or(Value::is_null) {
            return Act::Pass;
        }
        let span = hex_number(&filter["toBlock"]).saturating_sub(hex_number(&filter["fromBlock"])) + 1;
        if span > blocks { Act::Refuse { code, message: message.into() } } else { Act::Pass }
    })
}

/// Refuses `method` as one that the node does not have.
pub fn lacks(method: &'static str) -> impl Fault {
    on(method, |_| Act::Refuse { code: -32601, message: "the method does not exist".into() })
}

/// Refuses `method` in these words, the first `times` times.
pub fn refuse(method: &'static str, code: i64, message: &'static str, times: usize) -> impl Fault {
    limited(times, on(method, move |_| Act::Refuse { code, message: message.into() }))
}

/// For calls of `method` only.
pub fn on(method: &'static str, mut act: impl FnMut(&Call) -> Act + Send + 'static) -> impl Fault {
    move |call: &Call| if call.method == method { act(call) } else { Act::Pass }
}

/// Lets the fault happen that often.
pub fn limited(times: usize, mut fault: impl Fault) -> impl Fault {
    let mut left = times;
    move |call: &Call| {
        if left == 0 {
            return Act::Pass;
        }
        let act = fault(call);
        left -= usize::from(!matches!(act, Act::Pass));
        act
    }
}
