//! The reasons why a request for blocks is turned away.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hospital_record::{
    Cid,
    names::one_line,
    store::{CarError, StoreError},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{A_MOMENT, json, said, said_later},
    blocks::rows::RowsError,
    members::Stranger,
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Malformed(String),
    #[error(transparent)]
    Stranger(#[from] Stranger),
    #[error("this node does not have this block")]
    NotHeld,
    #[error("a block below it is not here: put it and pin again")]
    Missing(Cid),
    #[error("ask for ?format=raw or ?format=car: this node shows no files")]
    Format,
    #[error("the blocks did not arrive in time: send fewer at once")]
    Slow,
    #[error("{0}")]
    TooLong(String),
    #[error("send blocks as application/vnd.ipld.car")]
    Type,
    #[error("{0}")]
    Mismatch(String),
    #[error("too much at once: wait {} s", A_MOMENT.as_secs() + 1)]
    TooMany,
    #[error("this node cannot do it at the moment: try again later")]
    Unavailable,
    #[error("the quota of this account is used up: unpin something, or ask the node's operator for more")]
    AccountFull,
    #[error("this node is full: tell its operator, or use another store")]
    NodeFull,
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Stranger(stranger) => stranger.status(),
            Self::NotHeld | Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Format => StatusCode::NOT_ACCEPTABLE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Mismatch(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::AccountFull | Self::NodeFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// Its name in the metrics and the log, which have neither CIDs nor accounts.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Stranger(stranger) => stranger.reason(),
            Self::NotHeld | Self::Missing(_) => "missing",
            Self::Format | Self::Type => "type",
            Self::Slow => "slow",
            Self::TooLong(_) => "too_long",
            Self::Mismatch(_) => "mismatch",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::AccountFull => "account_full",
            Self::NodeFull => "node_full",
        }
    }

    /// An error of the bytes that a caller sent.
    pub(crate) fn of_input(error: StoreError) -> Self {
        match error {
            StoreError::Integrity { cid, reason } => Self::Mismatch(format!("block {cid}: {reason}")),
            StoreError::Input(cause) => match cause.downcast_ref::<CarError>() {
                Some(CarError::LongBlock) => Self::TooLong(cause.to_string()),
                _ => Self::Malformed(cause.to_string()),
            },
            error => Self::Malformed(error.to_string()),
        }
    }
}

/// An error of the backing store, whose words are for the operator alone.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { cid } => Self::Missing(cid),
            // Whoever has the block can put it again, which mends it.
            StoreError::Integrity { cid, .. } => {
                tracing::error!("a block of the backing store is damaged");
                Self::Missing(cid)
            }
            StoreError::Full { .. } => {
                tracing::error!("the backing store is full");
                Self::NodeFull
            }
            error => {
                tracing::warn!(error = without_cids(&error.to_string()), "the backing store failed");
                Self::Unavailable
            }
        }
    }
}

impl From<RowsError> for Problem {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::AccountFull => Self::AccountFull,
            RowsError::NodeFull => {
                tracing::warn!("no more blocks: --quota-total is used up, or the disk of the database is full");
                Self::NodeFull
            }
            RowsError::Database(error) => {
                tracing::error!(%error, "the database failed");
                Self::Unavailable
            }
        }
    }
}

/// Replaces what looks like a CID: a log must not show who asked for what.
pub(crate) fn without_cids(text: &str) -> String {
    let is_cid = |word: &str| ["bafk", "bafy", "Qm"].iter().any(|start| word.contains(start)) && word.len() > 40;
    let words: Vec<_> = text.split(' ').map(|word| if is_cid(word) { "(block)" } else { word }).collect();
    words.join(" ")
}

/// What was wrong, and the block that is missing, if it is known.
#[derive(Serialize, ToSchema)]
#[schema(as = Missing)]
pub(crate) struct WithMissing {
    error: String,
    #[schema(required = false)]
    missing: String,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, text) = (self.status(), self.to_string());
        match self {
            Self::Missing(cid) => {
                let body = WithMissing { error: one_line(&text), missing: cid.to_string() };
                (status, json(&body)).into_response()
            }
            Self::TooMany | Self::Unavailable => said_later(status, &text, A_MOMENT),
            Self::Stranger(stranger) => stranger.into_response(),
            _ => said(status, &text),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::*;

    #[test]
    fn log_lines_have_no_cids() {
        let cid = "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta";
        let text = format!("block {cid} is not here: /srv/blocks/ta/{cid}: no such file ({cid})");
        let shown = without_cids(&text);
        assert!(!shown.contains("bafk") && shown.contains("is not here"), "{shown}");
        assert_eq!(without_cids("the store file:///srv failed"), "the store file:///srv failed");
    }

    #[test]
    fn error_of_the_backing_store_is_not_shown_to_callers() {
        let url = "kubo+http://10.0.0.7:5001".to_owned();
        for error in [
            StoreError::Unreachable { url: url.clone(), reason: "10.0.0.7".into(), source: None },
            StoreError::TimedOut { url: url.clone(), after: Duration::from_secs(1) },
            StoreError::Refused { url: url.clone(), reason: "10.0.0.7".into(), source: None },
            StoreError::Failed { url: url.clone(), reason: "10.0.0.7".into(), source: None },
            StoreError::Full { url: url.clone() },
            StoreError::Url { url, reason: "10.0.0.7".into() },
        ] {
            let problem = Problem::from(error);
            assert!(!problem.to_string().contains("10.0.0.7"), "{problem}");
            assert!([503, 507].contains(&problem.status().as_u16()), "{problem}");
        }
    }
}
