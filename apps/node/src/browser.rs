//! Keeps web pages out: a page in a browser inside the hospital can reach what the browser reaches.
//!
//! A page cannot send JSON or CAR files to another site without a preflight, and its POST always has `Origin`. A page
//! whose own name points at this machine (DNS rebinding) needs neither, but sends its name in `Host`.

use std::{collections::HashSet, net::IpAddr};

use axum::{
    http::{
        HeaderMap, HeaderValue, Method, Request, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN},
    },
    response::{IntoResponse, Response},
};

use crate::answer::{no_session, said};

/// The callers that a node answers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browsers {
    /// Its host names besides its addresses and `localhost`; lower case.
    hosts: HashSet<String>,
    /// Origins of web pages that may use it.
    origins: HashSet<String>,
    /// The port that it listens on.
    port: u16,
    /// Whether it serves a web page itself, which may use it.
    has_page: bool,
}

/// The reason why a request is refused unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// It is meant for a server with another name.
    Host,
    /// Its session names a host that is not surely this node.
    Session,
    /// A web page sent it.
    Origin,
    /// It is of a type that a web page can send without a preflight.
    Type,
}

impl Browsers {
    /// These names and web pages.
    pub(crate) fn new(hosts: &[String], origins: &[String], port: u16) -> Result<Self, String> {
        for host in hosts {
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
            if host.is_empty() || !host.chars().all(is_name) {
                return Err(format!("--host {host}: give a name alone, such as clinic.example"));
            }
        }
        for origin in origins {
            let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if !rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '*', '?', '#', '@', ' ', ','])) {
                return Err(format!("--allow-origin {origin}: an origin looks like https://portal.hospital.example"));
            }
        }
        let lower = |all: &[String]| all.iter().map(|text| text.to_ascii_lowercase()).collect();
        Ok(Self { hosts: lower(hosts), origins: lower(origins), port, has_page: false })
    }

    /// The same, with a page of its own or without.
    pub(crate) fn with_page(self, has_page: bool) -> Self {
        Self { has_page, ..self }
    }

    /// The origin of the web page that sent the request, if it may use the node.
    pub(crate) fn page<B>(&self, request: &Request<B>) -> Option<HeaderValue> {
        self.origin(request.headers()).ok().flatten()
    }

    /// Checks a request.
    pub(crate) fn check<B>(&self, request: &Request<B>) -> Result<(), Stopped> {
        let headers = request.headers();
        let hosts = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
        let mut named = hosts.chain(request.uri().authority().map(|authority| authority.as_str())).peekable();
        if named.peek().is_none() || !named.all(|host| self.is_own(host)) {
            return Err(Stopped::Host);
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        if headers.contains_key(AUTHORIZATION) && !self.is_for(host) {
            return Err(Stopped::Session);
        }
        if !self.is_visit(request) {
            self.origin(headers)?;
        }
        if request.method() == Method::POST && !is_own_type(headers) {
            return Err(Stopped::Type);
        }
        Ok(())
    }

    /// Whether somebody follows a link of another site to the page of this node.
    fn is_visit<B>(&self, request: &Request<B>) -> bool {
        let says = |name: &str, value: &str| request.headers().get(name).is_some_and(|said| said == value);
        let is_page = self.has_page && request.method() == Method::GET && request.uri().path() == "/";
        let is_asked = says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document");
        is_page && is_asked && !request.headers().contains_key(ORIGIN)
    }

    fn origin(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Stopped> {
        let Some(origin) = headers.get(ORIGIN) else {
            // A page that need not read the answer names no origin, but its browser says that it is another site's.
            let site = headers.get("sec-fetch-site").map_or(&b"none"[..], HeaderValue::as_bytes);
            return if matches!(site, b"none" | b"same-origin") { Ok(None) } else { Err(Stopped::Origin) };
        };
        let origin_text = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        if headers.get_all(ORIGIN).iter().count() != 1 {
            return Err(Stopped::Origin);
        }
        match (self.origins.contains(&origin_text), self.is_of_own_page(&origin_text, headers)) {
            (true, _) => Ok(Some(origin.clone())),
            // It needs no leave to read the answer.
            (_, true) => Ok(None),
            _ => Err(Stopped::Origin),
        }
    }

    /// Whether the page that this node serves sent it: the host was checked to be the node's own, and the browser says that
    /// the page is of that host.
    fn is_of_own_page(&self, origin: &str, headers: &HeaderMap) -> bool {
        let site = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        self.has_page && site.is_some_and(|site| site == host(headers))
    }

    /// An address is safe: no page can have it as its name.
    fn is_own(&self, host: &str) -> bool {
        let (name, _) = parts(host);
        name == "localhost" || address(&name).is_some() || self.hosts.contains(&name)
    }

    /// Whether what was signed for this host was signed for this node: its operator gave the name, or it is this machine at
    /// the node's own port. A session for another server on this machine or network is worthless here.
    pub(crate) fn is_for(&self, host: &str) -> bool {
        let (name, port) = parts(host);
        let is_here = name == "localhost" || address(&name).is_some_and(|address| address.is_loopback());
        self.hosts.contains(&name) || is_here && port == Some(self.port)
    }
}

/// The host that was asked, as it is signed for. The guard has refused a request without one.
pub(crate) fn host(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_ascii_lowercase()
}

/// The name in lower case, and the port.
fn parts(host: &str) -> (String, Option<u16>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => {
            (name.to_ascii_lowercase(), port.parse().ok())
        }
        _ => (host.to_ascii_lowercase(), None),
    }
}

