//! A decorator that waits once for a store that does not answer, not again for each block. It also limits the waits for
//! blocks that nobody has.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;

use crate::store::{
    error::StoreError,
    seam::{Blocks, Sessions, Store},
};

/// A store for the duration of one call of an app. After the first error `TimedOut` or `Unreachable` it sends no more
/// requests, and every call returns that error.
///
/// A store may search its peers for a missing block, which takes some seconds. After `vain` such searches without
/// success, the store is only asked for its own blocks.
pub(crate) fn until_unreachable(store: Arc<dyn Store>, vain: usize) -> Arc<dyn Store> {
    Arc::new(UntilUnreachable { store, failure: OnceLock::new(), vain: vain.into() })
}

#[derive(Debug)]
struct UntilUnreachable {
    store: Arc<dyn Store>,
    failure: OnceLock<StoreError>,
    /// How many searches without success are left.
    vain: AtomicUsize,
}

impl UntilUnreachable {
    async fn ask<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if let Some(failure) = self.failure.get().and_then(connection_failure) {
            return Err(failure);
        }
        let answer = answer.await;
        if let Some(failure) = answer.as_ref().err().and_then(connection_failure) {
            let _ = self.failure.set(failure);
        }
        answer
    }

    async fn find(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        if self.vain.load(Relaxed) == 0 && !self.store.has(cid).await? {
            return Err(StoreError::NotFound { cid: *cid });
        }
        let found = self.store.get(cid).await;
        if let Err(StoreError::NotFound { .. }) = found {
            // Several searches may run at the same time.
            let _ = self.vain.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        }
        found
    }
}

fn connection_failure(error: &StoreError) -> Option<StoreError> {
    match error {
        StoreError::Unreachable { url, reason, source } => {
            Some(StoreError::Unreachable { url: url.clone(), reason: reason.clone(), source: source.clone() })
        }
        StoreError::TimedOut { url, after } => Some(StoreError::TimedOut { url: url.clone(), after: *after }),
        _ => None,
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for UntilUnreachable {
    fn url(&self) -> &str {
        self.store.url()
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.ask(self.store.put(blocks)).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.ask(self.find(cid)).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.ask(self.store.has(cid)).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.ask(self.store.pin(root)).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.ask(self.store.unpin(root)).await
    }

    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        self.ask(self.store.sweep(older_than)).await
    }

    fn for_account(&self, sessions: &Arc<dyn Sessions>) -> Option<Arc<dyn Store>> {
        let store = self.store.for_account(sessions)?;
        Some(until_unreachable(store, self.vain.load(Relaxed)))
    }
}
