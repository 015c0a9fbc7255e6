//! Asks a node what it offers.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use url::Url;

use crate::{
    base::error::{Error, Result, reason::Reason},
    node::info::{NodeInfo, WELL_KNOWN},
    platform::{
        clock,
        http::{Http, beginning, body_kind, causes, io_cause, is_passing, is_this_machine},
    },
};

/// A longer answer is refused.
const LONGEST_ANSWER: usize = 64 << 10;

/// The address of a node: scheme, host and port.
pub(crate) fn parse(text: &str) -> Result<Url> {
    let wrong = |what: &str| Error::Invalid(format!("the node's address cannot be used: {what}").into());
    let url =
        Url::parse(text.trim()).map_err(|error| wrong(&format!("{error}; one looks like https://clinic.example")))?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_bare || !url.username().is_empty() || url.password().is_some() || url.host_str().is_none() {
        return Err(wrong("give scheme and host alone, such as https://clinic.example"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        "http" => Err(wrong("what it sends and gets would not be encrypted; use https://")),
        _ => Err(wrong("it must begin with https://")),
    }
}

/// Asks the node at this address.
pub(super) async fn ask(address: &Url, timeout: Duration) -> Result<NodeInfo> {
    let name = name_of(address);
    let asking = clock::timeout(timeout, fetch(address, &name, timeout));
    let info = asking.await.unwrap_or_else(|_| Err(Error::TimedOut { service: name.clone(), after: timeout }))?;
    if info.is_readable() { Ok(info) } else { Err(other_version(&name)) }
}

pub(super) fn other_version(name: &str) -> Error {
    let text = format!("{name} speaks another version: update this program, or ask the node's operator to");
    Error::Invalid(text.into())
}

pub(super) fn name_of(address: &Url) -> String {
    format!("the node {}", address.origin().ascii_serialization())
}

async fn fetch(address: &Url, name: &str, timeout: Duration) -> Result<NodeInfo> {
    let unreachable = |reason: Reason| Error::Unreachable { service: name.to_owned(), reason };
    let broken = |error: &reqwest::Error| unreachable(Reason::new(causes(error), io_cause(error)));
    let mut url = address.clone();
    url.set_path(WELL_KNOWN);
    let http = Http::new(&url, timeout / 2, timeout);
    let request = http.request(Method::GET, url).map_err(|error| unreachable(Reason::of(error)))?;
    let response = request.send().await.map_err(|error| broken(&error))?;
    let status = response.status();
    let body = beginning(response, LONGEST_ANSWER).await.map_err(|error| broken(&error))?;
    match serde_json::from_slice(&body) {
        Ok(info) if status == StatusCode::OK => Ok(info),
        _ if is_passing(status) => Err(unreachable(format!("HTTP {}", status.as_u16()).into())),
        _ => {
            let came = body_kind(&body);
            let text = format!("it answered with {came} (HTTP {}), and not as a node does", status.as_u16());
            Err(unreachable(text.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn node_has_one_address_without_path_or_key() {
        for text in ["https://clinic.example", "https://clinic.example/", "http://localhost:8550", " http://[::1]:1 "] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for (text, advice) in [
            ("clinic.example", "looks like https://clinic.example"),
            ("clinic.example:443", "scheme and host"),
            ("http://clinic.example", "not be encrypted"),
            ("http://192.0.2.1", "not be encrypted"),
            ("ftp://clinic.example", "must begin with https://"),
            ("https://clinic.example/records", "scheme and host alone"),
            ("https://clinic.example?key=hunter2", "scheme and host alone"),
            ("https://ana:hunter2@clinic.example", "scheme and host alone"),
            ("https://clinic.example#x", "scheme and host alone"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(advice) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
