//! The directory of a node, over HTTP. What it answers is not believed here: it is read, within bounds.

use std::time::Duration;

use alloy::primitives::Address;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::{Position, Url};

use crate::{
    base::error::{Error, Result, fail, reason::Reason},
    node::{
        ask::{ask, name_of},
        join::below,
        listing::SignedListing,
        query::Query,
    },
    platform::http::{Http, beginning, body_kind, causes, io_cause, is_passing, one_line},
};

/// A longer answer is refused: a listing has at most some 10 KiB, and a page 50 of them.
const LONGEST_ANSWER: usize = 1 << 20;

/// The directory of a joined node.
pub(crate) struct NodeDirectory {
    name: String,
    url: Url,
    http: Http,
    timeout: Duration,
}

/// A page, as the node says it. Each listing is read alone, so that a broken one hides no other.
#[derive(Deserialize)]
pub(crate) struct SaidPage {
    pub(crate) listings: Vec<Value>,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
struct SaidWithdrawn {
    #[serde(rename = "wasListed")]
    was_listed: bool,
}

#[derive(Deserialize)]
struct Problem {
    error: String,
}

impl NodeDirectory {
    /// Asks the joined node where its directory is.
    pub(crate) async fn open(node: Option<&Url>, timeout: Duration) -> Result<Self> {
        let Some(address) = node else {
            return fail!(Invalid, "no node is joined, and a directory is on a hospital's node: join one first");
        };
        let name = name_of(address);
        let info = ask(address, timeout).await?;
        let Some(place) = info.directory else {
            return fail!(
                NotFound,
                "{name} has no directory: ask people for their cards, or its operator to switch it on"
            );
        };
        let url = below(address, &place, &name)?;
        let http = Http::new(&url, timeout / 2, timeout);
        Ok(Self { name, url, http, timeout })
    }

    /// The host for which listings and sessions are signed: the value of the header `Host`.
    pub(crate) fn host(&self) -> &str {
        &self.url[Position::BeforeHost..Position::AfterPort]
    }

    /// Scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn page(&self, query: &Query) -> Result<SaidPage> {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(query.pairs());
        self.answer(self.request(Method::GET, url)?).await
    }

    /// The listing of one account.
    pub(crate) async fn listing(&self, account: Address) -> Result<Value> {
        self.answer(self.request(Method::GET, self.of(account))?).await
    }

    pub(crate) async fn put(&self, listing: &SignedListing) -> Result<()> {
        let _: Value = self.answer(self.request(Method::PUT, self.url.clone())?.json(listing)).await?;
        Ok(())
    }

    /// Whether there was one.
    pub(crate) async fn delete(&self, account: Address, token: &str) -> Result<bool> {
        let request = self.request(Method::DELETE, self.of(account))?.bearer_auth(token);
        Ok(self.answer::<SaidWithdrawn>(request).await?.was_listed)
    }

    fn of(&self, account: Address) -> Url {
        let mut url = self.url.clone();
        let path = format!("{}/{account:#x}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url
    }

    fn request(&self, method: Method, url: Url) -> Result<RequestBuilder> {
        self.http.request(method, url).map_err(|error| self.unreachable(Reason::of(error)))
    }

    async fn answer<T: for<'a> Deserialize<'a>>(&self, request: RequestBuilder) -> Result<T> {
        let timeout_error = || Error::TimedOut { service: self.name.clone(), after: self.timeout };
        let sending = async {
            let broken = |error: reqwest::Error| match error.is_timeout() {
                true => timeout_error(),
                false => self.unreachable(Reason::new(causes(&error), io_cause(&error))),
            };
            let mut response = request.send().await.map_err(broken)?;
            let body = beginning(&mut response, LONGEST_ANSWER).await.map_err(broken)?;
            Ok((response.status(), body))
        };
        let sent = tokio::time::timeout(self.timeout, sending).await;
        let (status, body) = sent.unwrap_or_else(|_| Err(timeout_error()))?;
        self.read(status, &body)
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, status: StatusCode, body: &[u8]) -> Result<T> {
        if status == StatusCode::OK
            && let Ok(answer) = serde_json::from_slice(body)
        {
            return Ok(answer);
        }
        let Ok(Problem { error }) = serde_json::from_slice(body) else {
            let (came, status) = (body_kind(body), status.as_u16());
            return Err(
                self.unreachable(format!("it answered with {came} (HTTP {status}), and not as a directory does"))
            );
        };
        let reason = one_line(&error);
        match status {
            status if is_passing(status) => Err(self.unreachable(reason)),
            StatusCode::NOT_FOUND => Err(Error::NotFound(reason.into())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Denied(reason.into())),
            StatusCode::CONFLICT => Err(Error::Conflict(reason.into())),
            _ => Err(Error::Refused { service: self.name.clone(), reason: reason.into() }),
        }
    }

    fn unreachable(&self, reason: impl Into<Reason>) -> Error {
        Error::Unreachable { service: self.name.clone(), reason: reason.into() }
    }
}
