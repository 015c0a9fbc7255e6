//! A server that keeps blocks, over HTTP: its address without secrets, its deadlines, and a typed error for each answer
//! that another server could give.

use std::{error::Error, future::Future, time::Duration};

use bytes::{Bytes, BytesMut};
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{
    platform::{
        clock::timeout,
        http::{self, Http, Incoming, Piece},
    },
    store::error::StoreError,
};

/// The maximum length of an answer that is no block, in bytes.
pub(super) const SMALL: usize = 64 << 10;

/// An upload has no total time limit. [`Server::within`] limits the time without progress.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The trailer in which Kubo reports an error after status 200.
const LATE_ERROR: &str = "x-stream-error";

#[derive(Clone)]
pub(super) struct Server {
    /// Without secrets.
    pub(super) url: String,
    pub(super) timeout: Duration,
    /// What should answer here, such as "a node".
    kind: &'static str,
    base: Url,
    http: Http,
}

pub(super) enum ServerError {
    /// The server's own error.
    Told(String),
    Store(StoreError),
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Server {
    /// The server whose requests all go below `base`; people see `url`.
    pub(super) fn new(kind: &'static str, url: String, mut base: Url, timeout: Duration) -> Self {
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let http = Http::new(&base, timeout, NO_LIMIT);
        Self { url, timeout, kind, base, http }
    }

    /// The value of the header `Host`.
    pub(super) fn host(&self) -> &str {
        &self.base[url::Position::BeforeHost..url::Position::AfterPort]
    }

    pub(super) fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, StoreError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.http.request(method, url).map_err(|error| self.unreachable_for(&error))
    }

    /// The beginning of the answer, whatever its status.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Answer<'_>, StoreError> {
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        Ok(Answer::new(self, response))
    }

    /// The answer to large bytes, which a browser sends as a blob.
    #[cfg(target_family = "wasm")]
    pub(super) async fn send_blob(&self, request: RequestBuilder, bytes: &[u8]) -> Result<Answer<'_>, StoreError> {
        let unreachable = |reason: String| StoreError::Unreachable {
            url: self.url.clone(),
            reason: http::one_line(&reason),
            source: None,
        };
        let (status, headers, body) = http::send_blob(request, bytes).await.map_err(unreachable)?;
        Ok(Answer { server: self, status, headers, body })
    }

    pub(super) async fn within<T>(&self, after: Duration, work: impl Future<Output = T>) -> Result<T, StoreError> {
        timeout(after, work).await.map_err(|_| self.late(after))
    }

    pub(super) fn late(&self, after: Duration) -> StoreError {
        StoreError::TimedOut { url: self.url.clone(), after }
    }

    /// The error for an answer of another server.
    pub(super) fn stranger(&self, came: &str, status: StatusCode) -> StoreError {
        let (kind, status) = (self.kind, status.as_u16());
        let reason = format!("it answered with {came}, and not as {kind} does (HTTP {status})");
        StoreError::Unreachable { url: self.url.clone(), reason, source: None }
    }

    /// Parses an answer as JSON. If it is not JSON, another server sent it.
    pub(super) fn json<T: DeserializeOwned>(&self, body: &[u8], otherwise: &str) -> Result<T, StoreError> {
        serde_json::from_slice(body).map_err(|_| match http::is_json(body) {
            true => self.senseless(otherwise),
            false => self.stranger(http::body_kind(body), StatusCode::OK),
        })
    }

    pub(super) fn refused(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Refused { url: self.url.clone(), reason: reason.into(), source: None }
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> StoreError {
        if error.is_timeout() {
            return self.late(self.timeout);
        }
        self.unreachable_for(&error)
    }

    fn unreachable_for(&self, error: &(dyn Error + 'static)) -> StoreError {
        let (reason, source) = (http::causes(error), http::io_cause(error));
        StoreError::Unreachable { url: self.url.clone(), reason, source }
    }

    /// The general error, for texts of the server that have no other meaning here.
    pub(super) fn failed(&self, error: ServerError) -> StoreError {
        let url = self.url.clone();
        match error {
            ServerError::Store(error) => error,
            ServerError::Told(text) if text.contains("no space left") => StoreError::Full { url },
            ServerError::Told(reason) => StoreError::Failed { url, reason, source: None },
        }
    }

    pub(super) fn senseless(&self, reason: &str) -> StoreError {
        StoreError::Failed { url: self.url.clone(), reason: http::one_line(reason), source: None }
    }
}

/// An answer that is still being received.
pub(super) struct Answer<'a> {
    pub(super) server: &'a Server,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Incoming,
}

impl<'a> Answer<'a> {
    fn new(server: &'a Server, mut response: Response) -> Self {
        let headers = std::mem::take(response.headers_mut());
        Self { server, status: response.status(), headers, body: Incoming::of(response) }
    }

    /// The next piece; `None` at a proper end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ServerError> {
        while let Some(piece) = self.body.next().await.map_err(|error| self.server.unreachable(error))? {
            match piece {
                Piece::Bytes(bytes) => return Ok(Some(bytes)),
                Piece::Trailers(trailers) => {
                    if let Some(text) = trailers.get(LATE_ERROR) {
                        return Err(ServerError::Told(http::one_line(&String::from_utf8_lossy(text.as_bytes()))));
                    }
                }
            }
        }
        Ok(None)
    }

    pub(super) async fn whole(mut self, limit: usize) -> Result<Bytes, ServerError> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > limit {
                return Err(self.server.senseless(&format!("its answer is longer than {limit} bytes")).into());
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }

    /// The error for a status that has no other meaning here.
    pub(super) fn unexpected(&self) -> StoreError {
        let url = self.server.url.clone();
        match self.status {
            status if status.is_redirection() => {
                self.server.refused("it redirects to another address; use that address if you trust it")
            }
            status if http::is_passing(status) => {
                StoreError::Unreachable { url, reason: self.status_and_wait(), source: None }
            }
            _ => StoreError::Failed { url, reason: self.status_and_wait(), source: None },
        }
    }

    /// Such as `HTTP 429; it asks to wait 30 s`. A date instead of seconds is left out.
    pub(super) fn status_and_wait(&self) -> String {
        let status = format!("HTTP {}", self.status.as_u16());
        let wait = self.headers.get(RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.trim().parse::<u32>().ok());
        wait.map_or(status.clone(), |wait| format!("{status}; it asks to wait {wait} s"))
    }
}
