//! The room of blocks: it stores encrypted blocks for accounts, and serves them as an IPFS trustless gateway.
//!
//! It holds ciphertext only, and readers check what they get. What it must do itself: lose nothing that it acknowledged,
//! let nobody fill the disk, and let nobody write or delete for another account.

mod ask;
mod gateway;
mod jobs;
mod metrics;
mod names;
mod pin;
mod problem;
mod room;
mod rows;
pub(crate) mod settings;
#[cfg(test)]
mod tests;
mod tidy;
mod unnamed;
mod upload;
mod walk;

use hospital_record::ledger::{Contract, EthereumLedger};
use tokio::{sync::watch, task::JoinSet};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::room::Room;
use self::{names::Names, room::Patience, rows::Rows, settings::BlocksSettings};
use crate::{database::Database, members::Members};

/// What the room takes from the rest of the node.
pub(crate) struct Surroundings {
    pub(crate) chain: EthereumLedger,
    pub(crate) contract: Contract,
    pub(crate) members: Members,
    pub(crate) database: Database,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Opens the backing store, and starts to tidy.
pub(crate) fn start(
    settings: &BlocksSettings,
    around: Surroundings,
    workers: &mut JoinSet<()>,
) -> Result<Room, String> {
    let Surroundings { chain, contract, members, database, stop } = around;
    let store = settings.open()?;
    let rows = Rows::new(database, settings.quota(), settings.unpinned());
    tracing::info!(store = store.url(), open = settings.open_blocks, "the room of blocks is on");
    let room = Room::new(store, rows, members, Patience::new());
    workers.spawn(tidy::tidy(room.clone(), settings.unpinned(), stop.clone()));
    if let Some(age) = settings.unnamed() {
        workers.spawn(unnamed::end_unnamed(room.clone(), Names::new(chain, contract), age, stop));
    }
    Ok(room)
}

pub(crate) fn routes(room: Room) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(gateway::read))
        .routes(routes!(upload::upload))
        .routes(routes!(pin::pin, pin::unpin))
        .with_state(room)
}
