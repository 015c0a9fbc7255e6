//! A store in memory that counts, and can lose what it has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use cid::Cid;
use hospital_record::{
    System,
    store::{Blocks, Store, StoreError, StoreOptions, open},
};

/// Multicodec of a piece of content.
const RAW: u64 = 0x55;

#[derive(Clone, Debug, Default)]
pub(crate) struct Probe(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    puts: AtomicUsize,
    fetching: AtomicUsize,
    most: AtomicUsize,
    slow: AtomicBool,
    lost: AtomicBool,
}

impl Probe {
    /// Streams of blocks that were put.
    pub(crate) fn puts(&self) -> usize {
        self.0.puts.load(Relaxed)
    }

    /// From now on every block takes a while.
    pub(crate) fn slow_down(&self) {
        self.0.slow.store(true, Relaxed);
    }

    /// Blocks that were fetched at the same time, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.0.most.load(Relaxed)
    }

    /// Loses the content of all records; manifests stay.
    pub(crate) fn lose_content(&self) {
        self.0.lost.store(true, Relaxed);
    }
}

pub(crate) async fn probed() -> (System, Probe) {
    let probe = Probe::default();
    let store = open("memory:", &StoreOptions::default()).unwrap();
    (System::in_memory_with(Probed { store, probe: probe.clone() }).await.unwrap(), probe)
}

#[derive(Debug)]
struct Probed {
    store: Arc<dyn Store>,
    probe: Probe,
}

#[async_trait::async_trait]
impl Store for Probed {
    fn url(&self) -> &str {
        "probed:"
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.probe.0.puts.fetch_add(1, Relaxed);
        self.store.put(blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        let probe = &*self.probe.0;
        if probe.lost.load(Relaxed) && cid.codec() == RAW {
            return Err(StoreError::NotFound { cid: *cid });
        }
        if probe.slow.load(Relaxed) {
            let now = probe.fetching.fetch_add(1, Relaxed) + 1;
            probe.most.fetch_max(now, Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            probe.fetching.fetch_sub(1, Relaxed);
        }
        self.store.get(cid).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.store.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.store.pin(root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.store.unpin(root).await
    }
}
