//! What can go wrong with a store, and what to do about it.

use std::{error::Error, time::Duration};

use cid::Cid;
use url::Url;

use crate::base::error::reason::Cause;

/// Why a store did not do what it was asked. No text contains a password or token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL, or an option beside it, cannot be used.
    #[error("the store {url} cannot be used: {reason}")]
    Url {
        /// The URL, without secrets.
        url: String,
        /// What to change.
        reason: String,
    },
    /// The store does not have the block.
    #[error("block {cid} is not in the store; fetch it from another store, or ask whoever made it to put it back")]
    NotFound {
        /// The block that is missing.
        cid: Cid,
    },
    /// The bytes are not those that the CID names, or the CID is of a kind that is never used here.
    #[error("block {cid} is not what it should be: {reason}; do not use it, fetch it from another store")]
    Integrity {
        /// The block as it was asked for.
        cid: Cid,
        /// What differs.
        reason: String,
    },
    /// Nobody answered, or the connection broke.
    #[error("cannot reach the store {url}: {reason}; is it running, and is this its address?")]
    Unreachable {
        /// The store, without secrets.
        url: String,
        /// What the network said.
        reason: String,
        /// The error behind it, where one is known that shows no secret.
        #[source]
        source: Option<Cause>,
    },
    /// The store took too long. What was asked for may still have happened: asking again is safe.
    #[error("the store {url} did not answer within {after:?}; try again, or allow it more time")]
    TimedOut {
        /// The store, without secrets.
        url: String,
        /// How long it was given.
        after: Duration,
    },
    /// No space left.
    #[error("the store {url} is full; free some space and try again")]
    Full {
        /// The store, without secrets.
        url: String,
    },
    /// The store may not be used like this: missing permission, wrong token, another service at its address.
    #[error("the store {url} cannot be used: {reason}")]
    Refused {
        /// The store, without secrets.
        url: String,
        /// What to change.
        reason: String,
        /// The error behind it, where one is known that shows no secret.
        #[source]
        source: Option<Cause>,
    },
    /// The store answered with an error of its own, or with what makes no sense.
    #[error("the store {url} failed: {reason}")]
    Failed {
        /// The store, without secrets.
        url: String,
        /// What it said, shortened.
        reason: String,
        /// The error behind it, where one is known that shows no secret.
        #[source]
        source: Option<Cause>,
    },
    /// The blocks that were to be stored could not be made. Puts return what the stream of blocks gave.
    #[error("nothing was stored, because what was to be stored could not be read: {0}")]
    Input(#[source] Box<dyn Error + Send + Sync>),
}

/// `url` as it may be shown: scheme, host, port and path.
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
pub(super) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    crate::platform::http::one_line(&text)
}
