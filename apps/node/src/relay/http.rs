//! The relay over HTTP.

use axum::{
    Router,
    body::Body,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hospital_record::{B256, names::one_line, relay::Fate};

use crate::{
    answer::{body_of, json, said, said_later},
    relay::service::{Problem, Service},
};

/// The longest request that people sign is a hundred grants: 46 KiB.
pub(crate) const LONGEST: usize = 48 * 1024;
/// Where requests are sent.
pub(crate) const REQUESTS: &str = "/v1/requests";

/// `POST /v1/requests`, `GET /v1/requests/{id}`.
pub(crate) fn routes(service: Service) -> Router {
    Router::new().route(REQUESTS, post(take)).route("/v1/requests/{id}", get(fate)).with_state(service)
}

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

async fn fate(State(service): State<Service>, Path(id): Path<String>) -> Response {
    let known = id.parse::<B256>().ok().and_then(|id| service.0.queue.fate(id));
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
        for response in [problem, refused, said(StatusCode::OK, &long)] {
            let body = body_of(response).await;
            assert!(body.len() < 1_000 && body.contains("no") && body.contains("[2Jx"), "{body}");
            assert!(!["\\r", "\\u001b", "\u{202e}"].iter().any(|part| body.contains(part)), "{body}");
        }
    }
}
