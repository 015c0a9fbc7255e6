//! Blocks on a hospital's node: it is read as a gateway, and written on behalf of an account, by a session.

mod answer;
mod pin;
mod put;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::store::{
    error::StoreError,
    gateway::Gateway,
    options::StoreOptions,
    seam::{Blocks, Sessions, Store},
    server::Server,
};

pub(super) struct Node {
    server: Server,
    gateway: Gateway,
    sessions: Option<Arc<dyn Sessions>>,
}

/// Shows no session.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.server.url)
    }
}

impl Node {
    /// `ipfs/CID` and `v1/blocks` are below `base`; people see `url`.
    pub(super) fn new(url: String, base: &Url, options: &StoreOptions) -> Self {
        let server = Server::new("a node", url, base.clone(), options.timeout);
        Self { gateway: Gateway::of(server.clone()), server, sessions: None }
    }

    /// A bearer token for one request. It is asked for each time, because it ends within minutes.
    async fn token(&self) -> Result<String, StoreError> {
        let Some(sessions) = &self.sessions else {
            let reason = "only an account can write here; give this store to a system, and write as one of its people";
            return Err(self.server.refused(reason));
        };
        sessions.token(self.server.host()).await
    }

    fn command(&self, method: Method, path: &str, token: &str) -> Result<RequestBuilder, StoreError> {
        Ok(self.server.request(method, path, &[])?.bearer_auth(token))
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for Node {
    fn url(&self) -> &str {
        &self.server.url
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        put::put(self, blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.gateway.get(cid).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.gateway.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        pin::pin(self, root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        pin::unpin(self, root).await
    }

    fn for_account(&self, sessions: &Arc<dyn Sessions>) -> Option<Arc<dyn Store>> {
        let (server, gateway) = (self.server.clone(), self.gateway.clone());
        Some(Arc::new(Self { server, gateway, sessions: Some(sessions.clone()) }))
    }
}
