//! Connects `object_store` to this crate's HTTP client, and describes the errors of S3 servers.
//!
//! Addresses are `endpoint/bucket/key`, which every S3 server supports. Each answer is read completely, within one
//! deadline and up to a size limit. No request is repeated.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use object_store::{
    ClientOptions, ObjectStore,
    aws::AmazonS3Builder,
    client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService},
    path::Path,
    prefix::PrefixStore,
};
use reqwest::{
    Body, Method, Response, StatusCode,
    header::{DATE, HeaderMap},
};
use url::Url;

use crate::{
    platform::{
        clock::timeout,
        http::{self, Http},
    },
    store::{
        dag::MAX_BLOCK,
        error::{StoreError, with_causes},
        options::{S3Access, StoreOptions, Token},
    },
};

/// The maximum length of an answer: a block, or the text of an error.
const LONGEST: usize = MAX_BLOCK + (64 << 10);

pub(super) fn open(
    url: &str,
    bucket: &str,
    prefix: &str,
    options: &StoreOptions,
) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let wrong = |reason: String| StoreError::Url { url: url.to_owned(), reason };
    let access = options.s3.as_ref().ok_or_else(|| wrong("a bucket needs a key: give its id and secret".into()))?;
    check(access).map_err(|reason| wrong(reason.into()))?;
    let endpoint = endpoint(access).map_err(|reason| wrong(reason.into()))?;
    let builder = AmazonS3Builder::new()
        .with_endpoint(endpoint.as_str())
        .with_bucket_name(bucket)
        .with_region(&access.region)
        .with_access_key_id(access.key_id.reveal())
        .with_secret_access_key(access.secret.reveal())
        .with_http_connector(Server::new(&endpoint, access.region.clone(), options.timeout))
        // Not every server supports several keys in one request.
        .with_disable_bulk_delete(true);
    let builder = match &access.session {
        Some(token) => builder.with_token(token.reveal()),
        None => builder,
    };
    let objects = builder.build().map_err(|error| wrong(with_causes(&error)))?;
    Ok(Arc::new(PrefixStore::new(objects, Path::from(prefix))))
}

/// Checks values that become headers.
fn check(access: &S3Access) -> Result<(), &'static str> {
    let is_word = |token: &Token| !token.reveal().is_empty() && token.reveal().bytes().all(|b| b.is_ascii_graphic());
    if ![&access.key_id, &access.secret].into_iter().chain(&access.session).all(is_word) {
        return Err("the id, secret or session token of its key is empty or has spaces or characters that no key has");
    }
    let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if access.region.is_empty() || !access.region.chars().all(is_region) {
        return Err("a region is written like eu-central-1; servers that have none take us-east-1");
    }
    Ok(())
}

fn endpoint(access: &S3Access) -> Result<Url, &'static str> {
    let form = "the endpoint of its server is written https://host, without user, ? and #";
    let aws = || format!("https://s3.{}.amazonaws.com", access.region);
    let url = Url::parse(&access.endpoint.clone().unwrap_or_else(aws)).map_err(|_| form)?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() || !bare {
        return Err(form);
    }
    if url.scheme() == "http" && !http::is_this_machine(&url) {
        return Err("a session token and the requests would be sent unencrypted; use https for the endpoint");
    }
    Ok(url)
}

/// The connection to one server.
#[derive(Clone)]
struct Server {
    http: Http,
    region: String,
    timeout: Duration,
}

/// `object_store` requires `Debug`.
impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Server")
    }
}

impl HttpConnector for Server {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl HttpService for Server {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let whole = timeout(self.timeout, self.exchange(request));
        let answer = whole.await.unwrap_or(Err(Fault::TimedOut(self.timeout)));
        // `object_store` repeats requests that fail with other kinds of errors, but no call of a store repeats a
        // request.
        answer.map_err(|fault| HttpError::new(HttpErrorKind::Unknown, fault))
    }
}

