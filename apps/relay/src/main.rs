//! A relay: patients and doctors sign, it pays.

mod browser;
mod gas;
mod http;
mod limits;
mod metrics;
mod queue;
mod server;
mod service;
mod settings;
#[cfg(test)]
mod testing;
mod trust;
mod worker;

use std::{process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use hospital_record::relay::Carrier;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tracing_subscriber::EnvFilter;

use crate::{
    browser::Browsers,
    gas::Ceilings,
    limits::Limits,
    metrics::Metrics,
    queue::Queue,
    service::{Parts, Service, now},
    settings::Settings,
    trust::Trust,
    worker::{Purse, Worker},
};

/// The interval at which old requests are forgotten.
const TIDY: Duration = Duration::from_secs(600);
/// The time for pending requests after the stop signal. The rest continues after the next start.
const GRACE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> ExitCode {
    close_memory();
    let settings = Settings::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,hospital_record_relay=info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the relay stops");
            ExitCode::FAILURE
        }
    }
}

/// Turns off core dumps, and debuggers of the same user, because the payers' keys are in memory. Both only remove
/// rights, which no system refuses.
fn close_memory() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

async fn run(settings: Settings) -> Result<(), String> {
    settings.check()?;
    let (payers, allowed) = (settings.payers()?, settings.allowed()?);
    let browsers = Browsers::new(&settings.hosts, &settings.origins)?;
    let ceilings = Arc::new(Ceilings::new(settings.gas_percent, settings.contract_wallets)?);
    let system = settings.config().connect().await.map_err(|error| error.to_string())?;
    let file = settings.state.join("relay.redb");
    let queue = Queue::open(&file, settings.terms(), system.contract().clone()).map_err(|error| error.to_string())?;
    let carriers: Vec<Carrier> = payers.into_iter().map(|payer| system.carrier(payer)).collect();
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| format!("{}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let waiting = queue.waiting();

    let (stop, stopped) = watch::channel(false);
    let metrics = Metrics::default();
    let crew =
        Crew { queue: queue.clone(), ceilings: ceilings.clone(), metrics: metrics.clone(), stop: stopped.clone() };
    let mut workers = crew.start(&carriers).await?;
    workers.spawn(tidy(queue.clone(), stopped.clone()));
    let payers: Vec<_> = carriers.iter().map(Carrier::payer).collect();
    let who_pays = format!("{payers:?}");
    let carrier = carriers.into_iter().next().ok_or("there is no paying account")?;
    let limits = Limits::per_minute(settings.per_account, settings.per_address);
    let trust = Trust::new(system, allowed, settings.authorities.clone());
    let (connections, patience) = (settings.connections(), settings.patience());
    let (verbs, stop_service) = (settings.verbs, stopped.clone());
    let parts = Parts { carrier, payers, queue, limits, ceilings, trust, metrics, verbs, stop: stop_service, patience };
    let router = http::router(Service(Arc::new(parts)), browsers, settings.behind_proxy);

    tracing::info!(%address, who_pays, waiting, "listening");
    let serving = tokio::spawn(server::serve(listener, router, connections, stopped));
    asked_to_stop().await;
    tracing::info!("stopping: pending requests are finished first");
    stop.send_replace(true);
    let finished = async {
        let _ = serving.await;
        while workers.join_next().await.is_some() {}
    };
    let _ = tokio::time::timeout(GRACE, finished).await;
    Ok(())
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

#[cfg(unix)]
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals: Vec<_> = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .filter_map(|kind| signal(kind).ok())
        .collect();
    std::future::poll_fn(|context| match signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
        true => std::task::Poll::Ready(()),
        false => std::task::Poll::Pending,
    })
    .await;
}

#[cfg(not(unix))]
async fn asked_to_stop() {
    let _ = tokio::signal::ctrl_c().await;
}
