//! The room of logins: a name and a password give a person's sealed vault (OPAQUE, RFC 9807).
//!
//! It learns neither password nor phrase. Its login keys are in a process of their own ([`keys`]). What it must do itself:
//! answer a wrong password and an unknown name alike, slow down who tries, and lose no vault.

mod attempts;
mod described;
mod http;
mod keys;
mod problem;
mod rows;
#[cfg(test)]
mod tests;
mod tidy;

use std::{path::PathBuf, sync::Arc};

use tokio::{sync::watch, task::JoinSet};

pub(crate) use self::{
    http::routes,
    keys::{HOLDER, hold},
};
use self::{keys::Keys, rows::Rows};
use crate::{database::Database, members::Members};

/// Where logins begin.
pub(crate) const LOGIN: &str = "/v1/login";
/// Where a machine asks whether its login stands; each verb does.
pub(crate) const LIVE: &str = "/v1/login/live";
/// Below it, everything of a vault.
pub(crate) const VAULT: &str = "/v1/vault";

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Room(Arc<Parts>);

struct Parts {
    rows: Rows,
    keys: Keys,
    members: Members,
}

impl Room {
    /// Whether the login keys and the database answer.
    pub(crate) async fn health(&self) -> Result<(), String> {
        let asked = self.0.keys.id("health", b"").await;
        asked.map(drop).map_err(|_| "the login keys of this node do not answer at the moment".to_owned())
    }

    /// The metrics of the room, in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> String {
        self.0.rows.metrics().await
    }
}

/// What the room takes from the rest of the node.
pub(crate) struct Surroundings {
    pub(crate) members: Members,
    pub(crate) database: Database,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Opens the login keys, or makes them for a database that never had any, and starts to tidy.
pub(crate) async fn start(
    key_file: PathBuf,
    most: u64,
    around: Surroundings,
    workers: &mut JoinSet<()>,
) -> Result<Room, String> {
    let Surroundings { members, database, stop } = around;
    let rows = Rows::new(database, most);
    let wrong = |error: rows::RowsError| error.to_string();
    let known = rows.fingerprint().await.map_err(wrong)?;
    let keys = Keys::start(&key_file, known.as_deref()).await?;
    if known.is_none() {
        rows.set_fingerprint(keys.fingerprint()).await.map_err(wrong)?;
    }
    workers.spawn(tidy::tidy(rows.clone(), stop));
    tracing::info!("the room of logins is on");
    Ok(Room(Arc::new(Parts { rows, keys, members })))
}
