//! Decodes a provider's error: which error to return, and whether to retry.

use std::{io, time::Duration};

use alloy::{
    primitives::{Bytes, hex},
    transports::{HttpError, RpcError, TransportError, TransportErrorKind},
};
use serde_json::Value;

use crate::{
    ledger::{
        error::{LedgerError, SubmitError},
        ethereum::{
            answer::words::Verdict,
            transport::{NotRpc, TooLong},
        },
    },
    platform::http::{NoTls, cause, causes, io_cause, is_connect, is_wrong_certificate, one_line},
};

mod words;

/// How long to retry a node that answered before: it may be restarting.
const RESTART: Duration = Duration::from_secs(5);
/// How long to retry a node that never answered: the address may be wrong.
const FIRST: Duration = Duration::from_secs(1);

/// The kinds of requests that a refusal can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    /// Any other request.
    Plain,
    /// A block by a tag that not every node supports: a refusal means that it is not supported.
    Tag,
    /// One block that another node of the provider has returned.
    Block,
    /// A range of several blocks, which can be shortened.
    Range,
}

/// Whether to retry a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Never,
    /// Retry for a moment.
    Briefly,
    /// Retry until the deadline, if this address ever answered.
    WhereItAnswered,
    Always,
}

/// A failed request: its error, and whether to retry.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) error: LedgerError,
    again: Again,
}

impl Failure {
    const fn new(error: LedgerError, again: Again) -> Self {
        Self { error, again }
    }

    /// How long after the first failure to retry, for a node that `answered` before or not.
    pub(super) fn patience(&self, answered: bool) -> Duration {
        match self.again {
            Again::Never => Duration::ZERO,
            Again::Briefly | Again::WhereItAnswered if !answered => FIRST,
            Again::Briefly => RESTART,
            Again::WhereItAnswered | Again::Always => Duration::MAX,
        }
    }

    pub(super) fn of(error: &TransportError, host: &str, question: Question) -> Self {
        let unreachable = |reason| LedgerError::Unreachable { host: host.into(), reason, source: io_cause(error) };
        if let Some(TooLong { most }) = cause(error) {
            return Self::new(too_long(host, *most, question), Again::Never);
        }
        if let Some(no_tls) = cause::<NoTls>(error) {
            return Self::new(unreachable(no_tls.to_string()), Again::Never);
        }
        if let Some(not_rpc) = cause::<NotRpc>(error) {
            return Self::new(unreachable(not_rpc.to_string()), Again::Briefly);
        }
        match error {
            RpcError::ErrorResp(payload) => {
                let data = payload.data.as_ref().and_then(|data| serde_json::from_str(data.get()).ok());
                Self::answered(payload.code, &payload.message, data.as_ref(), host, question)
            }
            RpcError::Transport(
                TransportErrorKind::HttpError(error) | TransportErrorKind::HttpErrorWithRetryAfter { error, .. },
            ) => Self::http(error, host, question),
            RpcError::NullResp | RpcError::DeserError { .. } => {
                let reason = "not what belongs to the request".to_owned();
                Self::new(LedgerError::Malformed { host: host.into(), reason }, Again::Never)
            }
            other if is_unanswered(other) => {
                let (host, after) = (host.into(), Duration::ZERO);
                Self::new(LedgerError::TimedOut { host, after }, Again::Always)
            }
            other => Self::new(unreachable(causes(other)), connecting_again(other)),
        }
    }

    fn answered(code: i64, message: &str, data: Option<&Value>, host: &str, question: Question) -> Self {
        let words = message.to_lowercase();
        if let Some(revert) = revert_data(code, &words, data) {
            return Self::new(LedgerError::reverted(revert), Again::Never);
        }
        let (host, reason) = (host.to_owned(), one_line(message));
        if words::is_rate(code, &words, question == Question::Range) {
            return Self::new(LedgerError::RateLimited { host }, Again::Always);
        }
        let again = match question {
            _ if words::is_not_allowed(code, &words) || code == words::NO_METHOD => Again::Never,
            Question::Tag => Again::Never,
            _ if words::is_lagging(&words) => Again::Always,
            Question::Range => return Self::new(LedgerError::TooManyLogs { host, reason }, Again::Never),
            _ if code == words::LIMIT => Again::Always,
            Question::Block => Again::Briefly,
            Question::Plain if words::is_upset(code) => Again::Briefly,
            Question::Plain => Again::Never,
        };
        Self::new(LedgerError::Refused { host, code, reason }, again)
    }

