//! Reads the boards of one chain through its node.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{boards::cache::BoardCache, ledger::Beside};

pub(crate) struct BoardReader {
    pub(crate) on_chain: Beside,
    pub(crate) witness: Option<Beside>,
    pub(crate) cache: Mutex<BoardCache>,
}

impl BoardReader {
    pub(super) fn cache(&self) -> MutexGuard<'_, BoardCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
