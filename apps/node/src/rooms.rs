//! The rooms that are switched on, and the tasks behind them.

use std::sync::Arc;

use axum::{Router, middleware};
use hospital_record::{
    System,
    ledger::{EthereumLedger, EthereumOptions},
};
use hospital_record_page::Page;
use tokio::{sync::watch, task::JoinSet};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    about::{self, Node},
    api, blocks,
    browser::Browsers,
    chain,
    database::Database,
    directory, events, frames,
    guard::{self, Guard},
    listening::Listening,
    login,
    members::Members,
    relay,
    settings::Settings,
    trust::Trust,
};

/// What rooms share, and the rooms that are open.
pub(crate) struct Rooms<'a> {
    settings: &'a Settings,
    browsers: Browsers,
    provider: EthereumLedger,
    system: System,
    trust: Arc<Trust>,
    /// Opened if a room needs it.
    database: Option<Database>,
    listening: Listening,
    stop: watch::Receiver<bool>,
    node: Node,
    router: OpenApiRouter,
    workers: JoinSet<()>,
}

impl<'a> Rooms<'a> {
    /// Opens what the settings switch on; returns the routes and the tasks. `port` is where the node listens.
    pub(crate) async fn open(
        settings: &'a Settings,
        port: u16,
        stop: &watch::Receiver<bool>,
    ) -> Result<(Router, JoinSet<()>), String> {
        let mut rooms = Self::none(settings, port, stop.clone()).await?;
        rooms.relay().await?;
        rooms.chain().await?;
        rooms.blocks()?;
        rooms.frames();
        rooms.directory();
        rooms.login().await?;
        let guard = rooms.node.guard.clone();
        let page =
            settings.portal.as_deref().map(Page::open).transpose().map_err(|error| format!("--portal: {error}"))?;
        let router = api::described(rooms.router.merge(about::routes(rooms.node)), page)?;
        Ok((router.layer(middleware::from_fn_with_state(guard, guard::guard)), rooms.workers))
    }

    async fn none(settings: &'a Settings, port: u16, stop: watch::Receiver<bool>) -> Result<Self, String> {
        let browsers = Browsers::new(&settings.hosts, &settings.origins, port)?.with_page(settings.portal.is_some());
        let allowed = settings.allowed()?;
        let provider = settings.provider(EthereumOptions::default().longest_answer)?;
        let system = settings.config(&provider).connect().await.map_err(|error| error.to_string())?;
        let trust = Arc::new(Trust::new(system.clone(), allowed, settings.authorities.clone()));
        let guard = Guard::new(browsers.clone(), settings.behind_proxy, settings.per_minute());
        let database = match settings.keeps_rows() {
            true => Some(Database::open(&settings.state).await?),
            false => None,
        };
        Ok(Self {
            settings,
            browsers,
            provider,
            trust,
            database,
            listening: Listening::new(settings.connections().all, stop.clone()),
            stop,
            node: Node::new(system.clone(), Arc::new(guard)),
            system,
            router: api::rooms(),
            workers: JoinSet::new(),
        })
    }

    /// Who may write: everybody if it is open, else whom the node serves.
    fn members(&self, is_open: bool) -> Members {
        let trust = (!is_open).then(|| self.trust.clone());
        Members::new(self.system.deployment(), trust, self.settings.patience())
    }

    fn add(&mut self, routes: OpenApiRouter) {
        self.router = std::mem::take(&mut self.router).merge(routes);
    }

    async fn relay(&mut self) -> Result<(), String> {
        let Some(database) = self.database.clone().filter(|_| self.settings.relay.is_on()) else { return Ok(()) };
        let (system, trust, stop) = (self.system.clone(), self.trust.clone(), self.stop.clone());
        let around = relay::Surroundings { system, trust, database, stop, patience: self.settings.patience() };
        let (service, carrying) = relay::start(&self.settings.relay, &self.settings.state, around).await?;
        self.workers = carrying;
        self.add(relay::routes(service.clone()));
        self.node.relay = Some(service);
        Ok(())
    }

    async fn chain(&mut self) -> Result<(), String> {
        if !self.settings.chain_reads {
            return Ok(());
        }
        let events = events::Events::new(self.listening.clone());
        let (hospital, final_block) = (self.node.contract(), chain::FinalBlock::default());
        let (provider, told, last) = (self.provider.clone(), events.clone(), final_block.clone());
        self.workers.spawn(events::watch_chain(provider, hospital, told, last, self.stop.clone()).await);
        let chain = chain::Chain::new(self.settings.provider(chain::LONGEST_ANSWER)?, hospital, final_block);
        self.add(chain::routes(chain).merge(events::routes(events)));
        self.node.answers_questions = true;
        Ok(())
    }

    fn blocks(&mut self) -> Result<(), String> {
        let settings = &self.settings.blocks;
        let Some(database) = self.database.clone().filter(|_| settings.is_on()) else { return Ok(()) };
        let members = self.members(settings.open_blocks);
        let (chain, contract) = (self.provider.clone(), self.system.contract().clone());
        let around = blocks::Surroundings { chain, contract, members, database, stop: self.stop.clone() };
        let room = blocks::start(settings, around, &mut self.workers)?;
        self.add(blocks::routes(room.clone()));
        self.node.blocks = Some(room);
        Ok(())
    }

    fn frames(&mut self) {
        let settings = &self.settings.frames;
        let Some(database) = self.database.clone().filter(|_| settings.is_on()) else { return };
        let (members, listening) = (self.members(settings.open_frames), self.listening.clone());
        let around = frames::Surroundings { members, database, listening, stop: self.stop.clone() };
        let room = frames::start(settings.bytes(), around, &mut self.workers);
        self.add(frames::routes(room.clone()));
        self.node.frames = Some(room);
    }

    fn directory(&mut self) {
        let settings = &self.settings.directory;
        let Some(database) = self.database.clone().filter(|_| settings.is_on()) else { return };
        let (system, browsers) = (self.system.clone(), self.browsers.clone());
        let authorities = settings.authorities(&self.settings.authorities);
        let around = directory::Surroundings { system, browsers, authorities, patience: self.settings.patience() };
        let room = directory::start(around, database, settings.interval(), self.stop.clone(), &mut self.workers);
        self.add(directory::routes(room.clone()));
        self.node.directory = Some(room);
    }

    async fn login(&mut self) -> Result<(), String> {
        let Some((key_file, database)) = self.settings.login.clone().zip(self.database.clone()) else {
            return Ok(());
        };
        let (members, most) = (self.members(false), u64::from(self.settings.vaults.get()));
        let around = login::Surroundings { members, database, stop: self.stop.clone() };
        let room = login::start(key_file, most, around, &mut self.workers).await?;
        self.add(login::routes(room.clone()));
        self.node.login = Some(room);
        Ok(())
    }
}
