//! Wrong answers of a provider, for tests.

use std::sync::Arc;

use crate::ledger::memory::{MemoryLedger, faults::Later};

impl MemoryLedger {
    /// After the next submission, answers `answered` requests and then refuses `refused` ones, like a provider with a
    /// rate limit. Afterwards it answers all requests again.
    pub fn refuse_after_submission(&self, answered: usize, refused: usize) {
        self.faults().later = Some(Later { answered, refused, submitted: false });
    }

    /// How many requests are still to be refused.
    pub fn to_refuse(&self) -> usize {
        self.faults().later.as_ref().map_or(0, |later| later.refused)
    }

    /// Sets the final block. `None`, the default, means that the chain has no such tag.
    pub fn finalize(&self, block: Option<u64>) {
        self.faults().finalized = block;
    }

    /// Hides everything after this block from now on, as if later blocks were empty. Submitted transactions are still
    /// mined. `None` hides nothing.
    pub fn hide_after(&self, block: Option<u64>) {
        self.hide_after_answers(block, 0);
    }

    /// The same, after this many correct answers.
    pub fn hide_after_answers(&self, block: Option<u64>, answered: usize) {
        let mut faults = self.faults();
        (faults.hides_after, faults.hides_in) = (block, answered);
    }

    /// Whether it has given a wrong answer by now, or could have.
    pub fn lies(&self) -> bool {
        let faults = self.faults();
        faults.hides_after.is_some() && faults.hides_in == 0
    }

    /// Another provider of the same chain, which answers correctly.
    #[must_use]
    pub fn honest(&self) -> Self {
        Self { chain: self.chain.clone(), faults: Arc::default() }
    }

    /// Sets whether receipts of hidden blocks are shown.
    pub fn show_receipts(&self, on: bool) {
        self.faults().shows_receipts = on;
    }

    /// The newest block that is shown, at most `block`.
    pub(super) fn visible(&self, block: u64) -> u64 {
        let faults = self.faults();
        faults.hides_after.filter(|_| faults.hides_in == 0).map_or(block, |hidden| hidden.min(block))
    }
}