    fn http(error: &HttpError, host: &str, question: Question) -> Self {
        if error.status == 429 {
            return Self::new(LedgerError::RateLimited { host: host.to_owned() }, Again::Always);
        }
        // Some providers send a JSON-RPC error with an HTTP error status.
        if let Some((code, message, data)) = json_rpc_error_in(error) {
            let code = if is_locked(error.status) { error.status.into() } else { code };
            let mut failure = Self::answered(code, &message, data.as_ref(), host, question);
            if is_gateway(error.status) {
                failure.again = Again::Always;
            }
            return failure;
        }
        let (host, status) = (host.to_owned(), error.status);
        match status {
            413 => Self::new(too_large(host, question), Again::Never),
            status if is_locked(status) => {
                let reason = format!("HTTP status {status}: check the key in the RPC URL");
                Self::new(LedgerError::Refused { host, code: status.into(), reason }, Again::Never)
            }
            500.. => {
                let reason = format!("HTTP status {status}");
                Self::new(LedgerError::Unreachable { host, reason, source: None }, Again::Always)
            }
            _ => {
                let reason = format!("HTTP status {status}, as no RPC node answers");
                Self::new(LedgerError::Unreachable { host, reason, source: None }, Again::Never)
            }
        }
    }
}

/// The answer about a shorter range is shorter.
fn too_long(host: &str, most: usize, question: Question) -> LedgerError {
    let host = host.to_owned();
    match question {
        Question::Range => LedgerError::TooManyLogs { host, reason: format!("its answer is longer than {most} bytes") },
        _ => LedgerError::TooLong { host, most },
    }
}

fn too_large(host: String, question: Question) -> LedgerError {
    let (code, reason) = (413, "HTTP status 413".to_owned());
    match question {
        Question::Range => LedgerError::TooManyLogs { host, reason },
        _ => LedgerError::Refused { host, code, reason },
    }
}

/// Whether the key in the URL is missing, wrong or not paid for.
fn is_locked(status: u16) -> bool {
    matches!(status, 401..=403)
}

/// Whether a proxy or gateway reports that the node is temporarily unavailable.
fn is_gateway(status: u16) -> bool {
    matches!(status, 502..=504)
}

/// Code, message and data of the JSON-RPC error in an HTTP error's body, if there is one.
fn json_rpc_error_in(error: &HttpError) -> Option<(i64, String, Option<Value>)> {
    let mut body: Value = serde_json::from_str(&error.body).ok()?;
    let inner = body.get_mut("error")?.as_object_mut()?;
    let message = inner.get("message")?.as_str()?.to_owned();
    Some((inner.get("code").and_then(Value::as_i64).unwrap_or_default(), message, inner.remove("data")))
}

/// Decodes an error in answer to a submission. "Already known" is a success.
pub(super) fn submission(error: &TransportError, host: &str) -> Result<(), SubmitError> {
    let words = match error {
        RpcError::ErrorResp(payload) => payload.message.to_lowercase(),
        RpcError::Transport(TransportErrorKind::HttpError(error)) if !is_busy(error.status) => {
            match json_rpc_error_in(error) {
                Some((_, message, _)) => message.to_lowercase(),
                None if error.status < 500 => error.body.to_lowercase(),
                None => return Err(SubmitError::Unknown(Failure::http(error, host, Question::Plain).error)),
            }
        }
        _ => return Err(SubmitError::Unknown(Failure::of(error, host, Question::Plain).error)),
    };
    match words::verdict(&words) {
        Verdict::Known => Ok(()),
        Verdict::NonceTooLow => Err(SubmitError::NonceTooLow),
        Verdict::Occupied => Err(SubmitError::Occupied),
        Verdict::Unfunded => Err(SubmitError::Unfunded),
        Verdict::Underpriced => Err(SubmitError::Underpriced),
        Verdict::Other => Err(match Failure::of(error, host, Question::Plain) {
            // The node did not process the transaction, or not completely.
            failure if failure.again == Again::Always => SubmitError::Unknown(failure.error),
            failure => SubmitError::Rejected(failure.error.to_string()),
        }),
    }
}

/// Whether the node did not process the request, or not completely.
fn is_busy(status: u16) -> bool {
    status == 429 || is_gateway(status)
}

/// Finds the revert data, which nodes return as `"0x..."`, as `"Reverted 0x..."`, or in an object. Geth's code for a
/// revert is 3.
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

/// Whether the connection was made but no answer came. The caller knows how long it waited.
fn is_unanswered(error: &TransportError) -> bool {
    cause::<reqwest::Error>(error).is_some_and(|error| error.is_timeout() && !is_connect(error))
}

/// Retry policy for connection errors. A closed port or a wrong certificate may be permanent; a failed name lookup or a
/// lost network is often temporary.
fn connecting_again(error: &TransportError) -> Again {
    let is_refused = cause::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
    match is_refused || is_wrong_certificate(error) {
        true => Again::Briefly,
        false if cause::<reqwest::Error>(error).is_some_and(is_connect) => Again::WhereItAnswered,
        false => Again::Always,
    }
}

#[cfg(test)]
mod tests;
