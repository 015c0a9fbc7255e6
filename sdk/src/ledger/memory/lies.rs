//! What a provider says that is not so: for tests.

use std::sync::Arc;

use crate::ledger::memory::{MemoryLedger, faults::Later};

impl MemoryLedger {
    /// Once the next transaction was submitted, answers so many questions and refuses so many then, as a provider does
    /// that has had enough. With nothing to refuse, all is answered again.
    pub fn refuse_after_submission(&self, answered: usize, refused: usize) {
        self.faults().later = Some(Later { answered, refused, submitted: false });
    }

    /// How many questions are still to be refused.
    pub fn to_refuse(&self) -> usize {
        self.faults().later.as_ref().map_or(0, |later| later.refused)
    }

    /// Which block the chain calls final; `None` where it knows no such thing, as at the beginning.
    pub fn finalize(&self, block: Option<u64>) {
        self.faults().finalized = block;
    }

    /// Lies from now on: what happened after this block is not told, as if later blocks were empty. What is submitted is
    /// mined all the same. `None` is the truth.
    pub fn hide_after(&self, block: Option<u64>) {
        self.hide_after_answers(block, 0);
    }

    /// The same after so many true answers.
    pub fn hide_after_answers(&self, block: Option<u64>, answered: usize) {
        let mut faults = self.faults();
        (faults.hides_after, faults.hides_in) = (block, answered);
    }

    /// Whether it has told a lie by now, or could have.
    pub fn lies(&self) -> bool {
        let faults = self.faults();
        faults.hides_after.is_some() && faults.hides_in == 0
    }

    /// Another provider of the same chain, which tells the truth.
    #[must_use]
    pub fn honest(&self) -> Self {
        Self { chain: self.chain.clone(), faults: Arc::default() }
    }

    /// Whether receipts are shown of blocks that are hidden.
    pub fn show_receipts(&self, on: bool) {
        self.faults().shows_receipts = on;
    }

    /// Up to which block the truth is told.
    pub(super) fn told(&self, block: u64) -> u64 {
        let faults = self.faults();
        faults.hides_after.filter(|_| faults.hides_in == 0).map_or(block, |hidden| hidden.min(block))
    }
}
