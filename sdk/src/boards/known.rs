//! The boards of one chain, as its node tells of them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{boards::seen::Seen, ledger::Beside};

pub(crate) struct Boards {
    pub(crate) on_chain: Beside,
    pub(crate) witness: Option<Beside>,
    pub(crate) seen: Mutex<Seen>,
}

impl Boards {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
