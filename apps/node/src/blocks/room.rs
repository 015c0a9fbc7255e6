//! What all requests for blocks share.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use hospital_record::{
    Address, Cid, Deployment,
    node::Session,
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
    clock::now,
    places::{Place, Places},
    trust::Trust,
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
    /// Who may write; `None` for everybody.
    pub(crate) trust: Option<Arc<Trust>>,
    pub(crate) deployment: Deployment,
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
    /// For the chain, which is asked who may write.
    pub(crate) trust: Duration,
}

impl Patience {
    pub(crate) const fn new(trust: Duration) -> Self {
        let (body, silence, rest) = (Duration::from_secs(120), Duration::from_secs(20), Duration::from_secs(5));
        let (place, pin) = (Duration::from_secs(10), Duration::from_secs(10));
        Self { body, silence, rest, place, pin, trust }
    }
}

impl Room {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        rows: Rows,
        trust: Option<Arc<Trust>>,
        deployment: Deployment,
        patience: Patience,
    ) -> Self {
        Self(Arc::new(Parts {
            store,
            rows,
            trust,
            deployment,
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

    /// The account that a request proves, if it may write.
    pub(crate) async fn writer(&self, headers: &HeaderMap) -> Result<Address, Problem> {
        let account = self.proven(headers)?;
        let Some(trust) = &self.0.trust else { return Ok(account) };
        match timeout(self.0.patience.trust, trust.admits(account)).await {
            Ok(Ok(true)) => Ok(account),
            Ok(Ok(false)) => Err(Problem::NotAdmitted),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the chain did not answer");
                Err(Problem::Unavailable)
            }
            Err(_) => Err(Problem::Unavailable),
        }
    }

    fn proven(&self, headers: &HeaderMap) -> Result<Address, Problem> {
        let refused = |text: &str| Problem::NoSession(text.to_owned());
        let one = |name| {
            let mut all = headers.get_all(name).iter();
            all.next().filter(|_| all.next().is_none()).and_then(|value| value.to_str().ok())
        };
        let bearer = one(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
        let token = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token);
        let token = token.ok_or_else(|| refused("writing needs a session: send one as Authorization: Bearer"))?;
        let host = one(header::HOST).ok_or_else(|| refused("the request names no host"))?;
        let session: Session = token.parse().map_err(|error: hospital_record::Error| refused(&error.to_string()))?;
        let host = host.to_ascii_lowercase();
        session.verify(self.0.deployment, &host, now()).map_err(|error| refused(&error.to_string()))
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
