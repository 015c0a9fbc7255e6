//! One way to speak HTTP: rustls over ring, the platform's certificates, deadlines always set.

use std::{
    error::Error,
    io, iter,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;
use url::{Host, Url};

use crate::base::error::reason::Cause;

/// The longest text of a server that is repeated to people, in characters.
const LONGEST: usize = 300;

/// What a server said, as one short line: it cannot steer a terminal, forge a line of a log or fill a screen.
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut line: String = spaced.filter(|c| !is_unseen(*c)).take(LONGEST + 1).collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    line.trim().to_owned()
}

/// Control characters, and those that turn the reading direction or are not seen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Posts to one service. It gives up on connecting after `connect`, and on a connection that has been silent for `idle`.
///
/// Redirects are refused: a store or RPC that answers from elsewhere is not the one that was configured.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    encrypted: bool,
    connect: Duration,
    idle: Duration,
    client: Arc<OnceLock<Result<Client, NoTls>>>,
}

/// Encrypted connections cannot be set up here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this machine has no certificates to check an https address with ({0}): install them (package `ca-certificates`), or \
     name a file of them in SSL_CERT_FILE"
)]
pub(crate) struct NoTls(String);

impl Http {
    /// For services at addresses like this one. Nothing is set up before the first request: plain HTTP needs no
    /// certificates, and a service that is not asked needs nothing.
    pub(crate) fn new(url: &Url, connect: Duration, idle: Duration) -> Self {
        Self { encrypted: url.scheme() == "https", connect, idle, client: Arc::default() }
    }

    pub(crate) fn post(&self, url: Url) -> Result<RequestBuilder, NoTls> {
        self.request(Method::POST, url)
    }

    pub(crate) fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, NoTls> {
        let client = self.client.get_or_init(|| self.build().map_err(NoTls));
        client.as_ref().map(|client| client.request(method, url)).map_err(Clone::clone)
    }

    fn build(&self) -> Result<Client, String> {
        Client::builder()
            .tls_backend_preconfigured(tls(self.encrypted).map_err(|error| error.to_string())?)
            // The environment is not read: a proxy would see tokens that were meant for this machine.
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect)
            .read_timeout(self.idle)
            .build()
            .map_err(|error| causes(&error))
    }
}

/// Without `trust` in any certificate there are no encrypted connections: none are made to plain addresses.
fn tls(trust: bool) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?;
    let builder = match trust {
        true => builder.with_platform_verifier()?,
        false => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// Whether what is sent there stays on this machine: only then may a secret travel unencrypted.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    match url.host_str().and_then(|host| Host::parse(host).ok()) {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Why a request failed, with every cause. The outermost words are the same for all causes and are left out, and so is what
/// names the URL, which may hold a key.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    for cause in chain(error) {
        let text = cause.to_string();
        let says_nothing = cause.is::<reqwest::Error>() || text.contains("://") || text.starts_with("client error (");
        if !says_nothing && !told.iter().any(|known| known.contains(&text)) {
            told.push(text);
        }
    }
    match told.is_empty() {
        true => "the connection failed".into(),
        false => one_line(&told.join(": ")),
    }
}

/// The system's error below another, as a copy: what carries it names the URL, which may hold a key.
pub(crate) fn io_cause(error: &(dyn Error + 'static)) -> Option<Cause> {
    let found = cause::<io::Error>(error)?;
    let copy = match found.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(found.kind(), causes(found)),
    };
    Some(copy.into())
}

/// The first error of a type, from this one down.
pub(crate) fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(|error| error.downcast_ref())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// What stands between us and a service says that it is not to be had now, whatever words go with it.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502..=504 | 511)
}

/// What came in the place of an answer, in words: the login page of a network, the error page of a proxy, nothing.
pub(crate) fn what_came(body: &[u8]) -> &'static str {
    match body.trim_ascii() {
        [] => "nothing",
        _ if is_page(body) => "a web page, perhaps the login page of this network",
        [b'{' | b'[', ..] if is_json(body) => "JSON of another kind",
        [b'{' | b'[', ..] => "JSON that breaks off",
        _ => "something else",
    }
}

/// Whether it begins as web pages do.
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
    fn text_of_a_server_is_one_short_line_that_steers_no_terminal() {
        let said = "no\r\nforged: line\u{1b}[2J \u{202e}txt\u{200b}\u{9b}1m\t";
        assert_eq!(one_line(said), "no  forged: line[2J txt1m");
        let long = one_line(&"é".repeat(100_000));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with("é…"));
        assert_eq!(one_line(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
    }

    /// The whole of this runs in a process of its own, on a machine without certificates.
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
        let told = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && told.contains("1 passed"), "{told}");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn every_cause_is_told_but_what_says_nothing_or_names_the_url() {
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
