//! Calls of a node's services over HTTP: JSON both ways, and a typed error for each answer. What a node answers is not
//! believed here: it is read, within bounds.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, de::DeserializeOwned};
use url::{Position, Url};

use crate::{
    base::error::{Error, Result, reason::Reason},
    node::ask::name_of,
    platform::{
        clock::timeout,
        http::{Http, beginning, body_kind, causes, io_cause, is_passing, one_line},
    },
};

/// A longer answer is refused: a listing has at most some 10 KiB, and a page 50 of them.
const LONGEST_ANSWER: usize = 1 << 20;

/// The body of an error.
#[derive(Deserialize)]
struct Problem {
    error: String,
}

/// One service of a node, and how long it may take.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    base: Url,
    name: String,
    timeout: Duration,
    http: Http,
}

impl Caller {
    /// The service whose paths are below `base`.
    pub(crate) fn new(base: Url, timeout: Duration) -> Self {
        let http = Http::new(&base, timeout / 2, timeout);
        Self { name: name_of(&base), base, timeout, http }
    }

    /// The host for which listings and sessions are signed: the value of the header `Host`.
    pub(crate) fn host(&self) -> &str {
        &self.base[Position::BeforeHost..Position::AfterPort]
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The address of a path below the service's own; of the service itself if it is empty.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        url
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder> {
        self.http.request(method, url).map_err(|error| self.unreachable(Reason::of(error)))
    }

    /// Sends a request, and reads the answer.
    pub(crate) async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let late = || Error::TimedOut { service: self.name.clone(), after: self.timeout };
        let sending = async {
            let broken = |error: reqwest::Error| match error.is_timeout() {
                true => late(),
                false => self.unreachable(Reason::new(causes(&error), io_cause(&error))),
            };
            let response = request.send().await.map_err(broken)?;
            let (status, wait) = (response.status(), wait(&response));
            let body = beginning(response, LONGEST_ANSWER).await.map_err(broken)?;
            Ok((status, wait, body))
        };
        let sent = timeout(self.timeout, sending).await;
        let (status, wait, body) = sent.unwrap_or_else(|_| Err(late()))?;
        match serde_json::from_slice(&body) {
            Ok(answer) if status == StatusCode::OK => Ok(answer),
            _ => Err(self.failure(status, wait, &body)),
        }
    }

    fn failure(&self, status: StatusCode, wait: Option<u32>, body: &[u8]) -> Error {
        let Ok(Problem { error }) = serde_json::from_slice(body) else {
            let (came, status) = (body_kind(body), status.as_u16());
            return self.unreachable(format!("it answered with {came} (HTTP {status}), and not as a node does"));
        };
        let (service, reason) = (self.name.clone(), one_line(&error));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Denied(reason.into()),
            StatusCode::NOT_FOUND => Error::NotFound(reason.into()),
            StatusCode::CONFLICT => Error::Conflict(reason.into()),
            StatusCode::BAD_REQUEST => Error::Invalid(reason.into()),
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = wait.map_or_else(String::new, |wait| format!("; try again in {wait} s"));
                Error::Refused { service, reason: format!("{reason}{wait}").into() }
            }
            status if is_passing(status) => self.unreachable(reason),
            _ => Error::Refused { service, reason: reason.into() },
        }
    }

    fn unreachable(&self, reason: impl Into<Reason>) -> Error {
        Error::Unreachable { service: self.name.clone(), reason: reason.into() }
    }
}

fn wait(response: &Response) -> Option<u32> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
