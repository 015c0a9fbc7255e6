//! Ways in which providers fail, to be switched on by tests.

use std::{collections::VecDeque, future::poll_fn, mem::replace, task::Poll, time::Duration};

use super::super::{Fees, SubmitError};

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
    pub(super) block_gas: Option<u64>,
    pub(super) fees: Option<Fees>,
    pub(super) finalized: Option<u64>,
    pub(super) hides_after: Option<u64>,
    pub(super) shows_receipts: bool,
    pub(super) submissions: VecDeque<Submission>,
}

/// How often a stalled call looks whether it may go on.
pub(super) const STALLED: Duration = Duration::from_millis(20);

/// As with a real node, others run meanwhile, and the caller may be dropped here. On any executor.
pub(super) async fn pause() {
    let mut paused = false;
    poll_fn(|context| match replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => {
            context.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}
