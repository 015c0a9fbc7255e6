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
