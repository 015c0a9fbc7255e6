//! What tests switch: when blocks come, what is lost, and what the provider refuses.

use crate::ledger::{
    error::SubmitError,
    memory::{MemoryLedger, faults::Submission},
    types::Fees,
};

impl MemoryLedger {
    /// Mines what waits (after [`MemoryLedger::hold`]).
    pub fn mine(&self) {
        self.locked().mine_waiting();
    }

    /// Whether transactions wait for [`MemoryLedger::mine`] instead of being mined at once.
    pub fn hold(&self, on: bool) {
        self.faults().hold = on;
    }

    /// Loses every transaction that waits, as nodes do when they restart.
    pub fn forget_waiting(&self) {
        self.locked().forget_waiting();
    }

    /// Undoes the newest blocks; their transactions are lost.
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

    /// Whether every request fails as if nobody listened.
    pub fn refuse(&self, on: bool) {
        self.faults().refuse = on;
    }

    /// Whether every request goes without an answer until this is switched off.
    pub fn stall(&self, on: bool) {
        self.faults().stall = on;
    }

    /// The longest range of blocks that is answered for events.
    pub fn limit_logs(&self, blocks: Option<u64>) {
        self.faults().most_blocks_per_logs = blocks;
    }

    /// The gas that one block takes, and so a transaction.
    pub fn limit_gas(&self, gas: Option<u64>) {
        self.faults().block_gas = gas;
    }

    /// What a transaction should offer, whatever the chain takes.
    pub fn tell_fees(&self, fees: Option<Fees>) {
        self.faults().fees = fees;
    }
}
