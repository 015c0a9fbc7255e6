//! Events over any range, however short the range a provider accepts.

use super::{Ledger, LedgerError, Log, LogFilter};

/// All events that match, in order of their blocks. A range that the provider does not accept is halved; what it
/// accepted once is kept as the step for the rest.
///
/// # Errors
/// When the provider gives no answer, also not for a single block.
pub async fn all_logs(ledger: &dyn Ledger, filter: LogFilter) -> Result<Vec<Log>, LedgerError> {
    let mut found = Vec::new();
    let mut next = filter.from;
    let mut step = filter.to.saturating_sub(filter.from);
    while next <= filter.to {
        let to = next.saturating_add(step).min(filter.to);
        match ledger.logs(&LogFilter { from: next, to, ..filter }).await {
            Ok(logs) => {
                found.extend(logs);
                next = to.saturating_add(1);
            }
            Err(LedgerError::TooManyLogs { .. }) if to > next => step = (to - next) / 2,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The newest events that match, newest first and no more than `most`; and whether there are older ones.
pub(crate) async fn newest_logs(
    ledger: &dyn Ledger,
    filter: LogFilter,
    most: usize,
) -> Result<(Vec<Log>, bool), LedgerError> {
    recent_logs(ledger, filter, most, 0).await
}

/// The same; where the provider answers for short ranges only, none is asked for that ends before the second `since`.
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

/// The newest event that matches.
pub(crate) async fn newest_log(ledger: &dyn Ledger, filter: LogFilter) -> Result<Option<Log>, LedgerError> {
    Ok(backwards(ledger, filter, 1, 0).await?.into_iter().next())
}

/// Events newest first, until there are `enough`, the range ends, or the next one ended before the second `since`.
async fn backwards(ledger: &dyn Ledger, filter: LogFilter, enough: usize, since: u64) -> Result<Vec<Log>, LedgerError> {
    let mut found = Vec::new();
    let mut end = filter.to;
    let mut step = filter.to.saturating_sub(filter.from);
    while end >= filter.from && found.len() < enough {
        let from = end.saturating_sub(step).max(filter.from);
        match ledger.logs(&LogFilter { from, to: end, ..filter }).await {
            Ok(mut logs) => {
                // Of another contract or block it is no answer to this question.
                logs.retain(|log| log.contract == filter.contract && (from..=end).contains(&log.block));
                logs.sort_by_key(|log| std::cmp::Reverse((log.block, log.index)));
                found.extend(logs);
                if from <= filter.from || is_before(ledger, from, since).await? {
                    break;
                }
                end = from - 1;
            }
            Err(LedgerError::TooManyLogs { .. }) if end > from => step = (end - from) / 2,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn is_before(ledger: &dyn Ledger, block: u64, since: u64) -> Result<bool, LedgerError> {
    Ok(since > 0 && ledger.block(block).await?.is_some_and(|block| block.time < since))
}
