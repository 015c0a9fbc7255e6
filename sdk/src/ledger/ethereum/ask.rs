//! Retries reads until there is an answer, with one deadline and growing pauses.

use std::{future::Future, sync::atomic::Ordering, time::Duration};

use alloy::transports::TransportResult;
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::{
    ledger::{
        error::LedgerError,
        ethereum::{
            EthereumLedger,
            answer::{Failure, Question},
        },
    },
    platform::clock::{Instant, sleep, timeout},
};

const LONGEST_PAUSE: Duration = Duration::from_secs(5);

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .build()
}

impl EthereumLedger {
    pub(super) async fn read<T, F>(&self, ask: impl Fn() -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = TransportResult<T>>,
    {
        self.read_of(Question::Plain, ask).await
    }

    /// Retries until there is an answer other than a temporary failure, or until the deadline.
    pub(super) async fn read_of<T, F>(&self, question: Question, ask: impl Fn() -> F) -> Result<T, LedgerError>
    where
        F: Future<Output = TransportResult<T>>,
    {
        let (mut last, start) = (None, Instant::now());
        let asking = async {
            let mut pauses = pauses();
            loop {
                let failure = match ask().await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => Failure::of(&error, &self.host, question),
                };
                let patience = failure.patience(self.answered.load(Ordering::Relaxed));
                let left = patience.saturating_sub(start.elapsed());
                if left.is_zero() {
                    return Err(failure.error);
                }
                last = Some(failure.error);
                sleep(pauses.next().unwrap_or(LONGEST_PAUSE).min(left)).await;
            }
        };
        match timeout(self.timeout, asking).await {
            Ok(answer) => {
                if answer.as_ref().map_or_else(|error| !error.is_temporary(), |_| true) {
                    self.answered.store(true, Ordering::Relaxed);
                }
                answer
            }
            // The provider's last error is more useful than a timeout.
            Err(_) => Err(match last {
                None | Some(LedgerError::TimedOut { .. }) => self.timed_out(),
                Some(error) => error,
            }),
        }
    }

    pub(super) fn timed_out(&self) -> LedgerError {
        LedgerError::TimedOut { host: self.host.clone(), after: self.timeout }
    }
}
