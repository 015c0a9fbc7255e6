//! Blocks on a Kubo node, through its RPC.
//!
//! It asks the node first for its own blocks, and only then for those of its peers. An answer is a success only if it
//! ended properly: Kubo reports late errors in a trailer, after status 200.

mod import;
mod pin;
mod rpc;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use serde::Deserialize;
use url::Url;

use crate::store::{
    dag::MAX_BLOCK,
    error::StoreError,
    kubo::rpc::Rpc,
    options::StoreOptions,
    seam::{Blocks, Store},
    server::{SMALL, ServerError},
};

/// How long to wait past the node's own deadline for its answer.
const GRACE: Duration = Duration::from_secs(2);

pub(super) struct Kubo {
    rpc: Rpc,
    peers: Duration,
}

impl fmt::Debug for Kubo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Kubo({})", self.rpc.url)
    }
}

impl Kubo {
    pub(super) fn new(url: &Url, options: &StoreOptions) -> Result<Self, StoreError> {
        Ok(Self { rpc: Rpc::new(url, options)?, peers: options.peers })
    }

    /// Whether to wait for peers. A node that does not answer this may have some.
    async fn has_peers(&self) -> bool {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Swarm {
            peers: Option<Vec<serde::de::IgnoredAny>>,
        }
        if self.peers.is_zero() {
            return false;
        }
        let Ok(answer) = self.rpc.ask("swarm/peers", &[], 4 << 20).await else { return true };
        serde_json::from_slice(&answer).map_or(true, |swarm: Swarm| swarm.peers.is_some_and(|peers| !peers.is_empty()))
    }

    async fn get_from_peers(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        if !self.has_peers().await {
            return Err(StoreError::NotFound { cid: *cid });
        }
        let query = [("arg", cid.to_string()), ("timeout", format!("{}ms", self.peers.as_millis()))];
        let answer = self.rpc.ask_within(self.peers + GRACE, "block/get", &query, MAX_BLOCK).await;
        answer.map_err(|error| match error {
            ServerError::Told(text) if rpc::gave_up(&text) => StoreError::NotFound { cid: *cid },
            error => self.rpc.failed(error),
        })
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for Kubo {
    fn url(&self) -> &str {
        &self.rpc.url
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        import::import(&self.rpc, blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        let query = [("arg", cid.to_string()), ("offline", "true".to_owned())];
        match self.rpc.ask("block/get", &query, MAX_BLOCK).await {
            Ok(bytes) => Ok(bytes),
            Err(ServerError::Told(text)) if rpc::not_found(&text) => self.get_from_peers(cid).await,
            Err(error) => Err(self.rpc.failed(error)),
        }
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.rpc.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        pin::pin(self, root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        match self.rpc.ask("pin/rm", &[("arg", root.to_string())], SMALL).await {
            Ok(_) => Ok(()),
            Err(ServerError::Told(text)) if text.contains("not pinned") || text.contains("pinned indirectly") => Ok(()),
            Err(error) => Err(self.rpc.failed(error)),
        }
    }
}
