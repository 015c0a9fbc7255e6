//! A relay: patients and doctors sign, it pays.

mod http;
mod limits;
mod metrics;
mod queue;
mod service;
mod settings;
mod worker;

use std::{net::SocketAddr, process::ExitCode, sync::Arc, time::Duration};

use clap::Parser;
use hospital_record::{System, relay::Carrier};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tracing_subscriber::EnvFilter;

use crate::{
    limits::Limits,
    metrics::Metrics,
    queue::Queue,
    service::{Parts, Service, now},
    settings::Settings,
    worker::Worker,
};

/// How long answers of ended requests are kept: longer than any deadline.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// What is under way when the relay is told to stop has so long; what is not done then is done after the next start.
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

/// From here on nothing of this process goes to disk when it crashes, and no other program of this user reads its
/// memory: the payers' keys are in it. Both only take rights away, which no system refuses.
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
    let payers = settings.payers()?;
    let system = System::connect(settings.config()).await.map_err(|error| error.to_string())?;
    let queue = Queue::open(&settings.state.join("relay.redb"), settings.queue).map_err(|error| error.to_string())?;
    let carriers: Vec<Carrier> = payers.into_iter().map(|payer| system.carrier(payer)).collect();
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| format!("{}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let waiting = queue.waiting();

    let (stop, stopped) = watch::channel(false);
    let metrics = Metrics::default();
    let mut workers = JoinSet::new();
    for carrier in carriers.iter().cloned() {
        let worker = Worker { carrier, queue: queue.clone(), metrics: metrics.clone() };
        workers.spawn(worker.run(stopped.clone()));
    }
    workers.spawn(tidy(queue.clone(), stopped.clone()));
    let payers: Vec<_> = carriers.iter().map(Carrier::payer).collect();
    let who_pays = format!("{payers:?}");
    let carrier = carriers.into_iter().next().ok_or("no account pays")?;
    let limits = Limits::per_minute(settings.per_account, settings.per_address);
    let verbs = settings.verbs;
    let service = Service(Arc::new(Parts { carrier, payers, queue, limits, metrics, verbs, stop: stopped.clone() }));
    let router = http::router(service, settings.behind_proxy).into_make_service_with_connect_info::<SocketAddr>();

    tracing::info!(%address, who_pays, waiting, "listening");
    tokio::spawn(async move {
        asked_to_stop().await;
        tracing::info!("stopping: what is under way is finished first");
        stop.send_replace(true);
    });
    let mut wait = stopped.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = wait.wait_for(|stop| *stop).await;
    });
    serving.await.map_err(|error| error.to_string())?;
    let finished = async { while workers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finished).await;
    Ok(())
}

async fn tidy(queue: Queue, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = queue.forget(now().saturating_sub(KEPT.as_secs())).await {
            tracing::warn!(%error, "old requests are not forgotten yet");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(KEPT / 24) => {}
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
