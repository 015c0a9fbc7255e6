//! Ways in which providers fail, to be switched on by tests.

use std::{collections::VecDeque, time::Duration};

use super::super::SubmitError;

/// What happens to a submission.
#[derive(Debug, Clone)]
pub(super) enum Submission {
    /// It arrives, but its answer does not.
    AnswerLost,
    /// It does not arrive, and there is no answer.
    Lost,
    /// It is refused.
    Refused(SubmitError),
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) refuse: bool,
    pub(super) stall: bool,
    pub(super) hold: bool,
    pub(super) most_blocks_per_logs: Option<u64>,
    pub(super) submissions: VecDeque<Submission>,
}

/// How often a stalled call looks whether it may go on.
pub(super) const STALLED: Duration = Duration::from_millis(20);
