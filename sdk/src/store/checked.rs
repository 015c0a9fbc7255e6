//! A decorator that checks every block, so that nobody has to trust a store.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures::StreamExt;

use crate::{
    base::task::StreamInBox,
    store::{
        dag,
        error::StoreError,
        seam::{Blocks, Sessions, Store},
    },
};

/// Wraps a store and refuses every block that does not match its CID, in both directions.
///
/// A CID must be of version 1, with SHA2-256 and codec raw, dag-pb or dag-cbor. A block is at most
/// [`MAX_BLOCK`](crate::store::dag::MAX_BLOCK) bytes. [`open`](crate::store::open) returns stores that are wrapped
/// already. Wrap a store of your own with this.
pub fn checked(store: Arc<dyn Store>) -> Arc<dyn Store> {
    Arc::new(Checked(store))
}

#[derive(Debug)]
struct Checked(Arc<dyn Store>);

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for Checked {
    fn url(&self) -> &str {
        self.0.url()
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        let blocks = blocks.then(|block| async {
            let block = block?;
            dag::check(&block.cid, &block.bytes).await?;
            Ok(block)
        });
        self.0.put(blocks.in_box()).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        dag::check_kind(cid)?;
        let bytes = self.0.get(cid).await?;
        dag::check(cid, &bytes).await?;
        Ok(bytes)
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        dag::check_kind(cid)?;
        self.0.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        dag::check_kind(root)?;
        self.0.pin(root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        dag::check_kind(root)?;
        self.0.unpin(root).await
    }

    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.0.sweep(older_than).await
    }

    fn for_account(&self, sessions: &Arc<dyn Sessions>) -> Option<Arc<dyn Store>> {
        self.0.for_account(sessions).map(checked)
    }
}
