//! Forgets attempts that count no more.

use std::time::Duration;

use tokio::sync::watch;

use crate::{clock::now, login::rows::Rows};

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_secs(600);

/// Tidies until the stop signal.
pub(super) async fn tidy(rows: Rows, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = rows.forget(now()).await {
            tracing::warn!(%error, "old attempts could not be forgotten yet");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}
