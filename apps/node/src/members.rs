//! The account behind a request, by its session, and whether the node serves it.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hospital_record::{Address, Deployment, node::Session};
use tokio::time::timeout;

use crate::{
    answer::{A_MOMENT, no_session, said, said_later},
    clock::now,
    trust::Trust,
};

/// Who may write to a room.
#[derive(Clone)]
pub(crate) struct Members {
    deployment: Deployment,
    /// `None` for everybody.
    trust: Option<Arc<Trust>>,
    /// The time to find out.
    patience: Duration,
}

/// The reason why a request without the right account is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stranger {
    #[error("{0}")]
    NoSession(String),
    #[error("this node does not serve this account: ask its operator, or use another node")]
    NotAdmitted,
    #[error("this node cannot do it at the moment: try again later")]
    Unavailable,
}

impl Members {
    pub(crate) fn new(deployment: Deployment, trust: Option<Arc<Trust>>, patience: Duration) -> Self {
        Self { deployment, trust, patience }
    }

    /// The account that a request proves, if the node serves it.
    pub(crate) async fn account(&self, headers: &HeaderMap) -> Result<Address, Stranger> {
        let account = self.proven(headers)?;
        let Some(trust) = &self.trust else { return Ok(account) };
        match timeout(self.patience, trust.admits(account)).await {
            Ok(Ok(true)) => Ok(account),
            Ok(Ok(false)) => Err(Stranger::NotAdmitted),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the chain did not answer");
                Err(Stranger::Unavailable)
            }
            Err(_) => Err(Stranger::Unavailable),
        }
    }

    /// The account that a request proves.
    pub(crate) fn proven(&self, headers: &HeaderMap) -> Result<Address, Stranger> {
        let refused = |text: &str| Stranger::NoSession(text.to_owned());
        let one = |name| {
            let mut all = headers.get_all(name).iter();
            all.next().filter(|_| all.next().is_none()).and_then(|value| value.to_str().ok())
        };
        let bearer = one(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        let token = token.ok_or_else(|| refused("writing needs a session: send one as Authorization: Bearer"))?;
        let host = one(header::HOST).ok_or_else(|| refused("the request names no host"))?;
        let session: Session = token.parse().map_err(|error: hospital_record::Error| refused(&error.to_string()))?;
        let host = host.to_ascii_lowercase();
        session.verify(self.deployment, &host, now()).map_err(|error| refused(&error.to_string()))
    }
}

impl Stranger {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoSession(_) => StatusCode::UNAUTHORIZED,
            Self::NotAdmitted => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its name in metrics and logs.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NoSession(_) => "session",
            Self::NotAdmitted => "not_admitted",
            Self::Unavailable => "unavailable",
        }
    }
}

impl IntoResponse for Stranger {
    fn into_response(self) -> Response {
        let (status, text) = (self.status(), self.to_string());
        match self {
            Self::Unavailable => said_later(status, &text, A_MOMENT),
            Self::NoSession(_) => no_session(said(status, &text)),
            Self::NotAdmitted => said(status, &text),
        }
    }
}
