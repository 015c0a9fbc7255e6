//! Forgets blocks that nobody pinned in time, and ends pins that nobody finished.

use std::time::Duration;

use tokio::sync::watch;

use crate::{
    blocks::{
        problem::{Problem, without_cids},
        room::Room,
    },
    clock::{now, rounds},
};

/// The longest pause between two rounds.
const PAUSE: Duration = Duration::from_secs(3600);
/// A file in the backing store is younger than the rows that count it by the time of an upload. It is swept later by so
/// much more.
const LATER: Duration = Duration::from_secs(3600);

/// Tidies until the stop signal.
pub(crate) async fn tidy(room: Room, unpinned: Duration, stop: watch::Receiver<bool>) {
    let pause = (unpinned / 4).clamp(Duration::from_secs(1), PAUSE);
    let round = || async {
        if room.tidy(now(), unpinned + LATER).await.is_err() {
            tracing::warn!("not all blocks without a pin could be forgotten yet");
        }
    };
    rounds(stop, pause, round).await;
}

impl Room {
    /// One round; the backing store's blocks that count for nobody are swept if they are older than `age`.
    pub(crate) async fn tidy(&self, now: u64, age: Duration) -> Result<(), Problem> {
        let parts = &*self.0;
        for (account, root) in parts.rows.unfinished(now).await? {
            if self.end_unfinished(account, root, now).await.is_err() {
                tracing::warn!("a pin that was given up could not be ended yet");
            }
        }
        while parts.rows.expire(now).await? {}
        let _alone = parts.sweeping.write().await;
        match parts.store.sweep(age).await {
            Ok(0) => Ok(()),
            Ok(blocks) => {
                tracing::info!(blocks, "blocks without a pin were removed");
                Ok(())
            }
            Err(error) => {
                tracing::warn!(error = without_cids(&error.to_string()), "the backing store could not be swept");
                Err(Problem::Unavailable)
            }
        }
    }
}
