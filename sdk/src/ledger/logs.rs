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
    let mut found = Vec::new();
    let mut end = filter.to;
    let mut step = filter.to.saturating_sub(filter.from);
    while end >= filter.from && found.len() <= most {
        let from = end.saturating_sub(step).max(filter.from);
        match ledger.logs(&LogFilter { from, to: end, ..filter }).await {
            Ok(mut logs) => {
                // Of another contract or block it is no answer to this question.
                logs.retain(|log| log.contract == filter.contract && (from..=end).contains(&log.block));
                logs.sort_by_key(|log| std::cmp::Reverse((log.block, log.index)));
                found.extend(logs);
                match from.checked_sub(1) {
                    Some(before) => end = before,
                    None => break,
                }
            }
            Err(LedgerError::TooManyLogs { .. }) if end > from => step = (end - from) / 2,
            Err(error) => return Err(error),
        }
    }
    let cut = found.len() > most;
    found.truncate(most);
    Ok((found, cut))
}
