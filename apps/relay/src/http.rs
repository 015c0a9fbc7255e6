//! The relay over HTTP.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use hospital_record::{B256, relay::Fate};
use serde::Serialize;

use crate::service::{Problem, Service};

/// The longest request that the contract knows is a fifth of this.
const LONGEST: usize = 8 * 1024;

#[derive(Clone)]
struct Routes {
    service: Service,
    behind_proxy: bool,
}

/// `POST /v1/requests`, `GET /v1/requests/{id}`, `GET /health`, `GET /metrics`.
pub(crate) fn router(service: Service, behind_proxy: bool) -> Router {
    Router::new()
        .route("/v1/requests", post(take))
        .route("/v1/requests/{id}", get(fate))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(Routes { service, behind_proxy })
}

async fn take(
    State(routes): State<Routes>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let from = if routes.behind_proxy { forwarded(&headers).unwrap_or(peer.ip()) } else { peer.ip() };
    match routes.service.take(from, &body).await {
        Ok(fate) => (status_of(&fate), json(&fate)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn fate(State(routes): State<Routes>, Path(id): Path<String>) -> Response {
    let known = id.parse::<B256>().ok().and_then(|id| routes.service.0.queue.fate(id));
    match known.map(|fate| fate.borrow().clone()) {
        Some(fate) => (StatusCode::OK, json(&fate)).into_response(),
        None => said(StatusCode::NOT_FOUND, "no request with this id is known here"),
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
    let text = parts.metrics.text(parts.queue.waiting());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// The last address is the one that the proxy itself has seen: those before it are the caller's word.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
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
        if let Self::TooMany(wait) = self
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
    (status, json(&Said { error })).into_response()
}

fn json(value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}
