//! The only HTTP client: rustls over ring, the platform's certificates, and deadlines for every request. In a browser it
//! is the browser's.

#[cfg(not(target_family = "wasm"))]
mod client;
#[cfg(target_family = "wasm")]
#[path = "http/fetch.rs"]
mod client;

use std::{
    error::Error,
    io, iter,
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, header::HeaderMap};
use url::{Host, Url};

#[cfg(target_family = "wasm")]
pub(crate) use self::client::send_blob;
pub(crate) use self::client::{Incoming, is_connect, is_wrong_certificate};
use crate::base::error::reason::Cause;

/// The maximum length of a server's text that is shown to people, in characters.
const LONGEST: usize = 300;

/// A server's text as one short line. It cannot control a terminal, forge a log line or fill a screen.
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut line: String = spaced.filter(|c| !is_unseen(*c)).take(LONGEST + 1).collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    line.trim().to_owned()
}

/// Control characters, and characters that reverse the reading direction or are invisible.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Sends requests to one service. A connection attempt times out after `connect`, and an idle connection after `idle`.
///
/// Redirects are refused: a store or RPC at another address is not the configured one.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    encrypted: bool,
    connect: Duration,
    idle: Duration,
    client: Arc<OnceLock<Result<Client, NoTls>>>,
}

/// This machine cannot make encrypted connections.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine has no certificates to check an https address with ({0}): install them (package `ca-certificates`), or \
     name a file of them in SSL_CERT_FILE"
)]
pub(crate) struct NoTls(String);

impl Http {
    /// A client for addresses like this one. It is set up at the first request: plain HTTP needs no certificates, and
    /// an unused service needs no setup.
    pub(crate) fn new(url: &Url, connect: Duration, idle: Duration) -> Self {
        Self { encrypted: url.scheme() == "https", connect, idle, client: Arc::default() }
    }

    pub(crate) fn post(&self, url: Url) -> Result<RequestBuilder, NoTls> {
        self.request(Method::POST, url)
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, NoTls> {
        let client = self.client.get_or_init(|| client::build(self.encrypted, self.connect, self.idle).map_err(NoTls));
        client.as_ref().map(|client| client.request(method, url)).map_err(Clone::clone)
    }
}

/// An answer, or of one that is longer than `most` bytes its beginning, which is longer too. The rest is not read.
pub(crate) async fn beginning(response: Response, most: usize) -> reqwest::Result<Vec<u8>> {
    let (mut body, mut incoming) = (Vec::new(), Incoming::of(response));
    while body.len() <= most
        && let Some(piece) = incoming.next().await?
    {
        if let Piece::Bytes(part) = piece {
            body.extend_from_slice(&part);
        }
    }
    Ok(body)
}

/// A piece of an answer.
pub(crate) enum Piece {
    Bytes(Bytes),
    /// Only some servers send them, and no browser shows them.
    #[cfg_attr(target_family = "wasm", expect(dead_code))]
    Trailers(HeaderMap),
}

/// Whether the address is this machine. Only then may a secret be sent unencrypted.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host_str().and_then(|host| Host::parse(host).ok()) {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Why a request failed, with every cause. It leaves out the outermost text, which is always the same, and texts that
/// name the URL, which may hold a key.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in chain(error) {
        let text = cause.to_string();
        let is_left_out = cause.is::<reqwest::Error>() || text.contains("://") || text.starts_with("client error (");
        if !is_left_out && !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    match texts.is_empty() {
        true => "the connection failed".into(),
        false => one_line(&texts.join(": ")),
    }
}

/// A copy of the system's error below another. The errors above it name the URL, which may hold a key.
pub(crate) fn io_cause(error: &(dyn Error + 'static)) -> Option<Cause> {
    let found = cause::<io::Error>(error)?;
    let copy = match found.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(found.kind(), causes(found)),
    };
    Some(copy.into())
}

/// The first error of a type in the chain.
pub(crate) fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The error and its causes.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// Whether a proxy or gateway reports that the service is temporarily unavailable.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504 | 511)
}

/// Describes a body that is not the expected answer: the login page of a network, the error page of a proxy, nothing.
pub(crate) fn body_kind(body: &[u8]) -> &'static str {
    match body.trim_ascii() {
        [] => "nothing",
        _ if is_page(body) => "a web page, perhaps the login page of this network",
        [b'{' | b'[', ..] if is_json(body) => "JSON of another kind",
        [b'{' | b'[', ..] => "JSON that breaks off",
        _ => "something else",
    }
}

/// Whether a body begins like a web page.
pub(crate) fn is_page(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    let begins = |tag: &[u8]| body.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<?xml")
}

pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn text_of_a_server_is_one_short_line_that_cannot_control_a_terminal() {
        let text = "no\r\nforged: line\u{1b}[2J \u{202e}txt\u{200b}\u{9b}1m\t";
        assert_eq!(one_line(text), "no  forged: line[2J txt1m");
        let long = one_line(&"é".repeat(100_000));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with("é…"));
        assert_eq!(one_line(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
    }

    /// Runs in a separate process that finds no certificates.
    #[test]
    #[ignore = "run by the test below"]
    fn without_certificates() {
        let http = |url: &str| {
            let url = Url::parse(url).unwrap();
            Http::new(&url, Duration::from_secs(1), Duration::from_secs(1)).post(url)
        };
        drop(http("http://127.0.0.1:8545").unwrap());
        let error = http("https://rpc.example").unwrap_err().to_string();
        assert!(error.contains("ca-certificates"), "{error}");
    }

    #[test]
    fn plain_addresses_need_no_certificates() {
        let nowhere = "/nonexistent";
        let done = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "platform::http::tests::without_certificates"])
            .env("SSL_CERT_FILE", nowhere)
            .env("SSL_CERT_DIR", nowhere)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && output.contains("1 passed"), "{output}");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn every_cause_is_reported_unless_it_is_generic_or_names_the_url() {
        let chain = |texts: &[&'static str]| {
            let layers = texts.iter().rev().fold(None, |inner, text| Some(Box::new(Layer(text, inner))));
            causes(&*layers.unwrap())
        };
        let tcp = ["client error (Connect)", "tcp connect error", "Connection refused (os error 111)"];
        assert_eq!(chain(&tcp), "tcp connect error: Connection refused (os error 111)");
        assert_eq!(chain(&["no: twice", "twice"]), "no: twice");
        assert_eq!(chain(&["for url (http://host/secret)", "because"]), "because");
        assert_eq!(chain(&["for url (http://host/secret)"]), "the connection failed");
        assert_eq!(chain(&["one\nline"]), "one line");
    }
}
