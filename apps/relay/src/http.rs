//! The relay over HTTP.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, Path, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hospital_record::{B256, names::one_line, relay::Fate};
use serde::Serialize;

use crate::{
    browser::Browsers,
    limits::network,
    service::{Problem, Service, now},
};

/// The longest request that people sign is a hundred grants: 46 KiB.
pub(crate) const LONGEST: usize = 48 * 1024;
/// The time from the headers of a request to its end.
const BODY_WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct Routes {
    service: Service,
    browsers: Arc<Browsers>,
    behind_proxy: bool,
}

/// `POST /v1/requests`, `GET /v1/requests/{id}`, `GET /health`, `GET /metrics`.
pub(crate) fn router(service: Service, browsers: Browsers, behind_proxy: bool) -> Router {
    let routes = Routes { service, browsers: Arc::new(browsers), behind_proxy };
    Router::new()
        .route("/v1/requests", post(take))
        .route("/v1/requests/{id}", get(fate))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn_with_state(routes.clone(), guard))
        .with_state(routes)
}

/// Checks host, origin, type and rate limit before anything else.
async fn guard(
    State(routes): State<Routes>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let page = match routes.browsers.check(&request) {
        Ok(page) => page,
        Err(stopped) => return said(stopped.status(), stopped.says()),
    };
    let headers = request.headers();
    let from = if routes.behind_proxy { forwarded(headers).unwrap_or(peer.ip()) } else { peer.ip() };
    let parts = &*routes.service.0;
    let limit = match *request.method() {
        Method::POST => &parts.limits.addresses,
        _ => &parts.limits.questions,
    };
    let mut response = match (limit.take(&network(from)), request.method()) {
        (Err(wait), _) => {
            parts.metrics.limited();
            Problem::TooMany(wait).into_response()
        }
        (Ok(()), &Method::OPTIONS) if page.is_some() => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), _) => next.run(request).await,
    };
    if let Some(page) = page {
        let cross_origin = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, page),
            (header::VARY, HeaderValue::from_static("origin")),
            (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST")),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type")),
        ];
        response.headers_mut().extend(cross_origin);
    }
    response
}

async fn take(State(routes): State<Routes>, body: Body) -> Response {
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, LONGEST)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return closing(said(StatusCode::PAYLOAD_TOO_LARGE, "the request is longer than 48 KiB")),
        Err(_) => return closing(said(StatusCode::REQUEST_TIMEOUT, "the request did not end within 10 s")),
    };
    match routes.service.take(&body).await {
        Ok(fate) => (status_of(&fate), json(&on_one_line(fate))).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn fate(State(routes): State<Routes>, Path(id): Path<String>) -> Response {
    let known = id.parse::<B256>().ok().and_then(|id| routes.service.0.queue.fate(id));
    match known.map(|fate| fate.borrow().clone()) {
        Some(fate) => (StatusCode::OK, json(&on_one_line(fate))).into_response(),
        None => said(StatusCode::NOT_FOUND, "the relay does not know a request with this id"),
    }
}

async fn health(State(routes): State<Routes>) -> Response {
    match routes.service.health().await {
        Ok(()) => said(StatusCode::OK, ""),
        Err(reason) => said(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

async fn metrics(State(routes): State<Routes>) -> Response {
    let parts = &*routes.service.0;
    let balances = routes.service.balances().await;
    let text = parts.metrics.text(parts.queue.waiting(), parts.queue.spent(now()), &balances);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// The last address is the one that the proxy saw; the caller can invent those before it.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
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
        let mut response = said(self.status(), &self.to_string());
        if let Some(wait) = self.wait()
            && let Ok(seconds) = (wait.as_secs() + 1).to_string().parse()
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

#[derive(Serialize)]
struct Said<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
}

fn said(status: StatusCode, error: &str) -> Response {
    (status, json(&Said { error: &one_line(error) })).into_response()
}

/// Closes a connection whose request was not read to its end.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn json(value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

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
