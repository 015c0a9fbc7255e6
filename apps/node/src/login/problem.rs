//! The reasons why a login or a vault is turned away.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    answer::{A_MOMENT, said, said_later},
    login::rows::RowsError,
    members::Stranger,
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Malformed(String),
    /// Of a wrong password, an unknown name, and an attempt that is over.
    #[error("wrong name or password")]
    Refused,
    #[error("too many attempts failed: wait {} s", .0.as_secs() + 1)]
    Paused(Duration),
    #[error(transparent)]
    Stranger(#[from] Stranger),
    #[error("this user's name is taken: choose another")]
    Taken,
    #[error("the vault was changed on another machine meanwhile: try again")]
    Changed,
    #[error("this account has no vault here: register first")]
    NoVault,
    #[error("the registration took too long: begin it again")]
    NotBegun,
    #[error("a vault has at most {0} ways to log in: make it anew with the ones that are used")]
    ManyWays(i64),
    #[error("this node keeps no more vaults: tell its operator")]
    Full,
    #[error("this node cannot do it at the moment: try again later")]
    Unavailable,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Refused => StatusCode::UNAUTHORIZED,
            Self::Paused(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Stranger(stranger) => stranger.status(),
            Self::Taken | Self::Changed | Self::NotBegun | Self::ManyWays(_) => StatusCode::CONFLICT,
            Self::NoVault => StatusCode::NOT_FOUND,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<RowsError> for Problem {
    fn from(error: RowsError) -> Self {
        match error {
            RowsError::Full => {
                tracing::warn!("no more vaults: --vaults is used up");
                Self::Full
            }
            RowsError::Disk => {
                tracing::error!("the disk of the database is full");
                Self::Unavailable
            }
            RowsError::Refused => Self::Refused,
            RowsError::Paused(wait) => Self::Paused(wait),
            RowsError::Taken => Self::Taken,
            RowsError::Changed => Self::Changed,
            RowsError::NoVault => Self::NoVault,
            RowsError::NotBegun => Self::NotBegun,
            RowsError::ManyWays => Self::ManyWays(crate::login::rows::MOST_WAYS),
            RowsError::Database(error) => {
                tracing::error!(%error, "the database failed");
                Self::Unavailable
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, text) = (self.status(), self.to_string());
        match self {
            Self::Paused(wait) => said_later(status, &text, wait),
            Self::Unavailable => said_later(status, &text, A_MOMENT),
            Self::Stranger(stranger) => stranger.into_response(),
            _ => said(status, &text),
        }
    }
}
