//! Errors of stores, with what to do about them.

use std::{error::Error, time::Duration};

use cid::Cid;
use url::Url;

use crate::{base::error::reason::Cause, platform::http};

/// The error of a store. No text contains a password or token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL or one of the options is invalid.
    #[error("the store {url} cannot be used: {reason}")]
    Url {
        /// The URL, without secrets.
        url: String,
        /// What to change.
        reason: String,
    },
    /// The store does not have the block.
    #[error("block {cid} is not in the store; fetch it from another store, or ask its author to put it back")]
    NotFound {
        /// The missing block.
        cid: Cid,
    },
    /// The bytes do not match the CID, or the CID is of a kind that this crate never uses.
    #[error("block {cid} is not what it should be: {reason}; do not use it, fetch it from another store")]
    Integrity {
        /// The requested block.
        cid: Cid,
        /// What differs.
        reason: String,
    },
    /// No server answered, or the connection broke.
    #[error("cannot reach the store {url}: {reason}; is it running, and is this its address?")]
    Unreachable {
        /// The store, without secrets.
        url: String,
        /// The network's error.
        reason: String,
        /// The underlying error, if it is known and shows no secret.
        #[source]
        source: Option<Cause>,
    },
    /// The store did not answer in time. The request may still have taken effect; it is safe to repeat it.
    #[error("the store {url} did not answer within {after:?}; try again, or set a longer timeout")]
    TimedOut {
        /// The store, without secrets.
        url: String,
        /// The timeout.
        after: Duration,
    },
    /// The store has no space left.
    #[error("the store {url} is full; free some space and try again")]
    Full {
        /// The store, without secrets.
        url: String,
    },
    /// The store refused: the permission is missing, the token is wrong, or another service is at its address.
    #[error("the store {url} cannot be used: {reason}")]
    Refused {
        /// The store, without secrets.
        url: String,
        /// What to change.
        reason: String,
        /// The underlying error, if it is known and shows no secret.
        #[source]
        source: Option<Cause>,
    },
    /// The store answered with an error of its own, or with an invalid answer.
    #[error("the store {url} failed: {reason}")]
    Failed {
        /// The store, without secrets.
        url: String,
        /// Its answer, shortened.
        reason: String,
        /// The underlying error, if it is known and shows no secret.
        #[source]
        source: Option<Cause>,
    },
    /// The blocks to be stored could not be made. A put returns the error of its stream of blocks.
    #[error("nothing was stored, because the input could not be read: {0}")]
    Input(#[source] Box<dyn Error + Send + Sync>),
}

/// The parts of `url` without secrets: scheme, host, port and path.
pub(super) fn redacted(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return "(unreadable URL)".to_owned();
    };
    let Some(host) = parsed.host_str() else {
        let slashes = if parsed.scheme() == "file" { "//" } else { "" };
        return format!("{}:{slashes}{}", parsed.scheme(), parsed.path());
    };
    let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", parsed.scheme(), parsed.path().trim_end_matches('/'))
}

/// `error` with all its causes in one line.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = http::chain(error).skip(1).map(|cause| cause.to_string());
    let text = causes.fold(error.to_string(), |text, next| match text.contains(&next) {
        true => text,
        false => format!("{text}: {next}"),
    });
    http::one_line(&text)
}
