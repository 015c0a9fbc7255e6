//! Switches for tests: when blocks are mined, which messages are lost, and which requests are refused.

use crate::ledger::{
    error::SubmitError,
    memory::{MemoryLedger, faults::Submission},
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
}
