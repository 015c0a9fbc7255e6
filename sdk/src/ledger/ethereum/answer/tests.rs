#![allow(clippy::unwrap_used)]

use serde_json::json;

use crate::ledger::ethereum::answer::*;

fn payload(code: i64, message: &str, data: Option<Value>) -> TransportError {
    let payload = json!({ "code": code, "message": message, "data": data });
    RpcError::ErrorResp(serde_json::from_str(&payload.to_string()).unwrap())
}

fn status(status: u16, body: &str) -> TransportError {
    TransportErrorKind::http_error(status, body.to_owned())
}

fn of(error: &TransportError, question: Question) -> Failure {
    Failure::of(error, "host", question)
}

/// Messages of geth, Erigon, Nethermind, Besu and hosted providers.
const LIMITS: [(i64, &str); 24] = [
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
    (-32602, "range 12000 exceeds limit of 10000"),
    (-32602, "exceeds the range allowed for your plan (5000 > 3000)"),
    (-32000, "Maximum allowed number of requested blocks is 3500"),
    (-32000, "please limit the query to at most 1000 blocks"),
    (-32000, "query timeout exceeded"),
    (-32008, "Response is too big"),
    (-32000, "upgrade to query more than 500 blocks: request limit of your plan"),
    (-32002, "request timed out"),
    (-32603, "Internal error"),
    (-32000, "logs matched by query exceeds limit of 10000"),
    (1, "in words that nobody has heard before"),
];

#[test]
fn every_refusal_of_a_range_leads_to_a_shorter_range() {
    for (code, words) in LIMITS {
        let failure = of(&payload(code, words, None), Question::Range);
        assert!(matches!(failure.error, LedgerError::TooManyLogs { .. }), "{words}: {:?}", failure.error);
        for question in [Question::Plain, Question::Tag, Question::Block] {
            let failure = of(&payload(code, words, None), question);
            assert!(!matches!(failure.error, LedgerError::TooManyLogs { .. }), "{question:?} {words}");
        }
    }
    for error in [status(413, ""), TransportErrorKind::custom(TooLong { most: 1 })] {
        assert!(matches!(of(&error, Question::Range).error, LedgerError::TooManyLogs { .. }), "{error}");
    }
}

#[test]
fn errors_about_rate_or_authorisation_do_not_shorten_the_range() {
    for (code, words) in [
        (-32005, "daily request count exceeded, request rate limited"),
        (-32005, "project ID request rate exceeded"),
        (429, "Your app has exceeded its compute units per second capacity"),
        (-32029, "Too Many Requests"),
        (-32000, "monthly quota reached"),
        (-32007, "50/second request limit reached"),
        (-32003, "you ran out of credits"),
        (-32097, "Rate limit exceeded"),
    ] {
        for question in [Question::Range, Question::Plain, Question::Block, Question::Tag] {
            let failure = of(&payload(code, words, None), question);
            assert!(matches!(failure.error, LedgerError::RateLimited { .. }), "{question:?} {words}");
            assert_eq!(failure.patience(true), Duration::MAX, "{words}");
        }
    }
    for error in [
        payload(-32000, "Unauthorized", None),
        payload(-32001, "invalid API key", None),
        payload(-32052, "API key is not allowed to access method", None),
        payload(-32601, "the method eth_getLogs does not exist", None),
        status(401, "Must be authenticated!"),
        status(402, r#"{"error":{"code":-32000,"message":"your plan has ended"}}"#),
        status(403, r#"{"error":{"code":-32000,"message":"origin is not in the list"}}"#),
    ] {
        for question in [Question::Range, Question::Plain, Question::Block] {
            let failure = of(&error, question);
            assert!(matches!(failure.error, LedgerError::Refused { .. }), "{question:?}: {:?}", failure.error);
            assert_eq!(failure.patience(true), Duration::ZERO, "{error}");
        }
    }
}

#[test]
fn lagging_node_is_retried_until_the_deadline() {
    for (code, words) in [
        (-32000, "header not found"),
        (-32001, "Unknown block"),
        (-39001, "Unknown block"),
        (-32000, "block range extends beyond current head block"),
        (-32602, "block not found: 0x12"),
        (-32000, "header for hash not found"),
        (-32000, "cannot query future block"),
    ] {
        for question in [Question::Plain, Question::Block, Question::Range] {
            let failure = of(&payload(code, words, None), question);
            assert!(matches!(failure.error, LedgerError::Refused { .. }), "{words}");
            assert_eq!(failure.patience(true), Duration::MAX, "{question:?} {words}");
        }
        // A node without this tag uses the same messages.
        assert_eq!(of(&payload(code, words, None), Question::Tag).patience(true), Duration::ZERO, "{words}");
    }
    // An unknown message is retried for a moment, if the request names a block that another node has returned.
    let unheard = payload(-32000, "it is not here", None);
    assert_eq!(of(&unheard, Question::Block).patience(true), RESTART);
    assert_eq!(of(&unheard, Question::Plain).patience(true), Duration::ZERO);
}

#[test]
fn limit_on_other_requests_than_events_is_waited_out() {
    for question in [Question::Plain, Question::Block] {
        let failure = of(&payload(-32005, "limit exceeded", None), question);
        assert!(matches!(failure.error, LedgerError::Refused { .. }), "{:?}", failure.error);
        assert_eq!(failure.patience(true), Duration::MAX);
    }
    assert_eq!(of(&payload(-32601, "the method does not exist", None), Question::Plain).patience(true), Duration::ZERO);
}

#[test]
fn revert_data_is_found_in_the_form_of_every_node() {
    let reverted = LedgerError::Reverted(Bytes::from_static(&[0xab, 0xcd]));
    for (code, words, data) in [
        (3, "execution reverted", json!("0xabcd")),
        (-32015, "VM execution error: revert", json!("Reverted 0xabcd")),
        (-32000, "VM Exception while processing transaction: revert", json!({ "0x12": "x", "data": "0xabcd" })),
        (-32603, "execution reverted: error", json!({ "originalError": { "code": 3, "data": "0xabcd" } })),
    ] {
        let error = payload(code, words, Some(data));
        assert_eq!(of(&error, Question::Block).error, reverted, "{error}");
    }
    let empty = of(&payload(3, "execution reverted", None), Question::Plain).error;
    assert_eq!(empty, LedgerError::Reverted(Bytes::new()));
}

#[test]
fn answers_to_submissions_are_understood_from_every_node() {
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
    let limited = submission(&payload(-32005, "limit exceeded", None), "host");
    assert!(matches!(limited, Err(SubmitError::Unknown(_))), "{limited:?}");
    // The node itself has not answered, whatever the message.
    for code in [429, 502, 503, 504] {
        let busy = submission(&status(code, r#"{"error":{"code":-32000,"message":"nonce too low"}}"#), "host");
        assert!(matches!(busy, Err(SubmitError::Unknown(_))), "{code}: {busy:?}");
    }
}
