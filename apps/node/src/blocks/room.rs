//! What all requests for blocks share.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hospital_record::{
    Address, Cid,
    store::{Block, Store},
};
use tokio::{
    sync::RwLock,
    time::{Instant, timeout},
};

use crate::{
    blocks::{
        jobs::Jobs,
        metrics::Metrics,
        problem::{Problem, without_cids},
        rows::{Numbers, Rows},
    },
    members::Members,
    places::{Place, Places},
};

/// Uploads at a time, in all and of one account. Each is in memory while it is checked: up to 32 MiB.
const UPLOADS: (usize, usize) = (16, 4);
/// Pins that are walked at a time, in all and of one account.
const PINS: (usize, usize) = (16, 4);
/// CAR answers at a time, in all and to one network address.
const CARS: (usize, usize) = (64, 8);
/// The time that the numbers or a sign of life may take.
const NUMBERS_WITHIN: Duration = Duration::from_secs(3);
/// The time after which a full store is tried again: each try costs it a search for what to keep.
const FULL_FOR: Duration = Duration::from_secs(10);

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Room(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) rows: Rows,
    pub(crate) members: Members,
    pub(crate) patience: Patience,
    pub(crate) metrics: Metrics,
    pub(crate) uploads: Places<Address>,
    pub(crate) cars: Places<IpAddr>,
    pub(crate) jobs: Jobs,
    pub(crate) pins: Places<Address>,
    /// A pin and an unpin of one root come one after the other.
    pub(crate) roots: Places<Cid>,
    /// Uploads go on together; a sweep is alone, because it could remove a block that is being put again.
    pub(crate) sweeping: RwLock<()>,
    full_until: Mutex<Option<Instant>>,
}

/// How long a caller and the rest may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// From the headers of an upload to its end.
    pub(crate) body: Duration,
    /// From one piece of an upload to the next.
    pub(crate) silence: Duration,
    /// For the rest of an upload that was refused: many clients read no answer before they have sent all.
    pub(crate) rest: Duration,
    /// For a place among the requests of the same account.
    pub(crate) place: Duration,
    /// Until a pin that goes on is answered with 202.
    pub(crate) pin: Duration,
}

impl Patience {
    pub(crate) const fn new() -> Self {
        let (body, silence, rest) = (Duration::from_secs(120), Duration::from_secs(20), Duration::from_secs(5));
        let (place, pin) = (Duration::from_secs(10), Duration::from_secs(10));
        Self { body, silence, rest, place, pin }
    }
}

impl Room {
    pub(crate) fn new(store: Arc<dyn Store>, rows: Rows, members: Members, patience: Patience) -> Self {
        Self(Arc::new(Parts {
            store,
            rows,
            members,
            patience,
            metrics: Metrics::default(),
            uploads: Places::new(UPLOADS.0, UPLOADS.1),
            cars: Places::new(CARS.0, CARS.1),
            jobs: Jobs::default(),
            pins: Places::new(PINS.0, PINS.1),
            roots: Places::one_for_each(),
            sweeping: RwLock::default(),
            full_until: Mutex::default(),
        }))
    }

    /// The place of a pin or unpin of this root.
    pub(crate) async fn root(&self, root: &Cid, patience: Duration) -> Result<Place, Problem> {
        self.0.roots.take(*root, patience).await.ok_or(Problem::Unavailable)
    }

    /// Whether the backing store said lately that it is full.
    pub(crate) fn is_full(&self) -> bool {
        let until = *self.0.full_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn full(&self) {
        let until = Instant::now() + FULL_FOR;
        *self.0.full_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }

    /// Whether the backing store and the database answer.
    pub(crate) async fn health(&self) -> Result<(), String> {
        let asked = timeout(NUMBERS_WITHIN, self.0.store.has(&Block::leaf("").cid)).await;
        match asked {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = without_cids(&error.to_string()), "the backing store did not answer");
                return Err("the store behind this node does not answer at the moment".into());
            }
            Err(_) => return Err("the store behind this node does not answer at the moment".into()),
        }
        match timeout(NUMBERS_WITHIN, self.0.rows.held(Address::ZERO)).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err("the database of this node does not answer at the moment".into()),
        }
    }

    /// The metrics of the room, in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> String {
        let numbers = timeout(NUMBERS_WITHIN, self.0.rows.numbers()).await;
        let numbers = numbers.ok().and_then(Result::ok).unwrap_or_else(Numbers::default);
        self.0.metrics.text(&numbers)
    }
}
