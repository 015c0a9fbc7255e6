//! The reasons why a frame is turned away.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hospital_record::names::one_line;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{A_MOMENT, json, said, said_later},
    database::is_full,
    frames::rows::CHANNELS_OF_AN_ACCOUNT,
    members::Stranger,
};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("{0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Stranger(#[from] Stranger),
    #[error("only the account of a channel publishes in it")]
    NotOwn,
    #[error("send a frame as application/octet-stream")]
    Type,
    #[error("this account publishes too much: wait {} s", .0.as_secs() + 1)]
    TooFast(Duration),
    #[error("the channel has other bytes under this number: {}", go_on(*next))]
    Other { next: Option<u64> },
    #[error("the numbers of a channel ascend, and the frame of this number is not here any more: {}", go_on(*next))]
    Old { next: Option<u64> },
    #[error(
        "this account has {CHANNELS_OF_AN_ACCOUNT} channels, the most: use one of them. A channel is free again an hour \
         after its last frame"
    )]
    Channels,
    #[error("this node has no room for more frames at the moment: try again later, or tell its operator")]
    NodeFull,
    #[error("this node cannot do it at the moment: send the frame again")]
    Unavailable,
}

fn go_on(next: Option<u64>) -> String {
    next.map_or_else(|| "use another channel".to_owned(), |next| format!("go on with {next}"))
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Stranger(stranger) => stranger.status(),
            Self::NotOwn => StatusCode::FORBIDDEN,
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Other { .. } | Self::Old { .. } => StatusCode::CONFLICT,
            Self::Channels => StatusCode::INSUFFICIENT_STORAGE,
            Self::NodeFull | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its name in the metrics.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Stranger(stranger) => stranger.reason(),
            Self::NotOwn => "not_own",
            Self::Type => "type",
            Self::TooFast(_) => "too_fast",
            Self::Other { .. } => "other_bytes",
            Self::Old { .. } => "old_number",
            Self::Channels => "channels",
            Self::NodeFull => "node_full",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database failed");
        if is_full(&error) { Self::NodeFull } else { Self::Unavailable }
    }
}

/// What was wrong, and the number to go on with.
#[derive(Serialize, ToSchema)]
#[schema(as = WrongNumber)]
pub(super) struct WithNext {
    error: String,
    /// None if the numbers are used up.
    next: Option<u64>,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, text) = (self.status(), self.to_string());
        match self {
            Self::Other { next } | Self::Old { next } => {
                (status, json(&WithNext { error: one_line(&text), next })).into_response()
            }
            Self::TooFast(wait) => said_later(status, &text, wait),
            Self::NodeFull | Self::Unavailable => said_later(status, &text, A_MOMENT),
            Self::Stranger(stranger) => stranger.into_response(),
            _ => said(status, &text),
        }
    }
}
