//! A relay over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::Deserialize;
use url::Url;

use crate::{
    base::{
        bounds::Timeout,
        error::{Error, Result, reason::Reason},
    },
    platform::{
        clock::timeout,
        http::{Http, beginning, body_kind, causes, io_cause, is_passing, one_line},
    },
    relay::{Fate, Relay, SignedRequest},
};

/// Answers are small. A longer one is refused.
const LONGEST_ANSWER: usize = 64 * 1024;

/// `POST {url}/v1/requests` with a [`SignedRequest`], answered by a [`Fate`].
#[derive(Clone)]
pub struct HttpRelay {
    name: String,
    requests: Url,
    http: Http,
    timeout: Duration,
}

/// The body of an answer that takes no request.
#[derive(Deserialize)]
struct Problem {
    error: String,
}

/// Scheme, host and port of a relay's URL. People see only these, because the rest may hold a key.
pub fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| "(unreadable URL)".to_owned(), |url| url.origin().ascii_serialization())
}

impl HttpRelay {
    /// The relay at this URL, which must answer within `timeout`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the URL cannot be used.
    pub fn connect(url: &str, timeout: Duration) -> Result<Self> {
        let wrong = |what: &str| {
            Error::Invalid(
                format!("the relay's URL cannot be used: {what}; one looks like https://relay.example").into(),
            )
        };
        let timeout = Timeout::try_from(timeout)?.get();
        let base = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("it must begin with http:// or https:// and have neither ? nor #"));
        }
        let host = base.host_str().ok_or_else(|| wrong("it names no host"))?;
        let name = base.port().map_or_else(|| format!("the relay {host}"), |port| format!("the relay {host}:{port}"));
        let path = format!("{}/v1/requests", base.path().trim_end_matches('/'));
        let mut requests = base;
        requests.set_path(&path);
        let http = Http::new(&requests, timeout / 2, timeout);
        Ok(Self { name, requests, http, timeout })
    }

    async fn post(&self, request: &SignedRequest) -> Result<(StatusCode, Vec<u8>)> {
        let post = self.http.post(self.requests.clone()).map_err(|error| self.unreachable(Reason::of(error)))?;
        let response = post.json(request).send().await.map_err(|error| self.transport_error(&error))?;
        let status = response.status();
        let body = beginning(response, LONGEST_ANSWER).await.map_err(|error| self.transport_error(&error))?;
        Ok((status, body))
    }

    fn timeout_error(&self) -> Error {
        Error::TimedOut { service: self.name.clone(), after: self.timeout }
    }

    fn transport_error(&self, error: &reqwest::Error) -> Error {
        if error.is_timeout() {
            return self.timeout_error();
        }
        self.unreachable(Reason::new(causes(error), io_cause(error)))
    }

    fn unreachable(&self, reason: impl Into<Reason>) -> Error {
        Error::Unreachable { service: self.name.clone(), reason: reason.into() }
    }

    fn read(&self, status: StatusCode, body: &[u8]) -> Result<Fate> {
        match serde_json::from_slice(body) {
            Ok(Fate::Refused { reason }) => return Ok(Fate::Refused { reason: one_line(&reason) }),
            Ok(fate) => return Ok(fate),
            Err(_) => {}
        }
        let Ok(Problem { error }) = serde_json::from_slice(body) else {
            // Another program answered.
            let answer = body_kind(body);
            let status = status.as_u16();
            let reason = format!("it answered with {answer}, and not as a relay does (HTTP {status}): check its URL");
            return Err(self.unreachable(reason));
        };
        match is_passing(status) {
            true => Err(self.unreachable(one_line(&error))),
            false => Err(Error::Refused { service: self.name.clone(), reason: one_line(&error).into() }),
        }
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Relay for HttpRelay {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn carry(&self, request: &SignedRequest) -> Result<Fate> {
        let answer = timeout(self.timeout, self.post(request)).await;
        let (status, body) = answer.unwrap_or_else(|_| Err(self.timeout_error()))?;
        self.read(status, &body)
    }
}

/// Shows no path, which may hold a key.
impl std::fmt::Debug for HttpRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("HttpRelay").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn relay_answer_is_shortened_to_one_line_before_it_is_shown() {
        let relay = HttpRelay::connect("http://relay.example", Duration::from_secs(1)).unwrap();
        let text = format!("no\r\nDone: paid\u{1b}[2J\u{202e}{}", "x".repeat(9_000));
        let refused = serde_json::to_vec(&Fate::Refused { reason: text.clone() }).unwrap();
        let problem = serde_json::json!({ "error": text }).to_string();
        let Ok(Fate::Refused { reason }) = relay.read(StatusCode::UNPROCESSABLE_ENTITY, &refused) else { panic!() };
        let mut texts = vec![reason];
        for status in [StatusCode::FORBIDDEN, StatusCode::SERVICE_UNAVAILABLE] {
            texts.push(relay.read(status, problem.as_bytes()).unwrap_err().to_string());
        }
        for text in texts {
            assert!(text.contains("no  Done: paid[2Jx") && text.chars().count() < 400, "{text}");
            assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
        }
    }

    #[test]
    fn answer_that_is_not_from_a_relay_is_unreachable_whatever_its_status() {
        let relay = HttpRelay::connect("http://relay.example", Duration::from_secs(1)).unwrap();
        for body in ["<html>log in</html>", "", "{\"status\":\"do", "{\"ok\":true}", "OK"] {
            for status in [200, 302, 400, 404, 500, 502, 503, 511] {
                let error = relay.read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).unwrap_err();
                assert_eq!(error.kind(), crate::base::error::kind::ErrorKind::Unreachable, "{status} {body}: {error}");
            }
        }
        for (status, kind) in [(429, true), (502, true), (503, true), (504, true), (400, false), (403, false)] {
            let error = relay.read(StatusCode::from_u16(status).unwrap(), br#"{"error":"no"}"#).unwrap_err();
            assert_eq!(error.kind() == crate::base::error::kind::ErrorKind::Unreachable, kind, "{status}: {error}");
        }
    }

    #[tokio::test]
    async fn error_says_why_a_relay_is_unreachable() {
        let request = SignedRequest { chain_id: 1, contract: Default::default(), data: Default::default() };
        for (url, cause) in
            [("http://127.0.0.1:1/key", "Connection refused"), ("http://no-such-host.invalid/key", "dns error")]
        {
            let error = HttpRelay::connect(url, Duration::from_secs(5)).unwrap().carry(&request).await.unwrap_err();
            let text = error.to_string();
            assert!(text.contains(cause) && !text.contains("/key") && !text.contains("sending request"), "{text}");
        }
    }
}
