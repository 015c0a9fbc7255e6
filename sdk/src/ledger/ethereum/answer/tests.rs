#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn payload(code: i64, message: &str, data: Option<Value>) -> TransportError {
    let payload = json!({ "code": code, "message": message, "data": data });
    RpcError::ErrorResp(serde_json::from_str(&payload.to_string()).unwrap())
}

#[test]
fn every_wording_of_too_many_logs_is_understood() {
    for (code, words) in [
        (-32600, "You can make eth_getLogs requests with up to a 10 block range. Based on your parameters"),
        (-32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range"),
        (-32005, "query returned more than 10000 results"),
        (-32000, "query returned more than 20000 results. Try with this block range"),
        (-32614, "eth_getLogs is limited to a 10,000 range"),
        (-32000, "block range is too wide"),
        (-32000, "exceed maximum block range: 50000"),
        (35, "ranges over 10000 blocks are not supported on freetier"),
        (
            -32701,
            "Please specify an address in your request or, to remove restrictions, order a dedicated full node: block range extends limit",
        ),
        (-32000, "requested too many blocks from 0 to 16777216, maximum is set to 2048"),
        (-32005, "limit exceeded"),
        (-32602, "invalid params: range exceeds 1000 blocks"),
        (-32000, "too many results in response"),
    ] {
        let failure = Failure::of(&payload(code, words, None), "host");
        assert!(matches!(failure.error, LedgerError::TooManyLogs { .. }), "{words}: {:?}", failure.error);
    }
}

#[test]
fn what_has_to_wait_is_asked_again() {
    for (code, words) in [
        (-32005, "daily request count exceeded, request rate limited"),
        (429, "Your app has exceeded its compute units per second capacity"),
        (-32000, "header not found"),
        (-32001, "Unknown block"),
    ] {
        assert!(Failure::of(&payload(code, words, None), "host").is_passing(Duration::ZERO), "{words}");
    }
    assert!(!Failure::of(&payload(-32601, "the method does not exist", None), "host").is_passing(Duration::ZERO));
}

#[test]
fn revert_data_is_found_wherever_a_node_puts_it() {
    let reverted = LedgerError::Reverted(Bytes::from_static(&[0xab, 0xcd]));
    for (code, words, data) in [
        (3, "execution reverted", json!("0xabcd")),
        (-32015, "VM execution error: revert", json!("Reverted 0xabcd")),
        (-32000, "VM Exception while processing transaction: revert", json!({ "0x12": "x", "data": "0xabcd" })),
        (-32603, "execution reverted: error", json!({ "originalError": { "code": 3, "data": "0xabcd" } })),
    ] {
        let error = payload(code, words, Some(data));
        assert_eq!(Failure::of(&error, "host").error, reverted, "{error}");
    }
    let empty = Failure::of(&payload(3, "execution reverted", None), "host").error;
    assert_eq!(empty, LedgerError::Reverted(Bytes::new()));
}

#[test]
fn submissions_are_understood_in_the_words_of_every_node() {
    let outcome = |words: &str| submission(&payload(-32000, words, None), "host");
    for words in ["already known", "transaction already imported", "AlreadyKnown", "known transaction: 0x12"] {
        assert_eq!(outcome(words), Ok(()), "{words}");
    }
    for words in ["nonce too low: next nonce 5, tx nonce 3", "OldNonce", "nonce too low"] {
        assert_eq!(outcome(words), Err(SubmitError::NonceTooLow), "{words}");
    }
    for words in ["replacement transaction underpriced", "ReplacementNotAllowed"] {
        assert_eq!(outcome(words), Err(SubmitError::Occupied), "{words}");
    }
    for words in ["transaction underpriced: tip needed 1", "FeeTooLow", "max fee per gas less than block base fee"] {
        assert_eq!(outcome(words), Err(SubmitError::Underpriced), "{words}");
    }
    for words in ["insufficient funds for gas * price + value: balance 0", "Insufficient funds for gas * price + value"]
    {
        assert_eq!(outcome(words), Err(SubmitError::Unfunded), "{words}");
    }
    assert!(matches!(outcome("exceeds block gas limit"), Err(SubmitError::Rejected(_))));
    assert!(matches!(outcome("rate limit reached"), Err(SubmitError::Unknown(_))));
}
