//! A store in memory that fails when a test says so.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::body::Bytes;
use hospital_record::{
    Cid,
    store::{Blocks, Store, StoreError},
};

/// What goes wrong in the backing store.
pub(super) const NOTHING: u8 = 0;
pub(super) const DOWN: u8 = 1;
pub(super) const FULL: u8 = 2;
pub(super) const SLOW: u8 = 3;

/// Remembers what is pinned in it, and can fail.
#[derive(Debug)]
pub(super) struct Faulty {
    pub(super) inner: Arc<dyn Store>,
    pub(super) fault: AtomicU8,
    pub(super) pins: Mutex<BTreeSet<String>>,
}

impl Faulty {
    async fn stumble(&self) -> Result<(), StoreError> {
        let url = "memory:".to_owned();
        match self.fault.load(SeqCst) {
            DOWN => Err(StoreError::Unreachable { url, reason: "pulled the plug".into(), source: None }),
            FULL => Err(StoreError::Full { url }),
            SLOW => {
                tokio::time::sleep(Duration::from_millis(60)).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Store for Faulty {
    fn url(&self) -> &str {
        "memory:"
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.stumble().await?;
        self.inner.put(blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.stumble().await?;
        self.inner.get(cid).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.stumble().await?;
        self.inner.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.stumble().await?;
        self.inner.pin(root).await?;
        self.pins.lock().unwrap().insert(root.to_string());
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.stumble().await?;
        self.inner.unpin(root).await?;
        self.pins.lock().unwrap().remove(&root.to_string());
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.stumble().await?;
        self.inner.sweep(older_than).await
    }
}
