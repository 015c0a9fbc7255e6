//! What the relay does with a request, from its bytes to its fate.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::http::StatusCode;
use hospital_record::{
    Address,
    ledger::{Act, ContractKind},
    relay::{Carrier, Fate, SignedRequest},
};
use tokio::sync::watch;

use crate::{
    limits::{Limits, network},
    metrics::Metrics,
    queue::{Queue, QueueError},
};

/// How long an answer waits for the fate: less than what callers wait by default.
const WAIT: Duration = Duration::from_secs(20);

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) carrier: Carrier,
    /// All that pay; the carrier is one of them.
    pub(crate) payers: Vec<Address>,
    pub(crate) queue: Queue,
    pub(crate) limits: Limits,
    pub(crate) metrics: Metrics,
    /// All when it is empty.
    pub(crate) verbs: Vec<String>,
    pub(crate) stop: watch::Receiver<bool>,
}

/// Why a request is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("this is no request: {0}; send {{\"chainId\":N,\"contract\":\"0x...\",\"data\":\"0x...\"}} as JSON")]
    Malformed(String),
    #[error("{0}")]
    NotCarried(String),
    #[error("too many requests: wait {} s", .0.as_secs() + 1)]
    TooMany(Duration),
    #[error("{0}")]
    Busy(String),
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotCarried(_) => StatusCode::FORBIDDEN,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Without what the caller sent, which may name people.
    fn log(&self) {
        match self {
            Self::Malformed(_) => tracing::info!("turned away: it is no request"),
            problem => tracing::info!(%problem, "turned away"),
        }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        Self::Busy(error.to_string())
    }
}

impl Service {
    /// Takes a request and waits a while for its fate.
    pub(crate) async fn take(&self, from: IpAddr, body: &[u8]) -> Result<Fate, Problem> {
        let taken = self.look(from, body).await;
        match &taken {
            Ok(_) => self.0.metrics.accepted(),
            Err(Problem::TooMany(_)) => self.0.metrics.limited(),
            Err(problem) => {
                problem.log();
                self.0.metrics.turned_away();
            }
        }
        self.wait(taken?).await
    }

    async fn look(&self, from: IpAddr, body: &[u8]) -> Result<watch::Receiver<Fate>, Problem> {
        let parts = &*self.0;
        parts.limits.addresses.take(&network(from)).map_err(Problem::TooMany)?;
        let request: SignedRequest =
            serde_json::from_slice(body).map_err(|error| Problem::Malformed(error.to_string()))?;
        // What was refused may be right by now, and a revocation cannot be signed anew by whoever has it.
        if let Some(fate) = parts.queue.fate(request.id()).filter(|fate| !is_refused(&fate.borrow())) {
            return Ok(fate);
        }
        let verb = self.allowed(&request)?;
        match parts.carrier.fate(&request).await {
            Ok(Fate::Waiting) => {}
            // Nothing to carry, so nothing to keep.
            Ok(fate) => return Ok(watch::channel(fate).1),
            Err(error) => return Err(Problem::Busy(error.to_string())),
        }
        // What is taken waits until it is carried: for what nobody can pay, the caller asks another relay.
        self.health().await.map_err(Problem::Busy)?;
        // Only now is it known that the account itself has signed: nobody else uses up what it may ask for.
        if let Some(act) = request.act() {
            parts.limits.take(&act).map_err(Problem::TooMany)?;
        }
        tracing::info!(id = %request.id(), verb, "accepted");
        Ok(parts.queue.put(request, now()).await?)
    }

    fn allowed(&self, request: &SignedRequest) -> Result<&'static str, Problem> {
        let contract = self.0.carrier.contract();
        let act = request.act();
        let is_served = match act.as_ref().map(Act::kind) {
            Some(ContractKind::HospitalRecord) | None => request.contract == contract.address(),
            // Whether it is a board is asked of the chain, when it is looked whether it can be carried.
            Some(_) => true,
        };
        if request.chain_id != contract.chain() || !is_served {
            let (chain, address) = (contract.chain(), contract.address());
            return Err(Problem::NotCarried(format!(
                "this relay serves contract {address} on chain {chain}, those beside it and boards alone"
            )));
        }
        let verb = act.as_ref().and_then(Act::verb);
        let verb = verb.ok_or_else(|| Problem::Malformed("its data is no signed request of the contract".into()))?;
        match self.0.verbs.is_empty() || self.0.verbs.iter().any(|known| known == verb) {
            true => Ok(verb),
            false => Err(Problem::NotCarried(format!("this relay does not carry {verb}: ask another one"))),
        }
    }

    async fn wait(&self, mut fate: watch::Receiver<Fate>) -> Result<Fate, Problem> {
        let mut stop = self.0.stop.clone();
        tokio::select! {
            _ = fate.wait_for(|fate| *fate != Fate::Waiting) => {}
            _ = stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(WAIT) => {}
        }
        let fate = fate.borrow().clone();
        Ok(fate)
    }

    /// Whether it can do its work: the chain answers, and there is something to pay with.
    pub(crate) async fn health(&self) -> Result<(), String> {
        let ledger = self.0.carrier.contract().ledger();
        for payer in &self.0.payers {
            if !ledger.balance(*payer).await.map_err(|error| error.to_string())?.is_zero() {
                return Ok(());
            }
        }
        Err("this relay has nothing to pay with at the moment".into())
    }
}

fn is_refused(fate: &Fate) -> bool {
    matches!(fate, Fate::Refused { .. })
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
