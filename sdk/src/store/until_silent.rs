//! The decorator that waits for a silent store once, and not again for every block.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;

use super::{Blocks, Store, StoreError};

/// A store for the length of one call of an app: from its first silence on it is not asked any more, and every answer is
/// that silence.
pub(crate) fn until_silent(store: Arc<dyn Store>) -> Arc<dyn Store> {
    Arc::new(UntilSilent { store, silence: OnceLock::new() })
}

#[derive(Debug)]
struct UntilSilent {
    store: Arc<dyn Store>,
    silence: OnceLock<StoreError>,
}

impl UntilSilent {
    async fn ask<T>(&self, answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if let Some(silence) = self.silence.get().and_then(silence) {
            return Err(silence);
        }
        let answer = answer.await;
        if let Some(silence) = answer.as_ref().err().and_then(silence) {
            let _ = self.silence.set(silence);
        }
        answer
    }
}

fn silence(error: &StoreError) -> Option<StoreError> {
    match error {
        StoreError::Unreachable { url, reason } => {
            Some(StoreError::Unreachable { url: url.clone(), reason: reason.clone() })
        }
        StoreError::TimedOut { url, after } => Some(StoreError::TimedOut { url: url.clone(), after: *after }),
        _ => None,
    }
}

#[async_trait]
impl Store for UntilSilent {
    fn url(&self) -> &str {
        self.store.url()
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.ask(self.store.put(blocks)).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.ask(self.store.get(cid)).await
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
}