fn address(name: &str) -> Option<IpAddr> {
    name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name).parse().ok()
}

impl Stopped {
    fn status(self) -> StatusCode {
        match self {
            Self::Host => StatusCode::MISDIRECTED_REQUEST,
            Self::Session => StatusCode::UNAUTHORIZED,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Type => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Host => "this node does not have that name: its operator can add it with --host",
            Self::Session => {
                "a session for this host may be for another host: the node's operator can name it with --host"
            }
            Self::Origin => "this web page may not use this node: its operator can allow it with --allow-origin",
            Self::Type => {
                "send application/json, blocks as application/vnd.ipld.car, or a frame as application/octet-stream"
            }
        }
    }
}

impl IntoResponse for Stopped {
    fn into_response(self) -> Response {
        let response = said(self.status(), self.says());
        match self {
            Self::Session => no_session(response),
            _ => response,
        }
    }
}

/// The types of requests. A web page of another site needs a preflight for each of them.
const TYPES: [&str; 3] = ["application/json", CAR, BYTES];
pub(crate) const CAR: &str = "application/vnd.ipld.car";
pub(crate) const BYTES: &str = "application/octet-stream";

fn is_own_type(headers: &HeaderMap) -> bool {
    TYPES.iter().any(|known| essence(headers).eq_ignore_ascii_case(known))
}

