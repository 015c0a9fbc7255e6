//! Answers about final blocks: they never change, so the provider is asked once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use quick_cache::{Weighter, sync::Cache};
use serde_json::value::RawValue;

/// Bytes of all answers, with their questions.
const MOST: u64 = 32 << 20;
/// How many answers are expected.
const COUNT: usize = 10_000;

/// The newest block that the chain can no longer replace, as far as is known; 0 at first.
#[derive(Clone, Default)]
pub(crate) struct FinalBlock(Arc<AtomicU64>);

impl FinalBlock {
    pub(crate) fn set(&self, block: u64) {
        self.0.fetch_max(block, Relaxed);
    }

    pub(super) fn covers(&self, block: u64) -> bool {
        block <= self.0.load(Relaxed)
    }
}

/// Method and parameters.
type Key = (&'static str, String);

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<RawValue>> for Bytes {
    fn weight(&self, (method, params): &Key, answer: &Arc<RawValue>) -> u64 {
        (method.len() + params.len() + answer.get().len()) as u64
    }
}

pub(super) struct Kept(Cache<Key, Arc<RawValue>, Bytes>);

impl Default for Kept {
    fn default() -> Self {
        Self(Cache::with_weighter(COUNT, MOST, Bytes))
    }
}

impl Kept {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<RawValue>> {
        self.0.get(key)
    }

    /// Keeps an answer, unless it is empty: one node of a provider may lack what the others have.
    pub(super) fn keep(&self, key: Key, answer: Arc<RawValue>) {
        if !matches!(answer.get().trim(), "null" | "[]" | "\"0x\"") {
            self.0.insert(key, answer);
        }
    }
}
