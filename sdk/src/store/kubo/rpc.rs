//! Commands and answers of Kubo's RPC: POST only, errors as JSON with status 500 or in a trailer.

use std::{future::Future, time::Duration};

use bytes::{Bytes, BytesMut};
use cid::Cid;
use http_body_util::BodyExt;
use percent_encoding::percent_decode_str;
use reqwest::{Body, RequestBuilder, Response, StatusCode};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use url::Url;

use crate::{
    platform::http::{self, Http},
    store::{
        error::{StoreError, redacted},
        options::{StoreOptions, Token},
    },
};

/// The maximum length of an answer about a block or a pin, in bytes.
pub(crate) const SMALL: usize = 64 << 10;

/// An upload has no total time limit. [`Rpc::within`] limits the time without progress.
const NO_LIMIT: Duration = Duration::from_secs(365 * 24 * 3600);
/// The trailer in which Kubo reports an error after status 200.
const LATE_ERROR: &str = "x-stream-error";

pub(super) struct Rpc {
    /// Without secrets.
    pub(super) url: String,
    pub(super) timeout: Duration,
    base: Url,
    http: Http,
    credentials: Credentials,
}

enum Credentials {
    None,
    Bearer(Token),
    Basic { user: String, password: Token },
}

pub(super) enum RpcError {
    /// The node's own error.
    Told(String),
    Store(StoreError),
}

impl From<StoreError> for RpcError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Rpc {
    pub(super) fn new(url: &Url, options: &StoreOptions) -> Result<Self, StoreError> {
        let shown = redacted(url.as_str());
        let wrong = |reason: &str| StoreError::Url { url: shown.clone(), reason: reason.to_owned() };
        if url.query().is_some() || url.fragment().is_some() || url.host().is_none() {
            return Err(wrong("write it as kubo+http://host:5001, without ? and #"));
        }
        let credentials = credentials(url, options.token.as_ref()).map_err(wrong)?;
        let secret = !matches!(credentials, Credentials::None);
        if secret && url.scheme() == "kubo+http" && !http::is_this_machine(url) {
            return Err(wrong("a token or password would be sent unencrypted; use kubo+https"));
        }
        let scheme_and_rest = url.as_str().strip_prefix("kubo+").unwrap_or_default();
        let mut base = Url::parse(scheme_and_rest).map_err(|error| wrong(&error.to_string()))?;
        let path = format!("{}/api/v0/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        if base.set_username("").and_then(|()| base.set_password(None)).is_err() {
            return Err(wrong("its user name is invalid"));
        }
        let http = Http::new(&base, options.timeout, NO_LIMIT);
        Ok(Self { url: shown, timeout: options.timeout, base, http, credentials })
    }

    pub(super) fn command(&self, name: &str, query: &[(&str, String)]) -> Result<RequestBuilder, StoreError> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{name}", self.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.post(url);
        let request = request.map_err(|error| self.unreachable_for(&error))?;
        Ok(match &self.credentials {
            Credentials::None => request,
            Credentials::Bearer(token) => request.bearer_auth(token.reveal()),
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password.reveal())),
        })
    }

    /// A complete answer of at most `limit` bytes.
    pub(super) async fn ask(&self, name: &str, query: &[(&str, String)], limit: usize) -> Result<Bytes, RpcError> {
        self.ask_within(self.timeout, name, query, limit).await
    }

    pub(super) async fn ask_within(
        &self,
        deadline: Duration,
        name: &str,
        query: &[(&str, String)],
        limit: usize,
    ) -> Result<Bytes, RpcError> {
        let whole = async {
            let response = self.command(name, query)?.send().await.map_err(|error| self.unreachable(error))?;
            self.answer(response).await?.whole(limit).await
        };
        self.within(deadline, whole).await?
    }

    pub(super) async fn within<T>(&self, after: Duration, work: impl Future<Output = T>) -> Result<T, StoreError> {
        tokio::time::timeout(after, work).await.map_err(|_| self.late(after))
    }

    pub(super) fn late(&self, after: Duration) -> StoreError {
        StoreError::TimedOut { url: self.url.clone(), after }
    }

    /// The beginning of an answer, after a check of its status.
    pub(super) async fn answer(&self, response: Response) -> Result<Answer<'_>, RpcError> {
        let status = response.status();
        let is_kubo = has_marks(&response);
        let answer = Answer { rpc: self, is_kubo, status, body: response.into() };
        if status.is_success() {
            return Ok(answer);
        }
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            let body = answer.whole(SMALL).await?;
            return Err(RpcError::Told(message(&body)));
        }
        Err(self.refusal(status).into())
    }

    /// The error for an answer of another server.
    pub(super) fn not_kubo(&self, came: &str, status: StatusCode) -> StoreError {
        let reason = format!("it answered with {came}, and not as Kubo's RPC does (HTTP {})", status.as_u16());
        StoreError::Unreachable { url: self.url.clone(), reason, source: None }
    }

    /// Parses an answer as JSON. If it is not JSON, another server sent it.
    pub(super) fn json<T: DeserializeOwned>(&self, body: &[u8], otherwise: &str) -> Result<T, StoreError> {
        serde_json::from_slice(body).map_err(|_| match http::is_json(body) {
            true => self.senseless(otherwise),
            false => self.not_kubo(http::body_kind(body), StatusCode::OK),
        })
    }

    pub(super) async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        let query = [("arg", cid.to_string()), ("offline", "true".to_owned())];
        match self.ask("block/stat", &query, SMALL).await {
            Ok(body) => self.json(&body, "it does not say whether it has a block").map(|IgnoredAny| true),
            Err(RpcError::Told(text)) if not_found(&text) => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn refusal(&self, status: StatusCode) -> StoreError {
        let url = self.url.clone();
        let reason = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                format!("it wants another token or password (HTTP {})", status.as_u16())
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                format!("this is not Kubo's RPC (HTTP {}); its port is usually 5001", status.as_u16())
            }
            status if status.is_redirection() => {
                "it redirects to another address; use that address if you trust it".to_owned()
            }
            status if http::is_passing(status) => {
                return StoreError::Unreachable { url, reason: format!("HTTP {}", status.as_u16()), source: None };
            }
            status => return StoreError::Failed { url, reason: format!("HTTP {}", status.as_u16()), source: None },
        };
        StoreError::Refused { url, reason, source: None }
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> StoreError {
        if error.is_timeout() {
            return self.late(self.timeout);
        }
        self.unreachable_for(&error)
    }

    fn unreachable_for(&self, error: &(dyn std::error::Error + 'static)) -> StoreError {
        let (reason, source) = (http::causes(error), http::io_cause(error));
        StoreError::Unreachable { url: self.url.clone(), reason, source }
    }

    /// The general error, for texts of the node that have no other meaning here.
    pub(super) fn failed(&self, error: RpcError) -> StoreError {
        let url = self.url.clone();
        match error {
            RpcError::Store(error) => error,
            RpcError::Told(text) if text.contains("no space left") => StoreError::Full { url },
            RpcError::Told(reason) => StoreError::Failed { url, reason, source: None },
        }
    }

    pub(super) fn senseless(&self, reason: &str) -> StoreError {
        StoreError::Failed { url: self.url.clone(), reason: http::one_line(reason), source: None }
    }
}

