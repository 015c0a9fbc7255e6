//! A store in memory that counts, and can lose what it has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use hospital_record::{System, store::StoreError};

use crate::hooked::{Hook, Question};

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
    (probe.system().await, probe)
}

#[async_trait::async_trait]
impl Hook for Probe {
    async fn before(&self, question: Question<'_>) -> Result<(), StoreError> {
        let probe = &*self.0;
        match question {
            Question::Put => drop(probe.puts.fetch_add(1, Relaxed)),
            Question::Get(cid) if probe.lost.load(Relaxed) && cid.codec() == RAW => {
                return Err(StoreError::NotFound { cid: *cid });
            }
            Question::Get(_) if probe.slow.load(Relaxed) => {
                let now = probe.fetching.fetch_add(1, Relaxed) + 1;
                probe.most.fetch_max(now, Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
                probe.fetching.fetch_sub(1, Relaxed);
            }
            _ => {}
        }
        Ok(())
    }
}
