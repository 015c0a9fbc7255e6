//! Switches for tests: when blocks are mined, which messages are lost, which requests are refused, and which answers are
//! wrong.

use std::sync::Arc;

use crate::ledger::{
    error::SubmitError,
    memory::{
        MemoryLedger,
        faults::{Later, Submission},
    },
    types::Fees,
};

impl MemoryLedger {
    /// Mines the waiting transactions (after [`MemoryLedger::hold`]).
    pub fn mine(&self) {
        self.locked().mine_waiting();
    }

    /// Sets whether transactions wait for [`MemoryLedger::mine`] instead of being mined at once.
    pub fn hold(&self, on: bool) {
        self.faults().hold = on;
    }

    /// Drops every waiting transaction, as nodes do when they restart.
    pub fn forget_waiting(&self) {
        self.locked().forget_waiting();
    }

    /// Removes the newest blocks and their transactions.
    pub fn rewind(&self, blocks: usize) {
        self.locked().rewind(blocks);
    }

    /// The next submission arrives, but its answer does not.
    pub fn lose_next_answer(&self) {
        self.faults().submissions.push_back(Submission::AnswerLost);
    }

    /// The next submission does not arrive, and there is no answer.
    pub fn lose_next_submission(&self) {
        self.faults().submissions.push_back(Submission::Lost);
    }

    /// The next submission is refused with this answer.
    pub fn refuse_next_submission(&self, answer: SubmitError) {
        self.faults().submissions.push_back(Submission::Refused(answer));
    }

    /// Sets whether every request fails as if the port were closed.
    pub fn refuse(&self, on: bool) {
        self.faults().refuse = on;
    }

    /// Sets whether every request waits without an answer until this is switched off.
    pub fn stall(&self, on: bool) {
        self.faults().stall = on;
    }

    /// Limits the range of blocks in one request for events.
    pub fn limit_logs(&self, blocks: Option<u64>) {
        self.faults().most_blocks_per_logs = blocks;
    }

    /// Limits the gas of a block, and so of a transaction.
    pub fn limit_gas(&self, gas: Option<u64>) {
        self.faults().block_gas = gas;
    }

    /// Sets the fees that the provider reports, whatever the chain requires.
    pub fn report_fees(&self, fees: Option<Fees>) {
        self.faults().fees = fees;
    }

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
