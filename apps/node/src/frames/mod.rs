//! The room of frames: encrypted pieces of live vitals, from a device to those who have the key.
//!
//! It sees ciphertext, sizes and times. What it must do itself: lose and double nothing that it acknowledged, say so when a
//! listener missed something, and keep no more than it may.

mod channel;
mod listeners;
mod metrics;
mod problem;
mod publish;
mod rows;
pub(crate) mod settings;
mod subscribe;
#[cfg(test)]
mod tests;
mod writer;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use hospital_record::Address;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    listeners::Listeners,
    metrics::Metrics,
    rows::{Most, Numbers, Rows},
    writer::{WAITING, Waiting},
};
use crate::{clock::now_millis, database::Database, limits::Limit, listening::Listening, members::Members};

/// Where the channels are.
pub(crate) const FRAMES: &str = "/v1/frames";
/// The frames of one account in a minute: twenty a second. It may send them at once, after an outage.
const FRAMES_A_MINUTE: NonZeroU32 = NonZeroU32::new(1_200).unwrap();
/// Their bytes. An electrocardiogram of 12 leads with 250 values a second of 2 bytes each has 360,000.
const BYTES_A_MINUTE: NonZeroU32 = NonZeroU32::new(4 << 20).unwrap();
/// The pause between two rounds that remove what has expired.
const PAUSE: Duration = Duration::from_secs(5);
/// The time that the numbers may take.
const NUMBERS_WITHIN: Duration = Duration::from_secs(3);

/// What the room takes from the rest of the node.
pub(crate) struct Surroundings {
    pub(crate) members: Members,
    pub(crate) database: Database,
    pub(crate) listening: Listening,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Room(Arc<Parts>);

struct Parts {
    rows: Rows,
    members: Members,
    writer: mpsc::Sender<Waiting>,
    listeners: Arc<Listeners>,
    listening: Listening,
    metrics: Arc<Metrics>,
    frames: Limit<Address>,
    bytes: Limit<Address>,
}

/// Opens the room, which keeps so many bytes, with its writer.
pub(crate) fn start(bytes: u64, around: Surroundings, workers: &mut JoinSet<()>) -> Room {
    let rows = Rows::new(around.database, Most::new(bytes));
    workers.spawn(tidy(rows.clone(), around.stop));
    open(rows, around.members, around.listening, workers)
}

fn open(rows: Rows, members: Members, listening: Listening, workers: &mut JoinSet<()>) -> Room {
    let (writer, waiting) = mpsc::channel(WAITING);
    let (listeners, metrics) = (Arc::<Listeners>::default(), Arc::<Metrics>::default());
    workers.spawn(writer::write(rows.clone(), waiting, listeners.clone(), metrics.clone()));
    let (frames, bytes) = (Limit::per_minute(FRAMES_A_MINUTE), Limit::per_minute(BYTES_A_MINUTE));
    Room(Arc::new(Parts { rows, members, writer, listeners, listening, metrics, frames, bytes }))
}

pub(crate) fn routes(room: Room) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(subscribe::subscribe, publish::publish)).with_state(room)
}

/// Removes what has expired until the stop signal.
async fn tidy(rows: Rows, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = round(&rows, now_millis()).await {
            tracing::warn!(%error, "expired frames could not be removed yet");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn round(rows: &Rows, now: u64) -> sqlx::Result<()> {
    while rows.expire(now).await? {}
    rows.forget(now).await
}

impl Room {
    /// Whether the database answers.
    pub(crate) async fn health(&self) -> Result<(), String> {
        match timeout(NUMBERS_WITHIN, self.0.rows.numbers()).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err("the database of this node does not answer at the moment".into()),
        }
    }

    /// The metrics of the room, in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> String {
        let numbers = timeout(NUMBERS_WITHIN, self.0.rows.numbers()).await;
        let numbers = numbers.ok().and_then(Result::ok).unwrap_or_else(Numbers::default);
        self.0.metrics.text(numbers, self.0.listeners.count())
    }
}
