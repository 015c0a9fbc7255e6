//! The relay over HTTP.

use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hospital_record::{B256, names::one_line, relay::Fate};

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{Said, body_of, json, last_of, said, said_later},
    relay::service::{Problem, Service},
};

/// The longest request that people sign is a hundred grants: 46 KiB.
pub(crate) const LONGEST: usize = 48 * 1024;
/// Where requests are sent.
pub(crate) const REQUESTS: &str = "/v1/requests";

pub(crate) fn routes(service: Service) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(take)).routes(routes!(fate)).with_state(service)
}

/// [`SignedRequest`](hospital_record::relay::SignedRequest), described.
#[derive(ToSchema)]
#[schema(as = SignedRequest, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Signed {
    /// EIP-155.
    chain_id: u64,
    /// The main contract, a contract beside it, or a board.
    #[schema(pattern = "^0x[0-9a-fA-F]{40}$")]
    contract: String,
    /// The call data, with the signature.
    #[schema(pattern = "^0x([0-9a-fA-F]{2})*$")]
    data: String,
}

/// [`Fate`], described.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[schema(as = Fate)]
#[cfg_attr(not(test), expect(dead_code, reason = "a description"))]
pub(crate) enum Ending {
    /// The relay keeps it and will carry it.
    Waiting,
    /// It took effect.
    Done {
        /// The transaction, if the relay knows it.
        #[schema(required)]
        transaction: Option<String>,
    },
    /// It did not take effect, and this relay does not try again.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Carry a signed request
#[utoipa::path(
    post,
    path = REQUESTS,
    tag = "relay",
    request_body(content = Signed, description = "At most 48 KiB."),
    responses(
        (status = 200, description = "It took effect.", body = Ending),
        (status = 202, description = "It waits: ask again.", body = Ending),
        (status = 400, description = "It is not a request.", body = Said),
        (status = 403, description = "This relay does not carry it.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 409, description = "A payer has it already.", body = Said),
        (status = 413, description = "It is too long.", body = Said),
        (status = 422, description = "It did not take effect, and is not tried again.", body = Ending),
        (status = 429, description = "Too many of one account or network, or a budget is used up.", body = Said),
        (status = 503, description = "The chain does not answer, or no payer has ether.", body = Said),
    )
)]
async fn take(State(service): State<Service>, body: Body) -> Response {
    let body = match body_of(body, LONGEST).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match service.take(&body).await {
        Ok(fate) => (status_of(&fate), json(&on_one_line(fate))).into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// The state of a request
#[utoipa::path(
    get,
    path = "/v1/requests/{id}",
    tag = "relay",
    params(("id" = String, Path, description = "Its id: 32 bytes in hex.", pattern = "^0x[0-9a-fA-F]{64}$")),
    responses(
        (status = 200, description = "Its state.", body = Ending),
        (status = 404, description = "The relay does not know it.", body = Said),
    )
)]
async fn fate(State(service): State<Service>, uri: Uri) -> Response {
    let known = last_of(&uri).parse::<B256>().ok().and_then(|id| service.0.queue.fate(id));
    match known.map(|fate| fate.borrow().clone()) {
        Some(fate) => (StatusCode::OK, json(&on_one_line(fate))).into_response(),
        None => said(StatusCode::NOT_FOUND, "the relay does not know a request with this id"),
    }
}

/// Text of a contract or a provider may be long, and may have terminal control characters.
fn on_one_line(fate: Fate) -> Fate {
    match fate {
        Fate::Refused { reason } => Fate::Refused { reason: one_line(&reason) },
        fate => fate,
    }
}

fn status_of(fate: &Fate) -> StatusCode {
    match fate {
        Fate::Waiting => StatusCode::ACCEPTED,
        Fate::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self.wait() {
            Some(wait) => said_later(self.status(), &self.to_string(), wait),
            None => said(self.status(), &self.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use axum::body::to_bytes;

    use super::*;

    async fn body_of(response: Response) -> String {
        String::from_utf8(to_bytes(response.into_body(), LONGEST).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn error_text_for_callers_is_one_short_line() {
        let long = format!("no\r\n\u{1b}[2J\u{202e}{}", "x".repeat(9_000));
        let problem = Problem::Malformed(long.clone()).into_response();
        let refused = json(&on_one_line(Fate::Refused { reason: long.clone() }));
        for response in [problem, refused, said(StatusCode::BAD_REQUEST, &long)] {
            let body = body_of(response).await;
            assert!(body.len() < 1_000 && body.contains("no") && body.contains("[2Jx"), "{body}");
            assert!(!["\\r", "\\u001b", "\u{202e}"].iter().any(|part| body.contains(part)), "{body}");
        }
    }

    #[test]
    fn refusal_that_may_pass_says_when_to_ask_again() {
        let (reason, wait) = (String::new(), Duration::from_secs(1));
        for (problem, status, waits) in [
            (Problem::Malformed(String::new()), 400, false),
            (Problem::NotCarried(String::new()), 403, false),
            (Problem::Claimed(String::new()), 409, false),
            (Problem::TooMany(wait), 429, true),
            (Problem::Later { reason, wait }, 429, true),
            (Problem::Busy(String::new()), 503, true),
        ] {
            let response = problem.into_response();
            let has = response.headers().contains_key("retry-after");
            assert_eq!((response.status().as_u16(), has), (status, waits));
        }
    }
}