/// An answer that is still being received.
pub(super) struct Answer<'a> {
    rpc: &'a Rpc,
    /// Whether the head is of Kubo: then an empty answer is valid.
    is_kubo: bool,
    status: StatusCode,
    body: Body,
}

impl Answer<'_> {
    /// The next piece; `None` at a proper end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, RpcError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| self.rpc.unreachable(error))?;
            match frame.into_data() {
                Ok(bytes) => return Ok(Some(bytes)),
                Err(frame) => {
                    let late = frame.trailers_ref().and_then(|trailers| trailers.get(LATE_ERROR));
                    if let Some(text) = late {
                        return Err(RpcError::Told(http::one_line(&String::from_utf8_lossy(text.as_bytes()))));
                    }
                }
            }
        }
        Ok(None)
    }

    pub(super) fn senseless(&self, reason: &str) -> RpcError {
        self.rpc.senseless(reason).into()
    }

    pub(super) fn json<T: DeserializeOwned>(&self, body: &[u8], otherwise: &str) -> Result<T, RpcError> {
        Ok(self.rpc.json(body, otherwise)?)
    }

    pub(super) async fn whole(mut self, limit: usize) -> Result<Bytes, RpcError> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > limit {
                return Err(self.senseless(&format!("its answer is longer than {limit} bytes")));
            }
            whole.extend_from_slice(&bytes);
        }
        if http::is_page(&whole) || (whole.is_empty() && !self.is_kubo) {
            return Err(self.rpc.not_kubo(http::body_kind(&whole), self.status).into());
        }
        Ok(whole.freeze())
    }
}

/// Kubo sets one of these headers in every answer.
fn has_marks(response: &Response) -> bool {
    ["x-stream-output", "x-chunked-output", "x-content-length"]
        .iter()
        .any(|mark| response.headers().contains_key(*mark))
}

fn credentials(url: &Url, token: Option<&Token>) -> Result<Credentials, &'static str> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map_err(|_| "its user name or password is not UTF-8");
    let (user, password) = (decoded(url.username())?, decoded(url.password().unwrap_or_default())?);
    match token {
        None if user.is_empty() && password.is_empty() => Ok(Credentials::None),
        None => Ok(Credentials::Basic { user: user.into_owned(), password: Token::new(password) }),
        Some(_) if !user.is_empty() || !password.is_empty() => Err("give either a token or a user name, not both"),
        Some(token) if !token.reveal().bytes().all(|byte| byte.is_ascii_graphic()) || token.reveal().is_empty() => {
            Err("the token is empty or has spaces or other characters that no token has")
        }
        Some(token) => Ok(Credentials::Bearer(token.clone())),
    }
}

fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Told {
        message: String,
    }
    let text = serde_json::from_slice(body).map(|told: Told| told.message);
    http::one_line(&text.unwrap_or_else(|_| String::from_utf8_lossy(body).into_owned()))
}

pub(super) fn not_found(text: &str) -> bool {
    text.contains("could not find") || text.contains("not found")
}

/// Whether the node waited for its peers without success.
pub(super) fn gave_up(text: &str) -> bool {
    not_found(text) || text.contains("deadline exceeded")
}

/// The block that the node reports as missing.
pub(super) fn missing_in(text: &str) -> Option<Cid> {
    text.split("could not find ").nth(1)?.split_whitespace().next()?.parse().ok()
}
