//! What a provider's error means. Providers agree on few codes, so their words are read too.

use std::time::Duration;

use alloy::{
    primitives::{Bytes, hex},
    transports::{HttpError, RpcError, TransportError, TransportErrorKind},
};
use serde_json::Value;

use super::{
    super::{LedgerError, SubmitError},
    transport::TooLong,
};
use crate::http::one_line;

/// Seen of geth, Erigon, Nethermind, Besu, Anvil and the large hosted providers.
const TOO_MANY_LOGS: [&str; 18] = [
    "block range",
    "ranges over",
    "range exceeds",
    "too many blocks",
    "blocks range",
    "range is too",
    "range too",
    "range limit",
    "max range",
    "maximum range",
    "exceed maximum block",
    "more than 10000 results",
    "query returned more than",
    "too many results",
    "too many logs",
    "max results",
    "response size",
    "limited to",
];
const RATE_LIMITED: [&str; 5] =
    ["rate limit", "too many requests", "compute units", "request limit", "capacity exceeded"];
/// A node that lags behind the others of its provider.
const LAGGING: [&str; 6] = [
    "nonce too high",
    "header not found",
    "unknown block",
    "block not found",
    "block is out of range",
    "cannot be found",
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

/// How long a node is asked again at whose port nothing listens.
const ABSENT: Duration = Duration::from_secs(5);

/// A failed request: what to say, and whether to ask again.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: LedgerError,
    passing: bool,
    /// Nobody is there who could have taken the request.
    absent: bool,
}

impl Failure {
    const fn new(error: LedgerError, passing: bool) -> Self {
        Self { error, passing, absent: false }
    }

    /// Whether to ask again after so long: where nothing listens, a little while, in which a node restarts.
    pub(super) fn is_passing(&self, waited: Duration) -> bool {
        self.passing && (!self.absent || waited < ABSENT)
    }

    pub(super) fn of(error: &TransportError, host: &str) -> Self {
        if let Some(TooLong { most }) = cause(error) {
            return Self::new(LedgerError::TooLong { host: host.into(), most: *most }, false);
        }
        match error {
            RpcError::ErrorResp(payload) => {
                let data = payload.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
                Self::answered(payload.code, &payload.message, data.as_ref(), host)
            }
            RpcError::Transport(TransportErrorKind::HttpError(error)) => Self::http(error, host),
            RpcError::Transport(TransportErrorKind::HttpErrorWithRetryAfter { error, .. }) => Self::http(error, host),
            RpcError::NullResp | RpcError::DeserError { .. } => {
                let reason = "not the JSON that belongs to the request".to_owned();
                Self::new(LedgerError::Malformed { host: host.into(), reason }, false)
            }
            other if is_silence(other) => {
                let (host, after) = (host.into(), Duration::ZERO);
                Self::new(LedgerError::TimedOut { host, after }, true)
            }
            other => {
                let error = LedgerError::Unreachable { host: host.into(), reason: root_of(other) };
                Self { absent: is_refused(other), ..Self::new(error, true) }
            }
        }
    }

    fn answered(code: i64, message: &str, data: Option<&Value>, host: &str) -> Self {
        let host = host.to_owned();
        let words = message.to_lowercase();
        if let Some(revert) = revert_data(code, &words, data) {
            return Self::new(LedgerError::reverted(revert), false);
        }
        let reason = one_line(message);
        let (error, passing) = if contains(&words, &RATE_LIMITED) || code == 429 {
            (LedgerError::RateLimited { host }, true)
        } else if contains(&words, &TOO_MANY_LOGS) {
            (LedgerError::TooManyLogs { host, reason }, false)
        } else {
            let passing = contains(&words, &LAGGING);
            // -32005 is "limit exceeded"; of what, only words say.
            match code {
                -32005 => (LedgerError::TooManyLogs { host, reason }, false),
                _ => (LedgerError::Refused { host, code, reason }, passing),
            }
        };
        Self::new(error, passing)
    }

