//! Asks the chain again and again for whom somebody vouches.

use std::time::Duration;

use tokio::{sync::watch, time::timeout};

use crate::{
    clock::now,
    directory::{
        problem::Problem,
        room::{Room, until},
    },
};

/// The accounts of one question.
const TOGETHER: u32 = 50;
/// The longest time for them.
const WITHIN: Duration = Duration::from_secs(120);
/// The longest pause between two looks for listings that are due.
const PAUSE: Duration = Duration::from_secs(30);

/// Checks until the stop signal. With a chain that does not answer, listings end to be shown.
pub(crate) async fn check_again(room: Room, interval: Duration, mut stop: watch::Receiver<bool>) {
    let pause = (interval / 4).clamp(Duration::from_millis(500), PAUSE);
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            checked = room.check_due(interval.as_secs()) => if checked.is_err() {
                tracing::warn!("not all vouches for the directory could be checked");
            },
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

impl Room {
    /// Checks the vouches of all listings that were checked last so many seconds ago, and removes those that were hidden
    /// for long.
    pub(crate) async fn check_due(&self, interval: u64) -> Result<(), Problem> {
        let parts = &*self.0;
        let began = now();
        // What this round has checked is not due again in it.
        let before = began.saturating_sub(interval.max(1));
        loop {
            let due = parts.rows.due(before, TOGETHER).await?;
            if due.is_empty() {
                break;
            }
            let asking = parts.system.why_each_is_trusted(&due, &parts.authorities);
            let trust = timeout(WITHIN, asking).await.map_err(|_| Problem::Unavailable)?.map_err(|error| {
                tracing::warn!(%error, "the chain did not answer");
                Problem::Unavailable
            })?;
            let results: Vec<_> = due.into_iter().zip(trust.iter().map(|trust| trust.as_ref().map(until))).collect();
            parts.rows.checked(&results, began).await?;
        }
        if parts.rows.sweep(began).await? > 0 {
            tracing::info!("listings that were hidden for long were removed");
        }
        self.is_current(began);
        Ok(())
    }
}
