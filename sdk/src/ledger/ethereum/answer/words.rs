//! The meaning of providers' messages. Providers agree on few codes.
//!
//! No list here is complete. So an unknown message gets the harmless meaning: a range of blocks is shortened, and a
//! request about a block is retried for a moment.

/// JSON-RPC: the method does not exist.
pub(super) const NO_METHOD: i64 = -32601;
/// "Limit exceeded" (EIP-1474). Only the message says which limit.
pub(super) const LIMIT: i64 = -32005;

const RATE: [&str; 16] = [
    "rate limit",
    "rate-limit",
    "ratelimit",
    "request rate",
    "rate exceeded",
    "too many requests",
    "requests per",
    "request count",
    "request limit",
    "compute units",
    "capacity",
    "throttle",
    "throughput",
    "quota",
    "credits",
    "slow down",
];
const NOT_ALLOWED: [&str; 10] = [
    "unauthorized",
    "unauthorised",
    "not authorized",
    "authenticat",
    "forbidden",
    "api key",
    "apikey",
    "api-key",
    "access denied",
    "permission denied",
];
/// Messages of a node that lags behind the other nodes of its provider.
const LAGGING: [&str; 13] = [
    "nonce too high",
    "header not found",
    "header for hash not found",
    "unknown block",
    "unknown header",
    "block not found",
    "block is out of range",
    "cannot be found",
    "could not be found",
    "beyond current head",
    "beyond the head",
    "future block",
    "not yet available",
];
const KNOWN: [&str; 6] =
    ["alreadyknown", "already known", "already in mempool", "already imported", "known transaction", "already exists"];
const NONCE_TOO_LOW: [&str; 4] = ["nonce too low", "nonce is too low", "oldnonce", "invalid transaction nonce"];
const OCCUPIED: [&str; 3] = ["replacement transaction underpriced", "replacement fee too low", "replacementnotallowed"];
const UNDERPRICED: [&str; 6] = [
    "underpriced",
    "feetoolow",
    "fee too low",
    "max fee per gas less than block base fee",
    "lower than the minimum",
    "gas price below",
];
const UNFUNDED: [&str; 4] = ["insufficient funds", "insufficient balance", "insufficientfunds", "not enough funds"];

fn contains(words: &str, any: &[&str]) -> bool {
    any.iter().any(|pattern| words.contains(pattern))
}

/// Whether the message is about a rate limit. With `range`, a message about a range of blocks is not.
pub(super) fn is_rate(code: i64, words: &str, range: bool) -> bool {
    code == 429 || (contains(words, &RATE) && !(range && contains(words, &["range", "blocks"])))
}

pub(super) fn is_not_allowed(code: i64, words: &str) -> bool {
    matches!(code, 401..=403) || contains(words, &NOT_ALLOWED)
}

pub(super) fn is_lagging(words: &str) -> bool {
    contains(words, &LAGGING)
}

/// Whether the node itself failed or is overloaded (-32603 and -32002).
pub(super) fn is_upset(code: i64) -> bool {
    matches!(code, -32603 | -32002)
}

/// A node's verdict on a submitted transaction.
pub(super) enum Verdict {
    Known,
    NonceTooLow,
    Occupied,
    Unfunded,
    Underpriced,
    Other,
}

pub(super) fn verdict(words: &str) -> Verdict {
    match words {
        words if contains(words, &KNOWN) => Verdict::Known,
        words if contains(words, &NONCE_TOO_LOW) => Verdict::NonceTooLow,
        words if contains(words, &OCCUPIED) => Verdict::Occupied,
        words if contains(words, &UNFUNDED) => Verdict::Unfunded,
        words if contains(words, &UNDERPRICED) => Verdict::Underpriced,
        _ => Verdict::Other,
    }
}
