//! Answers about final blocks: they never change, so the provider is asked once.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use hospital_record::ledger::{EthereumLedger, Ledger};
use quick_cache::{Weighter, sync::Cache};
use serde_json::value::RawValue;

/// Bytes of all answers, with their questions.
const MOST: u64 = 32 << 20;
/// How many answers are expected.
const COUNT: usize = 10_000;
/// The time after which the provider is asked again which block is final.
const GOOD_FOR: Duration = Duration::from_secs(10);

/// Method and parameters.
type Key = (&'static str, String);

#[derive(Clone)]
struct Bytes;

impl Weighter<Key, Arc<RawValue>> for Bytes {
    fn weight(&self, (method, params): &Key, answer: &Arc<RawValue>) -> u64 {
        (method.len() + params.len() + answer.get().len()) as u64
    }
}

pub(super) struct Kept {
    answers: Cache<Key, Arc<RawValue>, Bytes>,
    final_block: Mutex<Option<(u64, Instant)>>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { answers: Cache::with_weighter(COUNT, MOST, Bytes), final_block: Mutex::default() }
    }
}

impl Kept {
    pub(super) fn get(&self, key: &Key) -> Option<Arc<RawValue>> {
        self.answers.get(key)
    }

    /// Keeps an answer, unless it is empty: one node of a provider may lack what the others have.
    pub(super) fn keep(&self, key: Key, answer: Arc<RawValue>) {
        if !matches!(answer.get().trim(), "null" | "[]" | "\"0x\"") {
            self.answers.insert(key, answer);
        }
    }

    /// Whether a block can no longer be replaced. Not, if the provider does not know.
    pub(super) async fn is_final(&self, block: u64, provider: &EthereumLedger) -> bool {
        let known = *self.final_block.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((last, until)) = known
            && (block <= last || Instant::now() < until)
        {
            return block <= last;
        }
        let last = provider.finalized().await.ok().flatten().unwrap_or_default();
        let mut known = self.final_block.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((last, Instant::now() + GOOD_FOR));
        block <= last
    }
}
