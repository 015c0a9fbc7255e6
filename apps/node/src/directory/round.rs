//! Asks the chain again and again for whom somebody vouches.

use std::{collections::HashSet, time::Duration};

use hospital_record::Address;
use tokio::{sync::watch, time::timeout};

use crate::{
    clock::{now, rounds},
    directory::{
        problem::Problem,
        room::{Room, until},
    },
};

/// The accounts of one question.
const TOGETHER: u32 = 50;
/// The longest time for them.
const WITHIN: Duration = Duration::from_secs(120);
/// The same for one alone, after some together failed.
const ALONE_WITHIN: Duration = Duration::from_secs(10);
/// The longest pause between two looks for listings that are due.
const PAUSE: Duration = Duration::from_secs(30);

/// Checks until the stop signal. With a chain that does not answer, listings end to be shown.
pub(crate) async fn check_again(room: Room, interval: Duration, stop: watch::Receiver<bool>) {
    let pause = (interval / 4).clamp(Duration::from_millis(500), PAUSE);
    let round = || async {
        if room.check_due(interval.as_secs()).await.is_err() {
            tracing::warn!("not all vouches for the directory could be checked");
        }
    };
    rounds(stop, pause, round).await;
}

/// An account, and until when somebody vouches for it; `None` for nobody.
type Answer = (Address, Option<Option<u64>>);

impl Room {
    /// Checks the vouches of all listings that were checked last so many seconds ago, and removes those that were hidden
    /// for long.
    pub(crate) async fn check_due(&self, interval: u64) -> Result<(), Problem> {
        let parts = &*self.0;
        let began = now();
        // What this round has checked is not due again in it.
        let before = began.saturating_sub(interval.max(1));
        // Those that could not be checked do not keep the others from it.
        let mut failed = HashSet::new();
        loop {
            let most = TOGETHER + u32::try_from(failed.len()).unwrap_or(u32::MAX - TOGETHER);
            let mut due = parts.rows.due(before, most, now()).await?;
            due.retain(|account| !failed.contains(account));
            if due.is_empty() {
                break;
            }
            let mut results = Vec::new();
            match self.asked(&due, WITHIN).await {
                Ok(answers) => results = answers,
                Err(_) => {
                    for account in due {
                        match self.asked(&[account], ALONE_WITHIN).await {
                            Ok(answers) => results.extend(answers),
                            Err(_) => drop(failed.insert(account)),
                        }
                    }
                    if results.is_empty() {
                        return Err(Problem::Unavailable);
                    }
                }
            }
            parts.rows.checked(&results, began, now()).await?;
        }
        if parts.rows.sweep(began).await? > 0 {
            tracing::info!("listings that were hidden for long were removed");
        }
        self.is_current(began);
        Ok(())
    }

    /// What the chain says of the vouches for these accounts.
    async fn asked(&self, accounts: &[Address], within: Duration) -> Result<Vec<Answer>, Problem> {
        let asking = self.0.system.why_each_is_trusted(accounts, &self.0.authorities);
        let trust = timeout(within, asking).await.map_err(|_| Problem::Unavailable)?.map_err(|error| {
            tracing::warn!(%error, "the chain did not answer");
            Problem::Unavailable
        })?;
        Ok(accounts.iter().copied().zip(trust.iter().map(|trust| trust.as_ref().map(until))).collect())
    }
}
