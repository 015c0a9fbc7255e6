//! One address for the people of a hospital: a relay that pays, the chain, and their encrypted blocks.

mod about;
mod answer;
mod blocks;
mod browser;
mod chain;
mod clock;
mod database;
mod directory;
mod events;
mod guard;
mod limits;
mod members;
mod numbers;
mod places;
mod relay;
mod secret;
mod server;
mod settings;
mod tls;
mod trust;

use std::{process::ExitCode, sync::Arc, time::Duration};

use axum::{Router, middleware};
use clap::Parser;
use hospital_record::ledger::EthereumOptions;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tracing_subscriber::EnvFilter;

use crate::{
    about::Node, browser::Browsers, database::Database, guard::Guard, members::Members, settings::Settings,
    trust::Trust,
};

/// The time for pending requests after the stop signal. The rest continues after the next start.
const GRACE: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> ExitCode {
    close_memory();
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
    let (router, mut workers) = rooms(&settings, address.port(), &stopped).await?;
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

/// The rooms that are switched on, and the tasks behind them.
async fn rooms(settings: &Settings, port: u16, stop: &watch::Receiver<bool>) -> Result<(Router, JoinSet<()>), String> {
    let browsers = Browsers::new(&settings.hosts, &settings.origins, port)?;
    let allowed = settings.allowed()?;
    let provider = settings.provider(EthereumOptions::default().longest_answer)?;
    let system = settings.config(&provider).connect().await.map_err(|error| error.to_string())?;
    let trust = Arc::new(Trust::new(system.clone(), allowed, settings.authorities.clone()));
    let guard = Guard::new(browsers.clone(), settings.behind_proxy, settings.per_minute());
    let mut node = Node::new(system.clone(), Arc::new(guard));
    let (mut router, mut workers) = (Router::new(), JoinSet::new());
    if settings.relay.is_on() {
        let (stop, patience) = (stop.clone(), settings.patience());
        let around = relay::Surroundings { system: system.clone(), trust: trust.clone(), stop, patience };
        let (service, carrying) = relay::start(&settings.relay, &settings.state, around).await?;
        workers = carrying;
        router = router.merge(relay::routes(service.clone()));
        node.relay = Some(service);
    }
    if settings.chain_reads {
        // Half of the connections: the others can always ask.
        let events = events::Events::new(settings.connections().all / 2, stop.clone());
        let (hospital, final_block) = (node.contract(), chain::FinalBlock::default());
        let (told, last) = (events.clone(), final_block.clone());
        workers.spawn(events::watch_chain(provider, hospital, told, last, stop.clone()));
        let chain = chain::Chain::new(settings.provider(chain::LONGEST_ANSWER)?, hospital, final_block);
        router = router.merge(chain::routes(chain)).merge(events::routes(events));
        node.answers_questions = true;
    }
    let database = match settings.blocks.is_on() || settings.directory.is_on() {
        true => Some(Database::open(&settings.state).await?),
        false => None,
    };
    if let Some(database) = database.clone().filter(|_| settings.blocks.is_on()) {
        let trust = (!settings.blocks.open_blocks).then_some(trust);
        let members = Members::new(system.deployment(), trust, settings.patience());
        let around = blocks::Surroundings { members, database, stop: stop.clone() };
        let room = blocks::start(&settings.blocks, around, &mut workers)?;
        router = router.merge(blocks::routes(room.clone()));
        node.blocks = Some(room);
    }
    if let Some(database) = database.filter(|_| settings.directory.is_on()) {
        let authorities = settings.directory.authorities(&settings.authorities);
        let around = directory::Surroundings { system, browsers, authorities, patience: settings.patience() };
        let room = directory::start(around, database, settings.directory.interval(), stop.clone(), &mut workers);
        router = router.merge(directory::routes(room.clone()));
        node.directory = Some(room);
    }
    let guard = node.guard.clone();
    let router = router.merge(about::routes(node)).layer(middleware::from_fn_with_state(guard, guard::guard));
    Ok((router, workers))
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
