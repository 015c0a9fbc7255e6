//! One address for the people of a hospital: a relay that pays, the chain, and their encrypted blocks.

mod about;
mod answer;
mod api;
mod blocks;
mod browser;
mod chain;
mod clock;
mod columns;
mod database;
mod directory;
mod events;
mod frames;
mod guard;
mod limits;
mod listening;
mod login;
mod members;
mod numbers;
mod places;
mod relay;
mod rooms;
mod secret;
mod server;
mod settings;
mod tls;
mod trust;
mod verbs;

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use tokio::{net::TcpListener, sync::watch};
use tracing_subscriber::EnvFilter;

use crate::{rooms::Rooms, settings::Settings, verbs::Verb};

/// The time for pending requests after the stop signal. The rest continues after the next start.
const GRACE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> ExitCode {
    close_memory();
    if let Some(verb) = Verb::named() {
        return verb.run().await.map_or_else(
            |error| {
                eprintln!("{error}");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        );
    }
    let settings = Settings::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,hospital_record_node=info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(settings).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the node stops");
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
    let (stop, stopped) = watch::channel(false);
    let listener = TcpListener::bind(settings.listen).await.map_err(|error| format!("{}: {error}", settings.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    let (router, mut workers) = Rooms::open(&settings, address.port(), &stopped).await?;
    let tls = settings.tls(&stopped, &mut workers)?;
    tracing::info!(%address, "listening");
    let serving = tokio::spawn(server::serve(listener, tls, router, settings.connections(), stopped));
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
