//! Reads the boards of one chain through its node.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::{
    boards::cache::BoardCache,
    ledger::{Beside, Ledger},
};

pub(crate) struct BoardReader {
    pub(crate) on_chain: Beside,
    pub(crate) witness: Option<Beside>,
    pub(crate) cache: Mutex<BoardCache>,
    pub(crate) ledger: Arc<dyn Ledger>,
}

impl BoardReader {
    pub(super) fn cache(&self) -> MutexGuard<'_, BoardCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
