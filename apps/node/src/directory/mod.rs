//! The room of the directory: practitioners for whom an authority vouches, so that patients find them.
//!
//! Whoever searches checks signature and vouch again. What the room must do itself: list nobody for whom nobody vouches,
//! let nobody change or remove the listing of another account, and bring back none that was withdrawn.

mod http;
mod metrics;
mod problem;
mod room;
mod round;
mod rows;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::{sync::watch, task::JoinSet};

use self::rows::Rows;
pub(crate) use self::{
    http::{DIRECTORY, routes},
    room::{Room, Surroundings},
};
use crate::database::Database;

/// Opens the room, and starts to check vouches again, each after this time.
pub(crate) fn start(
    around: Surroundings,
    database: Database,
    interval: Duration,
    stop: watch::Receiver<bool>,
    workers: &mut JoinSet<()>,
) -> Room {
    tracing::info!(authorities = around.authorities.len(), "the room of the directory is on");
    let room = Room::new(Rows::new(database), around);
    workers.spawn(round::check_again(room.clone(), interval, stop));
    room
}
