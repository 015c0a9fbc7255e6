//! A store that cannot be trusted.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures::StreamExt;
use hospital_record::store::{Blocks, Store, StoreError};

/// What a store says instead of the truth.
pub enum Lie {
    None,
    /// These bytes for the block.
    Bytes(Bytes),
    /// It has no such block.
    Missing,
}

type Liable = Box<dyn Fn(&Cid, &Bytes) -> Lie + Send>;

/// Passes on to another store what is put, and lies about what is there as it is told to.
pub struct Liar {
    behind: Arc<dyn Store>,
    lie: Mutex<Liable>,
    swallow: Mutex<bool>,
}

impl Liar {
    /// Honest until told otherwise.
    pub fn before(behind: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { behind, lie: Mutex::new(Box::new(|_, _| Lie::None)), swallow: Mutex::new(false) })
    }

    /// From now on it says this about each block it is asked for.
    pub fn lie(&self, lie: impl Fn(&Cid, &Bytes) -> Lie + Send + 'static) {
        *self.lie.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(lie);
    }

    /// From now on it takes blocks and keeps none.
    pub fn swallow(&self) {
        *self.swallow.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    fn swallows(&self) -> bool {
        *self.swallow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Liar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Liar").field(&self.behind).finish()
    }
}

#[async_trait]
impl Store for Liar {
    fn url(&self) -> &str {
        "liar:"
    }

    async fn put(&self, mut blocks: Blocks<'_>) -> Result<u64, StoreError> {
        if !self.swallows() {
            return self.behind.put(blocks).await;
        }
        let mut count = 0;
        while let Some(block) = blocks.next().await {
            block?;
            count += 1;
        }
        Ok(count)
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        let truth = self.behind.get(cid).await?;
        match (self.lie.lock().unwrap_or_else(PoisonError::into_inner))(cid, &truth) {
            Lie::None => Ok(truth),
            Lie::Bytes(bytes) => Ok(bytes),
            Lie::Missing => Err(StoreError::NotFound { cid: *cid }),
        }
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        if self.swallows() { Ok(true) } else { self.behind.has(cid).await }
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        if self.swallows() { Ok(()) } else { self.behind.pin(root).await }
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.behind.unpin(root).await
    }
}