/// The media type of a request without its parameters; empty unless there is exactly one.
pub(crate) fn essence(headers: &HeaderMap) -> &str {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let one = types.next().filter(|_| types.next().is_none()).and_then(|one| one.to_str().ok());
    one.and_then(|one| one.split(';').next()).unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PAGE: &str = "https://portal.example";

    fn browsers() -> Browsers {
        Browsers::new(&["Relay.example".into()], &[PAGE.into()], 8550).unwrap()
    }

    fn check(headers: &[(&str, &str)]) -> Result<Option<HeaderValue>, Stopped> {
        let mut request = Request::post("/v1/requests");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        browsers().check(&request).map(|()| browsers().page(&request))
    }

    #[test]
    fn only_known_types_for_this_host_and_from_no_web_page_are_read() {
        let json = ("content-type", "application/json; charset=utf-8");
        for host in ["localhost", "LOCALHOST:8550", "127.0.0.1:8550", "[::1]:8550", "10.1.2.3", "relay.example:443"] {
            assert_eq!(check(&[("host", host), json]), Ok(None), "{host}");
        }
        for kind in ["application/vnd.ipld.car", "application/octet-stream", "Application/Octet-Stream"] {
            assert_eq!(check(&[("host", "localhost"), ("content-type", kind)]), Ok(None), "{kind}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", ":80", "relay.example."] {
            assert_eq!(check(&[("host", host), json]), Err(Stopped::Host), "{host}");
        }
        assert_eq!(check(&[json]), Err(Stopped::Host));
        assert_eq!(check(&[("host", "localhost"), ("host", "evil.example"), json]), Err(Stopped::Host));
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonx",
            "application/octet-streams",
            "",
        ] {
            assert_eq!(check(&[("host", "localhost"), ("content-type", kind)]), Err(Stopped::Type), "{kind}");
        }
        assert_eq!(check(&[("host", "localhost")]), Err(Stopped::Type));
        assert_eq!(check(&[("host", "localhost"), json, ("content-type", "text/plain")]), Err(Stopped::Type));
    }

    #[test]
    fn request_of_another_site_needs_an_origin_that_is_allowed() {
        let of = |more: &[(&str, &str)]| {
            let mut request = Request::get("/v1/events").header("host", "localhost");
            for (name, value) in more {
                request = request.header(*name, *value);
            }
            browsers().check(&request.body(()).unwrap())
        };
        let site = "sec-fetch-site";
        for allowed in [&[][..], &[(site, "none")], &[(site, "same-origin")], &[(site, "cross-site"), ("origin", PAGE)]]
        {
            assert_eq!(of(allowed), Ok(()), "{allowed:?}");
        }
        for refused in [&[(site, "cross-site")][..], &[(site, "same-site")], &[(site, "")], &[(site, "x")]] {
            assert_eq!(of(refused), Err(Stopped::Origin), "{refused:?}");
        }
    }

    #[test]
    fn web_page_is_answered_only_if_it_is_allowed() {
        let rest = [("host", "localhost"), ("content-type", "application/json")];
        let from = |origin| check(&[rest[0], rest[1], ("origin", origin)]);
        assert_eq!(from(PAGE), Ok(Some(HeaderValue::from_static(PAGE))));
        for origin in ["null", "http://portal.example", "https://portal.example.evil.example", "http://localhost", ""] {
            assert_eq!(from(origin), Err(Stopped::Origin), "{origin}");
        }
        assert_eq!(check(&[rest[0], rest[1], ("origin", PAGE), ("origin", "null")]), Err(Stopped::Origin));
    }

    #[test]
    fn a_request_line_that_names_another_host_is_for_that_host() {
        let request = Request::get("http://evil.example/metrics").header("host", "localhost").body(()).unwrap();
        assert_eq!(browsers().check(&request), Err(Stopped::Host));
    }

    #[test]
    fn session_is_for_a_given_name_or_this_machine_at_the_own_port() {
        for host in [
            "relay.example",
            "Relay.Example:443",
            "relay.example:8550",
            "localhost:8550",
            "127.0.0.1:8550",
            "[::1]:8550",
        ] {
            assert!(browsers().is_for(host), "{host}");
        }
        for host in [
            "localhost",
            "localhost:9999",
            "127.0.0.1:9999",
            "[::1]:80",
            "10.1.2.3:8550",
            "evil.example:8550",
            "",
            ":8550",
        ] {
            assert!(!browsers().is_for(host), "{host}");
        }
    }

    #[test]
    fn names_that_stand_for_everybody_are_refused() {
        for origin in ["*", "null", "https://", "https://*.example", "https://a.example/", "file:///x"] {
            assert!(Browsers::new(&[], &[origin.into()], 1).is_err(), "{origin}");
        }
        for host in ["", "*", "a b", "http://relay.example", "relay.example:80"] {
            assert!(Browsers::new(&[host.into()], &[], 1).is_err(), "{host}");
        }
    }

    #[test]
    fn refusal_of_a_session_names_the_scheme() {
        for (stopped, scheme) in [(Stopped::Session, Some("Bearer")), (Stopped::Origin, None), (Stopped::Host, None)] {
            let response = stopped.into_response();
            let named = response.headers().get("www-authenticate").map(|scheme| scheme.to_str().unwrap());
            assert_eq!((response.status(), named), (stopped.status(), scheme));
        }
    }

    #[test]
    fn page_of_the_node_itself_may_use_it_and_others_may_link_to_it() {
        let [with, without] = [true, false].map(|has_page| browsers().with_page(has_page));
        let request = |method: Method, path: &str, headers: &[(&str, &str)]| {
            let all = headers.iter().copied().chain([("host", "relay.example"), ("content-type", "application/json")]);
            let request = all.fold(Request::builder().method(method).uri(path), |request, (name, value)| {
                request.header(name, value)
            });
            request.body(()).unwrap()
        };
        let post = |origin| request(Method::POST, "/v1/requests", &[("origin", origin)]);
        for (origin, expected) in [
            ("https://relay.example", Ok(())),
            ("http://Relay.example", Ok(())),
            (PAGE, Ok(())),
            ("https://relay.example:444", Err(Stopped::Origin)),
            ("https://relay.example.evil.example", Err(Stopped::Origin)),
            ("https://evil.example", Err(Stopped::Origin)),
            ("null", Err(Stopped::Origin)),
        ] {
            assert_eq!(with.check(&post(origin)), expected, "{origin}");
        }
        assert_eq!(without.check(&post("https://relay.example")), Err(Stopped::Origin));
        assert_eq!(with.page(&post("https://relay.example")), None, "it is no other site");

        let visit = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert_eq!(with.check(&request(Method::GET, "/", &visit)), Ok(()));
        let framed = [visit[0], visit[1], ("sec-fetch-dest", "iframe")];
        for (method, path, headers) in [
            (Method::GET, "/v1/rpc", &visit[..]),
            (Method::POST, "/", &visit[..]),
            (Method::GET, "/", &visit[..1]),
            (Method::GET, "/", &framed[..]),
        ] {
            assert_eq!(with.check(&request(method.clone(), path, headers)), Err(Stopped::Origin), "{method} {path}");
        }
        assert_eq!(without.check(&request(Method::GET, "/", &visit)), Err(Stopped::Origin));
    }
}