    fn http(error: &HttpError, host: &str) -> Self {
        if error.status == 429 {
            return Self::new(LedgerError::RateLimited { host: host.to_owned() }, true);
        }
        // Some providers put their JSON-RPC error under a status of its own.
        if let Some((code, message, data)) = told_in(error) {
            let mut failure = Self::answered(code, &message, data.as_ref(), host);
            failure.passing |= is_gateway(error.status);
            return failure;
        }
        let host = host.to_owned();
        let (error, passing) = match error.status {
            413 => (LedgerError::TooManyLogs { host, reason: "HTTP status 413".into() }, false),
            status @ (401 | 403) => {
                let reason = format!("HTTP status {status}: check the key in the RPC URL");
                (LedgerError::Refused { host, code: status.into(), reason }, false)
            }
            status => (LedgerError::Unreachable { host, reason: format!("HTTP status {status}") }, status >= 500),
        };
        Self::new(error, passing)
    }
}

/// What stands between us and the node says that it is not to be had now, whatever words go with it.
fn is_gateway(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// Code, words and data of the JSON-RPC error in an HTTP error's body, where there is one.
fn told_in(error: &HttpError) -> Option<(i64, String, Option<Value>)> {
    let mut body: Value = serde_json::from_str(&error.body).ok()?;
    let inner = body.get_mut("error")?.as_object_mut()?;
    let message = inner.get("message")?.as_str()?.to_owned();
    Some((inner.get("code").and_then(Value::as_i64).unwrap_or_default(), message, inner.remove("data")))
}

/// What an error in answer to a submission says of the transaction. "Known already" is success.
pub(super) fn submission(error: &TransportError, host: &str) -> Result<(), SubmitError> {
    let words = match error {
        RpcError::ErrorResp(payload) => payload.message.to_lowercase(),
        RpcError::Transport(TransportErrorKind::HttpError(error)) if !is_busy(error.status) => match told_in(error) {
            Some((_, message, _)) => message.to_lowercase(),
            None if error.status < 500 => error.body.to_lowercase(),
            None => return Err(SubmitError::Unknown(Failure::http(error, host).error)),
        },
        _ => return Err(SubmitError::Unknown(Failure::of(error, host).error)),
    };
    if contains(&words, &KNOWN) {
        return Ok(());
    }
    Err(if contains(&words, &NONCE_TOO_LOW) {
        SubmitError::NonceTooLow
    } else if contains(&words, &OCCUPIED) {
        SubmitError::Occupied
    } else if contains(&words, &UNFUNDED) {
        SubmitError::Unfunded
    } else if contains(&words, &UNDERPRICED) {
        SubmitError::Underpriced
    } else {
        match Failure::of(error, host) {
            // Nobody looked at the transaction, or not to the end.
            failure if failure.passing => SubmitError::Unknown(failure.error),
            failure => SubmitError::Rejected(failure.error.to_string()),
        }
    })
}

/// Nobody looked at the request, or not to the end.
fn is_busy(status: u16) -> bool {
    status == 429 || is_gateway(status)
}

fn contains(words: &str, any: &[&str]) -> bool {
    any.iter().any(|pattern| words.contains(pattern))
}

/// Revert data wherever a node puts it: `"0x..."`, `"Reverted 0x..."`, or in an object. Code 3 is geth's for a revert.
fn revert_data(code: i64, words: &str, data: Option<&Value>) -> Option<Bytes> {
    if code != 3 && !words.contains("revert") {
        return None;
    }
    Some(data.and_then(hex_in).unwrap_or_default())
}

fn hex_in(value: &Value) -> Option<Bytes> {
    match value {
        Value::String(text) => {
            let start = text.find("0x")?;
            hex::decode(text[start..].split_whitespace().next()?).ok().map(Into::into)
        }
        Value::Object(fields) => fields.values().find_map(hex_in),
        _ => None,
    }
}

/// Whether somebody took the request and said nothing. How long that was waited for, the caller knows.
fn is_silence(error: &TransportError) -> bool {
    cause::<reqwest::Error>(error).is_some_and(|error| error.is_timeout() && !error.is_connect())
}

/// Whether nothing listens there.
fn is_refused(error: &TransportError) -> bool {
    cause::<std::io::Error>(error).is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
}

fn cause<'a, E: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| error.source()).find_map(|error| error.downcast_ref())
}

/// The innermost reason: the outer ones repeat the URL, which may hold a key.
fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    match root.to_string() {
        text if text.contains("://") => "the connection failed".into(),
        text => one_line(&text),
    }
}

#[cfg(test)]
mod tests;
