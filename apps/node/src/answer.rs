//! Answers of all rooms: JSON, and errors as one short line.

use std::time::Duration;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use hospital_record::names::one_line;
use serde::Serialize;
use utoipa::ToSchema;

/// The time to retry after, if others come first or something behind the node does not answer.
pub(crate) const A_MOMENT: Duration = Duration::from_secs(5);
/// The time from the headers of a small request to its end.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// What was wrong, and what to do: one line of text.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct Said {
    error: String,
}

pub(crate) fn said(status: StatusCode, error: &str) -> Response {
    (status, json(&Said { error: one_line(error) })).into_response()
}

/// The same, with the time to retry after.
pub(crate) fn said_later(status: StatusCode, error: &str, wait: Duration) -> Response {
    let mut response = said(status, error);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
    response
}

/// An answer with 401 names the scheme (RFC 9110, 11.6.1).
pub(crate) fn no_session(mut response: Response) -> Response {
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// No proxy or browser keeps the answer.
pub(crate) fn not_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Closes a connection whose request was not read to its end.
pub(crate) fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(crate) fn json(value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
}

/// The last part of a path, as it was sent.
pub(crate) fn last_of(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// A body of at most so many bytes, or the answer that refuses it.
pub(crate) async fn body_of(body: Body, longest: usize) -> Result<Bytes, Response> {
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, longest)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let text = format!("the request is longer than {} KiB", longest / 1024);
            Err(closing(said(StatusCode::PAYLOAD_TOO_LARGE, &text)))
        }
        Err(_) => Err(closing(said(StatusCode::REQUEST_TIMEOUT, "the request did not end within 10 s"))),
    }
}
