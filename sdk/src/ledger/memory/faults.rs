//! Faults of providers that tests can switch on.

use std::{collections::VecDeque, future::poll_fn, mem::replace, task::Poll, time::Duration};

use crate::ledger::{error::SubmitError, types::Fees};

/// The fate of a submission.
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
    /// How many requests are answered correctly before.
    pub(super) hides_in: usize,
    pub(super) shows_receipts: bool,
    pub(super) submissions: VecDeque<Submission>,
    pub(super) later: Option<Later>,
}

/// Requests that are refused after a submission.
#[derive(Debug)]
pub(super) struct Later {
    /// How many are answered first, and how many are refused then.
    pub(super) answered: usize,
    pub(super) refused: usize,
    pub(super) submitted: bool,
}

impl Faults {
    /// Whether this request is refused.
    pub(super) fn is_refused(&mut self) -> bool {
        let Some(later) = self.later.as_mut().filter(|later| later.submitted) else { return false };
        if later.answered > 0 {
            later.answered -= 1;
            return false;
        }
        let refused = later.refused > 0;
        later.refused = later.refused.saturating_sub(1);
        refused
    }
}

/// How often a stalled call checks whether it may continue.
pub(super) const STALLED: Duration = Duration::from_millis(20);

/// As with a real node, other tasks run meanwhile, and the caller may be dropped here. This works on any executor.
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
