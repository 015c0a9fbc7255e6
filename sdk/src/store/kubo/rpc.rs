//! Commands and answers of Kubo's RPC: POST only, errors as JSON with status 500 or in a trailer.

use std::{ops::Deref, time::Duration};

use bytes::Bytes;
use cid::Cid;
use percent_encoding::percent_decode_str;
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde::{Deserialize, de::IgnoredAny};
use url::Url;

use crate::{
    platform::http,
    store::{
        error::{StoreError, redacted},
        options::{StoreOptions, Token},
        server::{Answer, SMALL, Server, ServerError},
    },
};

pub(super) struct Rpc {
    server: Server,
    credentials: Credentials,
}

enum Credentials {
    None,
    Bearer(Token),
    Basic { user: String, password: Token },
}

impl Deref for Rpc {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
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
        Ok(Self { server: Server::new("Kubo's RPC", shown, base, options.timeout), credentials })
    }

    pub(super) fn command(&self, name: &str, query: &[(&str, String)]) -> Result<RequestBuilder, StoreError> {
        let request = self.request(Method::POST, name, query)?;
        Ok(match &self.credentials {
            Credentials::None => request,
            Credentials::Bearer(token) => request.bearer_auth(token.reveal()),
            Credentials::Basic { user, password } => request.basic_auth(user, Some(password.reveal())),
        })
    }

    /// A complete answer of at most `limit` bytes.
    pub(super) async fn ask(&self, name: &str, query: &[(&str, String)], limit: usize) -> Result<Bytes, ServerError> {
        self.ask_within(self.timeout, name, query, limit).await
    }

    pub(super) async fn ask_within(
        &self,
        deadline: Duration,
        name: &str,
        query: &[(&str, String)],
        limit: usize,
    ) -> Result<Bytes, ServerError> {
        let whole = async {
            let answer = self.send(self.command(name, query)?).await?;
            self.whole(self.good(answer).await?, limit).await
        };
        self.within(deadline, whole).await?
    }

    /// The same answer, if its status is a success.
    pub(super) async fn good<'a>(&self, answer: Answer<'a>) -> Result<Answer<'a>, ServerError> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        if answer.status == StatusCode::INTERNAL_SERVER_ERROR {
            let body = self.whole(answer, SMALL).await?;
            return Err(ServerError::Told(message(&body)));
        }
        Err(self.refusal(&answer).into())
    }

    pub(super) async fn whole(&self, answer: Answer<'_>, limit: usize) -> Result<Bytes, ServerError> {
        let (status, is_kubo) = (answer.status, has_marks(&answer.headers));
        let body = answer.whole(limit).await?;
        // With Kubo's head, an empty answer is valid.
        if http::is_page(&body) || (body.is_empty() && !is_kubo) {
            return Err(self.stranger(http::body_kind(&body), status).into());
        }
        Ok(body)
    }

    pub(super) async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        let query = [("arg", cid.to_string()), ("offline", "true".to_owned())];
        match self.ask("block/stat", &query, SMALL).await {
            Ok(body) => self.json(&body, "it does not say whether it has a block").map(|IgnoredAny| true),
            Err(ServerError::Told(text)) if not_found(&text) => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn refusal(&self, answer: &Answer<'_>) -> StoreError {
        let status = answer.status.as_u16();
        match answer.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.refused(format!("it wants another token or password (HTTP {status})"))
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                self.refused(format!("this is not Kubo's RPC (HTTP {status}); its port is usually 5001"))
            }
            _ => answer.unexpected(),
        }
    }
}

/// Kubo sets one of these headers in every answer.
fn has_marks(headers: &HeaderMap) -> bool {
    ["x-stream-output", "x-chunked-output", "x-content-length"].iter().any(|mark| headers.contains_key(*mark))
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
