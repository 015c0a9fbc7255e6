//! Fetches events over any range, even if a provider accepts only short ranges.

use crate::ledger::{
    error::LedgerError,
    seam::Ledger,
    types::{Log, LogFilter},
};

/// After this many answers in a row, a longer range is tried: the refusal may have been a short overload.
const LONGER_AFTER: u32 = 8;

/// The number of blocks in one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    blocks: u64,
    answers: u32,
}

impl Span {
    pub(super) const WHOLE: Self = Self { blocks: u64::MAX, answers: 0 };

    /// The first block of a range that ends with this one.
    pub(super) fn before(self, last: u64) -> u64 {
        last.saturating_sub(self.blocks - 1)
    }

    /// The last block of a range that begins with this one.
    fn after(self, first: u64) -> u64 {
        first.saturating_add(self.blocks - 1)
    }

    pub(super) fn refused(&mut self, from: u64, to: u64) {
        *self = Self { blocks: (to - from).div_ceil(2).max(1), answers: 0 };
    }

    pub(super) fn answered(&mut self) {
        self.answers += 1;
        if self.answers == LONGER_AFTER {
            *self = Self { blocks: self.blocks.saturating_mul(2), answers: 0 };
        }
    }
}

/// Returns all matching events, in order of their blocks. It halves a range that the provider refuses, and continues
/// with ranges of the accepted length. From time to time it tries longer ones.
///
/// # Errors
/// If the provider does not answer, even for a single block.
pub async fn all_logs(ledger: &dyn Ledger, filter: LogFilter) -> Result<Vec<Log>, LedgerError> {
    let mut found = Vec::new();
    let mut next = filter.from;
    let mut span = Span::WHOLE;
    while next <= filter.to {
        let to = span.after(next).min(filter.to);
        match ledger.logs(&LogFilter { from: next, to, ..filter }).await {
            Ok(logs) => {
                span.answered();
                found.extend(logs);
                let Some(following) = to.checked_add(1) else { break };
                next = following;
            }
            Err(LedgerError::TooManyLogs { .. }) if to > next => span.refused(next, to),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The newest matching events, newest first and at most `most`, and whether there are older ones.
pub(crate) async fn newest_logs(
    ledger: &dyn Ledger,
    filter: LogFilter,
    most: usize,
) -> Result<(Vec<Log>, bool), LedgerError> {
    recent_logs(ledger, filter, most, 0).await
}

/// The same. If the provider accepts only short ranges, no range is requested that ends before the second `since`.
pub(crate) async fn recent_logs(
    ledger: &dyn Ledger,
    filter: LogFilter,
    most: usize,
    since: u64,
) -> Result<(Vec<Log>, bool), LedgerError> {
    let mut found = backwards(ledger, filter, most.saturating_add(1), since).await?;
    let cut = found.len() > most;
    found.truncate(most);
    Ok((found, cut))
}

/// The newest matching event.
pub(crate) async fn newest_log(ledger: &dyn Ledger, filter: LogFilter) -> Result<Option<Log>, LedgerError> {
    Ok(backwards(ledger, filter, 1, 0).await?.into_iter().next())
}

/// Events, newest first. It stops when there are `enough`, at the end of the range, or at a window that ends before the
/// second `since`.
async fn backwards(ledger: &dyn Ledger, filter: LogFilter, enough: usize, since: u64) -> Result<Vec<Log>, LedgerError> {
    let mut found = Vec::new();
    let mut end = filter.to;
    let mut span = Span::WHOLE;
    while end >= filter.from && found.len() < enough {
        let from = span.before(end).max(filter.from);
        match ledger.logs(&LogFilter { from, to: end, ..filter }).await {
            Ok(mut logs) => {
                span.answered();
                // An event of another contract or block does not match the request.
                logs.retain(|log| log.contract == filter.contract && (from..=end).contains(&log.block));
                logs.sort_by_key(|log| std::cmp::Reverse((log.block, log.index)));
                found.extend(logs);
                if from <= filter.from || is_before(ledger, from, since).await? {
                    break;
                }
                end = from - 1;
            }
            Err(LedgerError::TooManyLogs { .. }) if end > from => span.refused(from, end),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn is_before(ledger: &dyn Ledger, block: u64, since: u64) -> Result<bool, LedgerError> {
    Ok(since > 0 && ledger.block(block).await?.is_some_and(|block| block.time < since))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_is_halved_down_to_one_block_and_grows_again() {
        let mut span = Span::WHOLE;
        assert_eq!((span.before(100), span.after(100)), (0, u64::MAX));
        span.refused(0, 100);
        assert_eq!(span.before(100), 51);
        for _ in 0..10 {
            let from = span.before(100);
            span.refused(from, 100);
        }
        assert_eq!((span.before(100), span.after(100)), (100, 100));
        for longer in [2, 4, 8] {
            (0..LONGER_AFTER).for_each(|_| span.answered());
            assert_eq!(span.after(1), longer);
        }
    }
}
