//! Carries what the queue has, one after the other: an account has one transaction under way at a time.

use std::time::{Duration, Instant};

use hospital_record::{
    ErrorKind,
    relay::{Carrier, Fate, Relay},
};

use crate::{metrics::Metrics, queue::Queue};

/// Before a provider that failed is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a provider may refuse a request before others get their turn.
const REFUSALS: u32 = 5;
/// How often a request may fail in a row, for whatever reason, before others get their turn. It is tried again after them.
const FAILURES: u32 = 5;

/// One paying account at work.
pub(crate) struct Worker {
    pub(crate) carrier: Carrier,
    pub(crate) queue: Queue,
    pub(crate) metrics: Metrics,
}

impl Worker {
    /// Works until the future is dropped between two requests, or `stop` says so.
    pub(crate) async fn run(self, mut stop: tokio::sync::watch::Receiver<bool>) {
        self.finish_what_was_left(&mut stop).await;
        let (mut refusals, mut failures) = (0, 0);
        loop {
            let (id, request) = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                next = self.queue.next() => next,
            };
            let start = Instant::now();
            let fate = match self.carrier.carry(&request).await {
                Ok(fate) => fate,
                Err(error) if is_final(error.kind()) || refusals + 1 == REFUSALS => {
                    Fate::Refused { reason: error.to_string() }
                }
                Err(error) => {
                    refusals += u32::from(error.kind() == ErrorKind::Refused);
                    tracing::warn!(%id, %error, "not carried yet");
                    self.metrics.failed();
                    failures += 1;
                    match failures < FAILURES {
                        true => self.queue.back(id),
                        false => (refusals, failures) = self.later(id),
                    }
                    tokio::select! {
                        _ = stop.wait_for(|stop| *stop) => return,
                        () = tokio::time::sleep(PAUSE) => continue,
                    }
                }
            };
            (refusals, failures) = (0, 0);
            self.metrics.carried(&fate, start.elapsed());
            self.end(id, fate).await;
        }
    }

    /// What makes a provider fail is not to keep all others from being carried.
    fn later(&self, id: hospital_record::B256) -> (u32, u32) {
        self.queue.later(id);
        (0, 0)
    }

    /// What an earlier process sent and did not see the end of: its request must not be carried again.
    async fn finish_what_was_left(&self, stop: &mut tokio::sync::watch::Receiver<bool>) {
        loop {
            let resumed = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                resumed = self.carrier.resume() => resumed,
            };
            match resumed {
                Ok(Some((id, fate @ Fate::Done { .. }))) => return self.end(id, fate).await,
                Ok(_) => return,
                Err(error) => tracing::warn!(%error, "what was left under way is not settled yet"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn end(&self, id: hospital_record::B256, fate: Fate) {
        match &fate {
            Fate::Done { .. } => tracing::info!(%id, "carried"),
            // Without the reason, which names accounts: whoever has the id may ask for it.
            Fate::Refused { .. } => tracing::info!(%id, "refused"),
            _ => {}
        }
        if let Err(error) = self.queue.end(id, fate).await {
            // It is asked for again after a restart; the contract then says that it took effect.
            tracing::error!(%id, %error, "its fate could not be kept");
        }
    }
}

/// Whether asking again later would end the same way.
fn is_final(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Invalid | ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::WrongContract)
}
