//! The reasons why a request to the directory is turned away.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use crate::{
    answer::{A_MOMENT, said, said_later},
    database::is_full,
    members::Stranger,
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Malformed(String),
    #[error("send a signed listing as application/json")]
    Type,
    #[error("a listing for this host may be for another node: the node's operator can name it with --host")]
    Host,
    #[error("{0}")]
    Refused(String),
    #[error("this listing is not of this moment: check this machine's clock, and sign it anew")]
    Time,
    #[error("a listing as new as this one, or newer, is here: sign it anew a moment later")]
    Older,
    #[error(
        "no authority of this node vouches for this account: ask the hospital to vouch for you, then publish again"
    )]
    NotVouched,
    #[error("only the account itself can withdraw its listing")]
    NotOwn,
    #[error("this account is listed under as many names of the node as it may be: withdraw one of them")]
    TooManyHosts,
    #[error("the directory of this node is full: tell its operator")]
    Full,
    #[error("nobody is listed under this account")]
    NotListed,
    #[error("too many search at the moment: try again in some seconds")]
    TooMany,
    #[error("the node cannot check at the moment for whom somebody vouches: try again later")]
    Unavailable,
    #[error(transparent)]
    Stranger(#[from] Stranger),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Refused(_) | Self::Time => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Older => StatusCode::CONFLICT,
            Self::NotVouched | Self::NotOwn => StatusCode::FORBIDDEN,
            Self::TooManyHosts | Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::NotListed => StatusCode::NOT_FOUND,
            Self::TooMany | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Stranger(stranger) => stranger.status(),
        }
    }

    /// Its name in the metrics.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Type => "malformed",
            Self::Host => "host",
            Self::Refused(_) => "refused",
            Self::Time => "time",
            Self::Older => "older",
            Self::NotVouched => "not_vouched",
            Self::NotOwn => "not_own",
            Self::TooManyHosts | Self::Full => "full",
            Self::NotListed => "not_listed",
            Self::TooMany => "too_many",
            Self::Unavailable => "unavailable",
            Self::Stranger(stranger) => stranger.reason(),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database failed");
        if is_full(&error) { Self::Full } else { Self::Unavailable }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Stranger(stranger) => stranger.into_response(),
            Self::TooMany | Self::Unavailable => said_later(self.status(), &self.to_string(), A_MOMENT),
            _ => said(self.status(), &self.to_string()),
        }
    }
}