impl Server {
    fn new(endpoint: &Url, region: String, timeout: Duration) -> Self {
        Self { http: Http::new(endpoint, timeout, timeout), region, timeout }
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, Fault> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|error| Fault::Failed(error.to_string()))?;
        let head = parts.method == Method::HEAD;
        let request = self.http.request(parts.method, url).map_err(|error| Fault::Unreachable(error.to_string()))?;
        let response = request.headers(parts.headers).body(Body::wrap(body)).send().await;
        let response = response.map_err(|error| self.broken(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.whole(response).await?;
        let code = code_in(&body);
        let absent = status == StatusCode::NOT_FOUND && (head || code == "NoSuchKey");
        if !status.is_success() && !absent {
            return Err(self.fault(status, &headers, &body, code));
        }
        let mut answer = HttpResponse::new(body.into());
        (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
        Ok(answer)
    }

    async fn whole(&self, response: Response) -> Result<Bytes, Fault> {
        let (mut body, mut whole) = (Body::from(response), BytesMut::new());
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|error| self.broken(&error))?.into_data() else { continue };
            if whole.len() + piece.len() > LONGEST {
                return Err(Fault::Failed(format!("its answer is longer than {LONGEST} bytes")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn broken(&self, error: &reqwest::Error) -> Fault {
        match error.is_timeout() {
            true => Fault::TimedOut(self.timeout),
            false => Fault::Unreachable(http::causes(error)),
        }
    }

    fn fault(&self, status: StatusCode, headers: &HeaderMap, body: &[u8], code: &str) -> Fault {
        if let Some(region) = elsewhere(headers, body).filter(|region| *region != self.region) {
            return Fault::Refused(format!("the bucket is in the region {region}, not {}: name that one", self.region));
        }
        let by_code = match code {
            "RequestTimeTooSkewed" | "RequestExpired" => Some(Fault::Refused(skewed(headers))),
            "QuotaExceeded" | "InsufficientStorage" | "XMinioStorageFull" => Some(Fault::Full),
            "SlowDown" => Some(overloaded(status)),
            code => advice(code).map(|advice| Fault::Refused(advice.to_owned())),
        };
        by_code.unwrap_or_else(|| by_status(status, code))
    }
}

/// Advice for the error codes of AWS, which other servers copy. Only codes are read: the texts name the key's id, and
/// more if a signature is wrong.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "NoSuchBucket" => "the server has no bucket of this name: make it, or correct name or endpoint",
        "InvalidAccessKeyId" => "the server does not know this key id: correct it, or the endpoint",
        "SignatureDoesNotMatch" => "the secret is not that of this key id: correct it",
        "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" => {
            "the session token has expired or is wrong: get a new key"
        }
        "AccessDenied" | "AllAccessDisabled" | "AccountProblem" => {
            "its key may not do this: allow s3:GetObject, s3:PutObject and s3:ListBucket, and s3:DeleteObject on pins/"
        }
        _ => return None,
    })
}

fn by_status(status: StatusCode, code: &str) -> Fault {
    let number = status.as_u16();
    match number {
        507 => Fault::Full,
        _ if http::is_passing(status) => overloaded(status),
        300..=399 => Fault::Refused("it redirects to another address: correct the endpoint and the region".to_owned()),
        401 | 403 => Fault::Refused(format!(
            "it refuses the key (HTTP {number}): check id, secret, what the key may do, and the clock of this machine"
        )),
        404 | 405 => Fault::Refused(format!("the server is not an S3 server (HTTP {number}): correct the endpoint")),
        _ => Fault::Failed(format!("HTTP {number} {code}").trim_end().to_owned()),
    }
}

fn overloaded(status: StatusCode) -> Fault {
    let number = status.as_u16();
    Fault::Unreachable(format!("it is overloaded, or asks for fewer requests (HTTP {number}); try again later"))
}

/// The region of the bucket, if the server names it.
fn elsewhere<'a>(headers: &'a HeaderMap, body: &'a [u8]) -> Option<&'a str> {
    let named = headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
    let region = named.or_else(|| element(body, "Region"))?;
    let is_region = region.len() < 40 && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    is_region.then_some(region)
}

/// The code of an error, or an empty string.
fn code_in(body: &[u8]) -> &str {
    let code = element(body, "Code").filter(|code| code.len() < 64);
    code.filter(|code| code.bytes().all(|byte| byte.is_ascii_alphanumeric())).unwrap_or_default()
}

/// Finds an element by name: errors of S3 have no nested elements.
fn element<'a>(body: &'a [u8], name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(body).ok().filter(|text| text.contains("<Error>"))?;
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    rest.split_once("</").map(|(value, _)| value)
}

fn skewed(headers: &HeaderMap) -> String {
    let theirs = headers.get(DATE).and_then(|date| date.to_str().ok());
    let now = humantime::format_rfc3339_seconds(SystemTime::now());
    let theirs = theirs.map(|date| format!(", the server's {}", http::one_line(date))).unwrap_or_default();
    format!(
        "the clocks differ by more than the server allows; this machine's says {now}{theirs}: correct the wrong one"
    )
}

/// The error of one exchange. `object_store` returns it inside its own errors.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{0}")]
    Unreachable(String),
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Failed(String),
    #[error("the bucket is full")]
    Full,
}

impl Fault {
    pub(super) fn of(&self, url: String) -> StoreError {
        match self {
            Self::Unreachable(reason) => StoreError::Unreachable { url, reason: reason.clone(), source: None },
            Self::TimedOut(after) => StoreError::TimedOut { url, after: *after },
            Self::Refused(reason) => StoreError::Refused { url, reason: reason.clone(), source: None },
            Self::Failed(reason) => StoreError::Failed { url, reason: reason.clone(), source: None },
            Self::Full => StoreError::Full { url },
        }
    }
}
