use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;

use crate::store::{
    error::StoreError,
    seam::{Blocks, Store},
};

/// A store that changes the last byte of each block that it returns.
#[derive(Debug)]
pub(super) struct Liar(pub(super) Arc<dyn Store>);

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for Liar {
    fn url(&self) -> &str {
        self.0.url()
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.0.put(blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        let mut bytes = self.0.get(cid).await?.to_vec();
        if let Some(last) = bytes.last_mut() {
            *last ^= 1;
        }
        Ok(bytes.into())
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.0.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.0.pin(root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.0.unpin(root).await
    }
}
