//! The relay: patients and doctors sign, it pays.

mod gas;
mod http;
mod limits;
mod metrics;
mod queue;
mod service;
pub(crate) mod settings;
#[cfg(test)]
mod testing;
mod worker;

use std::{path::Path, sync::Arc, time::Duration};

use hospital_record::{System, relay::Carrier};
use tokio::{sync::watch, task::JoinSet};

#[cfg(test)]
pub(crate) use self::http::{Ending, Signed};
use self::{
    gas::Ceilings,
    limits::Limits,
    metrics::Metrics,
    queue::Queue,
    service::Parts,
    settings::RelaySettings,
    worker::{Purse, Worker},
};
pub(crate) use self::{
    http::{REQUESTS, routes},
    service::Service,
};
use crate::{clock::now, database::Database, trust::Trust};

/// The interval at which old requests are forgotten.
const TIDY: Duration = Duration::from_secs(600);

/// What the relay takes from the rest of the node.
pub(crate) struct Surroundings {
    pub(crate) system: System,
    pub(crate) trust: Arc<Trust>,
    pub(crate) database: Database,
    pub(crate) stop: watch::Receiver<bool>,
    /// The time to check a request.
    pub(crate) patience: Duration,
}

/// Opens the queue and starts a worker for each paying account.
pub(crate) async fn start(
    settings: &RelaySettings,
    state: &Path,
    around: Surroundings,
) -> Result<(Service, JoinSet<()>), String> {
    let Surroundings { system, trust, database, stop, patience } = around;
    nothing_left(state)?;
    let ceilings = Arc::new(Ceilings::new(settings.gas_percent, settings.contract_wallets)?);
    let carriers: Vec<Carrier> = settings.payers()?.into_iter().map(|payer| system.carrier(payer)).collect();
    let queue = Queue::open(database, settings.terms(), system.contract().clone());
    let queue = queue.await.map_err(|error| error.to_string())?;
    let metrics = Metrics::default();
    let crew = Crew { queue: queue.clone(), ceilings: ceilings.clone(), metrics: metrics.clone(), stop: stop.clone() };
    let mut workers = crew.start(&carriers).await?;
    workers.spawn(tidy(queue.clone(), stop.clone()));
    let payers: Vec<_> = carriers.iter().map(Carrier::payer).collect();
    tracing::info!(payers = format!("{payers:?}"), waiting = queue.waiting(), "the relay is on");
    let carrier = carriers.into_iter().next().ok_or("there is no paying account")?;
    let (limits, verbs) = (Limits::per_minute(settings.per_account), settings.verbs.clone());
    let parts = Parts { carrier, payers, queue, limits, ceilings, trust, metrics, verbs, stop, patience };
    Ok((Service(Arc::new(parts)), workers))
}

/// Earlier versions kept accepted requests in a file of their own.
fn nothing_left(state: &Path) -> Result<(), String> {
    let file = state.join("relay.redb");
    match file.try_exists() {
        Ok(false) => Ok(()),
        _ => Err(format!(
            "{} holds the requests of an earlier version: start that version until its relay_waiting is 0, and remove the \
             file then",
            file.display()
        )),
    }
}

/// Shared by all workers.
struct Crew {
    queue: Queue,
    ceilings: Arc<Ceilings>,
    metrics: Metrics,
    stop: watch::Receiver<bool>,
}

impl Crew {
    /// Each worker first takes the request that an earlier process had pending for its account.
    async fn start(&self, carriers: &[Carrier]) -> Result<JoinSet<()>, String> {
        let mut left = Vec::new();
        for carrier in carriers {
            let under_way = carrier.under_way().await.map_err(|error| error.to_string())?;
            left.push(under_way.and_then(|under_way| self.queue.pick(under_way.id)));
        }
        let mut workers = JoinSet::new();
        for (carrier, left) in carriers.iter().cloned().zip(left) {
            let (queue, ceilings) = (self.queue.clone(), self.ceilings.clone());
            let (metrics, stop) = (self.metrics.clone(), self.stop.clone());
            let worker = Worker { carrier, queue, ceilings, metrics, stop, purse: Purse::default() };
            workers.spawn(worker.run(left));
        }
        Ok(workers)
    }
}

async fn tidy(queue: Queue, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = queue.forget(now()).await {
            tracing::warn!(%error, "old requests could not be forgotten yet");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(TIDY) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn requests_of_an_earlier_version_are_not_left_behind() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(nothing_left(state.path()), Ok(()));
        std::fs::write(state.path().join("relay.redb"), "").unwrap();
        let error = nothing_left(state.path()).unwrap_err();
        assert!(error.contains("relay.redb") && error.contains("until") && !error.contains('\n'), "{error}");
    }
}
