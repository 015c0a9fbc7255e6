//! A store that cannot be trusted.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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

/// What becomes of the blocks it takes.
#[derive(Clone, Copy, PartialEq)]
enum Writes {
    Kept,
    Swallowed,
    Changed,
}

/// Forwards what is put to another store, and lies about its content as the test demands.
pub struct Liar {
    behind: Arc<dyn Store>,
    lie: Mutex<Liable>,
    writes: Mutex<Writes>,
    /// What it has instead of what it took.
    changed: Mutex<HashMap<Cid, Bytes>>,
}

impl Liar {
    /// Honest by default.
    pub fn before(behind: Arc<dyn Store>) -> Arc<Self> {
        let (lie, writes) = (Mutex::new(Box::new(|_: &_, _: &_| Lie::None) as Liable), Mutex::new(Writes::Kept));
        Arc::new(Self { behind, lie, writes, changed: Mutex::default() })
    }

    /// From now on it says this about each block it is asked for.
    pub fn lie(&self, lie: impl Fn(&Cid, &Bytes) -> Lie + Send + 'static) {
        *lock(&self.lie) = Box::new(lie);
    }

    /// From now on it takes blocks and keeps none.
    pub fn swallow(&self) {
        *lock(&self.writes) = Writes::Swallowed;
    }

    /// From now on it takes blocks and keeps others in their place.
    pub fn change(&self) {
        *lock(&self.writes) = Writes::Changed;
    }

    /// From now on it keeps what it takes. What it took before is gone.
    pub fn repent(&self) {
        *lock(&self.writes) = Writes::Kept;
        lock(&self.changed).clear();
    }

    fn keeps(&self) -> bool {
        *lock(&self.writes) == Writes::Kept
    }

    fn take(&self, cid: Cid, bytes: &Bytes) {
        if *lock(&self.writes) == Writes::Changed {
            let other = bytes.iter().map(|byte| !byte).collect();
            lock(&self.changed).insert(cid, other);
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        if self.keeps() {
            return self.behind.put(blocks).await;
        }
        let mut count = 0;
        while let Some(block) = blocks.next().await {
            let block = block?;
            self.take(block.cid, &block.bytes);
            count += 1;
        }
        Ok(count)
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        let changed = lock(&self.changed).get(cid).cloned();
        if let Some(other) = changed {
            return Ok(other);
        }
        let truth = self.behind.get(cid).await?;
        match (lock(&self.lie))(cid, &truth) {
            Lie::None => Ok(truth),
            Lie::Bytes(bytes) => Ok(bytes),
            Lie::Missing => Err(StoreError::NotFound { cid: *cid }),
        }
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        if self.keeps() { self.behind.has(cid).await } else { Ok(true) }
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        if self.keeps() { self.behind.pin(root).await } else { Ok(()) }
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.behind.unpin(root).await
    }
}
