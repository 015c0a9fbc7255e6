//! This machine's clock, and what is done again and again.

use std::{
    future::Future,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

/// Seconds since 1970; 0 if the clock is before that.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Milliseconds since 1970; 0 if the clock is before that.
pub(crate) fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    u64::try_from(since).unwrap_or(u64::MAX)
}

/// Does a round and pauses, until the stop signal, which ends a round too.
pub(crate) async fn rounds<F: Future<Output = ()>>(
    mut stop: watch::Receiver<bool>,
    pause: Duration,
    round: impl Fn() -> F,
) {
    let rounds = async {
        loop {
            round().await;
            tokio::time::sleep(pause).await;
        }
    };
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = rounds => {}
    }
}
