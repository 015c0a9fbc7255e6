//! Blocks of an IPFS trustless gateway (<https://specs.ipfs.tech/http-gateways/trustless-gateway/>). It is read-only.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE},
};
use url::Url;

use crate::{
    platform::http,
    store::{
        dag::{self, MAX_BLOCK},
        error::StoreError,
        options::StoreOptions,
        seam::{Blocks, Store},
        server::{Answer, SMALL, Server, ServerError},
    },
};

/// The media type of one block.
const BLOCK: &str = "application/vnd.ipld.raw";

#[derive(Clone)]
pub(super) struct Gateway {
    server: Server,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gateway({})", self.server.url)
    }
}

impl Gateway {
    /// `ipfs/CID` is below `base`; people see `url`.
    pub(super) fn new(url: String, base: &Url, options: &StoreOptions) -> Self {
        Self::of(Server::new("a gateway", url, base.clone(), options.timeout))
    }

    /// The same of a server that is more than a gateway.
    pub(super) fn of(server: Server) -> Self {
        Self { server }
    }

    async fn ask(&self, method: Method, cid: &Cid, own: bool) -> Result<Answer<'_>, StoreError> {
        let path = format!("ipfs/{cid}");
        let request = self.server.request(method, &path, &[("format", "raw".to_owned())])?.header(ACCEPT, BLOCK);
        // A gateway need not heed it. One that does looks for the block nowhere else, and says 412 if it lacks it.
        let request = if own { request.header(CACHE_CONTROL, "only-if-cached") } else { request };
        self.server.send(request).await
    }

    /// The bytes that it gives for a block. The caller checks them.
    async fn block(&self, cid: &Cid, own: bool) -> Result<Bytes, StoreError> {
        let answer = self.ask(Method::GET, cid, own).await?;
        if answer.status != StatusCode::OK {
            return Err(self.refusal(answer, cid).await);
        }
        let status = answer.status;
        let bytes = answer.whole(MAX_BLOCK).await.map_err(|error| self.server.failed(error))?;
        let is_other = (bytes.is_empty() || http::is_page(&bytes)) && dag::check(cid, &bytes).await.is_err();
        match is_other {
            true => Err(self.server.stranger(http::body_kind(&bytes), status)),
            false => Ok(bytes),
        }
    }

    async fn holds(&self, cid: &Cid) -> Result<bool, StoreError> {
        let answer = self.ask(Method::HEAD, cid, true).await?;
        let found = match answer.status {
            StatusCode::OK if is_block(&answer) => return Ok(true),
            // Some servers have no HEAD, Kubo's does not say what it has, and the login page of a network has any head.
            StatusCode::OK | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                match self.block(cid, true).await {
                    Ok(bytes) => dag::check(cid, &bytes).await,
                    Err(error) => Err(error),
                }
            }
            _ => Err(self.refusal(answer, cid).await),
        };
        match found {
            Ok(()) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn refusal(&self, answer: Answer<'_>, cid: &Cid) -> StoreError {
        let status = answer.status.as_u16();
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::PRECONDITION_FAILED => {
                StoreError::NotFound { cid: *cid }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                self.server.refused(format!("it wants a login, which a gateway should not (HTTP {status})"))
            }
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                let what = "it gives no single blocks, so it is not a trustless gateway";
                self.server.refused(format!("{what} (HTTP {status})"))
            }
            status if status.is_redirection() => self.server.refused(
                "it redirects to another address, as gateways for browsers do; use that address if you trust it, or \
                 127.0.0.1 instead of localhost",
            ),
            StatusCode::INTERNAL_SERVER_ERROR => self.own_error(answer).await,
            _ => answer.unexpected(),
        }
    }

    /// A gateway's own words, unless another server spoke.
    async fn own_error(&self, answer: Answer<'_>) -> StoreError {
        let (status, otherwise) = (answer.status, answer.unexpected());
        match answer.whole(SMALL).await {
            Ok(body) if http::is_page(&body) => self.server.stranger(http::body_kind(&body), status),
            Ok(body) if body.trim_ascii().is_empty() => otherwise,
            Ok(body) => self.server.failed(ServerError::Told(http::one_line(&String::from_utf8_lossy(&body)))),
            Err(error) => self.server.failed(error),
        }
    }

    fn read_only(&self) -> StoreError {
        self.server.refused("a gateway is read-only; name a store that can be written before it")
    }
}

fn is_block(answer: &Answer<'_>) -> bool {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(BLOCK))
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for Gateway {
    fn url(&self) -> &str {
        &self.server.url
    }

    async fn put(&self, _: Blocks<'_>) -> Result<u64, StoreError> {
        Err(self.read_only())
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.server.within(self.server.timeout, self.block(cid, false)).await?
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.server.within(self.server.timeout, self.holds(cid)).await?
    }

    async fn pin(&self, _: &Cid) -> Result<(), StoreError> {
        Err(self.read_only())
    }

    async fn unpin(&self, _: &Cid) -> Result<(), StoreError> {
        Err(self.read_only())
    }
}
