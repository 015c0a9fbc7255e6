//! Calls of a node's services: JSON both ways, and a typed error for each answer.

use std::time::Duration;

use alloy::primitives::Address;
use hospital_record_core::id::{Account, Deployment};
use reqwest::{Method, Response, StatusCode, header::RETRY_AFTER};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use url::{Position, Url};

use crate::{
    base::error::{Error, Result, reason::Reason},
    node::{
        ask::name_of,
        session::{LONGEST_SESSION, Session},
    },
    people::identity::Identity,
    platform::{
        clock::now,
        http::{Http, beginning, body_kind, causes, io_cause, is_passing, one_line},
    },
};

/// A longer answer is refused.
const LONGEST_ANSWER: usize = 1 << 20;

/// The body of an error.
#[derive(Deserialize)]
struct Problem {
    error: String,
}

/// One node, and how long it may take.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    address: Url,
    pub(crate) deployment: Deployment,
    timeout: Duration,
    http: Http,
}

impl Caller {
    pub(crate) fn new(address: Url, chain: u64, contract: Address, timeout: Duration) -> Self {
        let http = Http::new(&address, timeout / 2, timeout);
        Self { address, deployment: Deployment { chain, contract: Account(contract.into()) }, timeout, http }
    }

    /// As the header `Host` has it.
    pub(crate) fn host(&self) -> &str {
        &self.address[Position::BeforeHost..Position::AfterPort]
    }

    pub(crate) fn name(&self) -> String {
        name_of(&self.address)
    }

    /// The proof that this account asks, for one request.
    pub(crate) async fn session(&self, identity: &Identity) -> Result<Session> {
        Session::sign(identity, self.deployment, self.host(), now() + LONGEST_SESSION.as_secs()).await
    }

    /// Sends a request to a path below the service's address, and reads the answer.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        session: Option<&Session>,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T> {
        let calling = tokio::time::timeout(self.timeout, self.send(method, path, session, body));
        calling.await.unwrap_or_else(|_| Err(Error::TimedOut { service: self.name(), after: self.timeout }))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        session: Option<&Session>,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T> {
        let broken = |error: &reqwest::Error| self.unreachable(Reason::new(causes(error), io_cause(error)));
        let mut url = self.address.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        let mut request = self.http.request(method, url).map_err(|error| self.unreachable(Reason::of(error)))?;
        if let Some(session) = session {
            request = request.bearer_auth(session);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let mut response = request.send().await.map_err(|error| broken(&error))?;
        let (status, wait) = (response.status(), wait(&response));
        let body = beginning(&mut response, LONGEST_ANSWER).await.map_err(|error| broken(&error))?;
        match serde_json::from_slice(&body) {
            Ok(answer) if status == StatusCode::OK => Ok(answer),
            _ => Err(self.failure(status, wait, &body)),
        }
    }

    fn failure(&self, status: StatusCode, wait: Option<u32>, body: &[u8]) -> Error {
        let service = self.name();
        let Ok(Problem { error }) = serde_json::from_slice::<Problem>(body) else {
            let came = body_kind(body);
            let status = status.as_u16();
            return self.unreachable(format!("it answered with {came} (HTTP {status}), and not as a node does").into());
        };
        let text: Reason = format!("{service}: {}", one_line(&error)).into();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Denied(text),
            StatusCode::NOT_FOUND => Error::NotFound(text),
            StatusCode::CONFLICT => Error::Conflict(text),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Error::Invalid(text),
            StatusCode::TOO_MANY_REQUESTS => {
                let wait = wait.map_or_else(String::new, |wait| format!("; try again in {wait} s"));
                Error::Refused { service, reason: format!("{}{wait}", one_line(&error)).into() }
            }
            status if is_passing(status) => Error::Unreachable { service, reason: one_line(&error).into() },
            _ => Error::Refused { service, reason: one_line(&error).into() },
        }
    }

    fn unreachable(&self, reason: Reason) -> Error {
        Error::Unreachable { service: self.name(), reason }
    }
}

fn wait(response: &Response) -> Option<u32> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
