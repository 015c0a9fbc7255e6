//! The path of a request, from its bytes to its result.

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::http::StatusCode;
use hospital_record::{
    Address, U256,
    ledger::{Act, ContractKind},
    relay::{Carrier, Fate, Look, SignedRequest},
};
use tokio::sync::watch;

use crate::{
    clock::now,
    relay::{
        gas::Ceilings,
        limits::Limits,
        metrics::Metrics,
        queue::{Queue, QueueError, Refusal},
    },
    trust::Trust,
};

/// The time that an answer waits for the result: less than callers wait by default.
const WAIT: Duration = Duration::from_secs(20);
/// The latest deadline that is accepted; clients sign 15 minutes.
const LATEST: Duration = Duration::from_secs(2 * 3600);
/// The time to retry after, if other requests of the account come first.
const A_MOMENT: Duration = Duration::from_secs(10);
/// The time to wait for balances: Prometheus itself waits 10 s.
const NUMBERS_WITHIN: Duration = Duration::from_secs(3);
/// The reserved share of a request's current cost: the base fee rises by a quarter in two full blocks.
const ROOM: (u64, u64) = (5, 4);
/// The time to retry after, for lower fees.
const A_WHILE: Duration = Duration::from_secs(600);

/// Shared by all connections.
#[derive(Clone)]
pub(crate) struct Service(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) carrier: Carrier,
    /// All paying accounts; the carrier is one of them.
    pub(crate) payers: Vec<Address>,
    pub(crate) queue: Queue,
    pub(crate) limits: Limits,
    pub(crate) ceilings: Arc<Ceilings>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) metrics: Metrics,
    /// Empty for all.
    pub(crate) verbs: Vec<String>,
    pub(crate) stop: watch::Receiver<bool>,
    /// The time to check a request.
    pub(crate) patience: Duration,
}

/// The reason why a request is turned away.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("this is not a request: {0}; send {{\"chainId\":N,\"contract\":\"0x...\",\"data\":\"0x...\"}} as JSON")]
    Malformed(String),
    #[error("{0}")]
    NotCarried(String),
    #[error("{0}")]
    Claimed(String),
    #[error("too many requests: wait {} s", .0.as_secs() + 1)]
    TooMany(Duration),
    #[error("{reason}")]
    Later { reason: String, wait: Duration },
    #[error("{0}")]
    Busy(String),
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::NotCarried(_) => StatusCode::FORBIDDEN,
            Self::Claimed(_) => StatusCode::CONFLICT,
            Self::TooMany(_) | Self::Later { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The time to retry after.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany(wait) | Self::Later { wait, .. } => Some(*wait),
            Self::Busy(_) => Some(A_MOMENT),
            _ => None,
        }
    }

    /// Without what the caller sent, which may name people.
    fn log(&self) {
        match self {
            Self::Malformed(_) => tracing::info!("turned away: it is not a request"),
            problem => tracing::info!(%problem, "turned away"),
        }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        let reason = error.to_string();
        match error {
            QueueError::NotNow(Refusal::Open(_)) => Self::Later { reason, wait: A_MOMENT },
            QueueError::NotNow(
                Refusal::Spent { wait, .. } | Refusal::Reserved { wait, .. } | Refusal::Resting(wait),
            ) => Self::Later { reason, wait },
            QueueError::NotNow(Refusal::TooDear { .. }) => Self::Later { reason, wait: A_WHILE },
            QueueError::Claimed => Self::Claimed(reason),
            QueueError::NoRequest => Self::Malformed(reason),
            QueueError::NotNow(Refusal::Full(_)) | QueueError::Disk(_) => Self::Busy(reason),
        }
    }
}

impl Service {
    /// Takes a request and waits for its result, for a limited time.
    pub(crate) async fn take(&self, body: &[u8]) -> Result<Fate, Problem> {
        let looking = tokio::time::timeout(self.0.patience, self.look(body));
        let taken = looking.await.unwrap_or_else(|_| Err(Problem::Busy("the chain does not answer".into())));
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

    async fn look(&self, body: &[u8]) -> Result<watch::Receiver<Fate>, Problem> {
        let parts = &*self.0;
        let request: SignedRequest =
            serde_json::from_slice(body).map_err(|error| Problem::Malformed(error.to_string()))?;
        // A request is known by its data alone.
        let act = self.served(&request)?;
        // A refused request may be valid by now, and the carrier of a revocation cannot sign it anew.
        if let Some(fate) = parts.queue.fate(request.id()).filter(|fate| !is_refused(&fate.borrow())) {
            return Ok(fate);
        }
        let (act, verb) = self.allowed(act)?;
        let most = self.admitted(&request, &act).await?;
        let gas = match parts.carrier.look(&request, most).await {
            Ok(Look::Ready { gas }) => gas,
            // Nothing is carried, so nothing is kept.
            Ok(Look::Ended(fate)) => return Ok(watch::channel(fate).1),
            Err(error) => return Err(silent(&error)),
        };
        let cost = self.affordable(&act, gas).await?;
        // The account's own signature is checked by now, so others cannot use up its rate limit.
        parts.limits.take(&act).map_err(Problem::TooMany)?;
        tracing::info!(id = %request.id(), verb, "accepted");
        self.put(request, cost).await
    }

    /// The cost, with room for rising fees. An accepted request holds its share of the budgets until it is carried. So
    /// requests that no payer can pay, or that may wait for long, are turned away to another relay.
    async fn affordable(&self, act: &Act, gas: u64) -> Result<U256, Problem> {
        let ledger = self.0.carrier.contract().ledger();
        let (fees, newest) = (ledger.fees().await.map_err(silent)?, ledger.newest().await.map_err(silent)?);
        if let Act::Once { deadline, .. } = act
            && *deadline > newest.time.saturating_add(LATEST.as_secs())
        {
            let text = "its deadline is more than two hours away: sign it with an earlier one";
            return Err(Problem::NotCarried(text.into()));
        }
        // An ordinary request needs a payer that has its highest cost. A request that ends access waits for funds.
        let needed = if act.ends_access() { U256::ONE } else { wei(gas, fees.max_fee) };
        self.can_pay(needed).await.map_err(Problem::Busy)?;
        Ok(wei(gas, fees.now()).saturating_mul(U256::from(ROOM.0)) / U256::from(ROOM.1))
    }

    /// Finishes even if the caller disconnects, so that disk and queue agree.
    async fn put(&self, request: SignedRequest, cost: U256) -> Result<watch::Receiver<Fate>, Problem> {
        let queue = self.0.queue.clone();
        let put = tokio::spawn(async move { queue.put(request, cost, now()).await });
        Ok(put.await.map_err(|error| Problem::Busy(error.to_string()))??)
    }

    /// The act of a request that is for this relay's chain and contracts.
    fn served(&self, request: &SignedRequest) -> Result<Option<Act>, Problem> {
        let contract = self.0.carrier.contract();
        let act = request.act();
        let is_served = match act.as_ref().map(Act::kind) {
            Some(ContractKind::HospitalRecord) | None => request.contract == contract.address(),
            // The later check on the chain shows whether the account is a board.
            Some(_) => true,
        };
        if request.chain_id != contract.chain() || !is_served {
            let (chain, address) = (contract.chain(), contract.address());
            return Err(Problem::NotCarried(format!(
                "this relay serves only contract {address} on chain {chain}, its sister contracts, and boards"
            )));
        }
        Ok(act)
    }

    fn allowed(&self, act: Option<Act>) -> Result<(Act, &'static str), Problem> {
        let named = act.filter(|act| !act.signer().is_zero()).and_then(|act| act.verb().map(|verb| (act, verb)));
        let (act, verb) =
            named.ok_or_else(|| Problem::Malformed("its data is not a signed request of the contract".into()))?;
        match self.0.verbs.is_empty() || self.0.verbs.iter().any(|known| known == verb) {
            true => Ok((act, verb)),
            false => Err(Problem::NotCarried(format!("this relay does not carry {verb}: ask another relay"))),
        }
    }

    /// The gas ceiling of a request, if this relay serves its signer.
    async fn admitted(&self, request: &SignedRequest, act: &Act) -> Result<u64, Problem> {
        let by_key = request.signed_by_key(self.0.carrier.contract());
        let no_key = "the account's own key did not sign this, and this relay carries nothing for contract wallets";
        let gas = self.0.ceilings.of(act, by_key).ok_or_else(|| Problem::NotCarried(no_key.into()))?;
        match self.0.trust.admits(act.signer()).await {
            Ok(true) => Ok(gas),
            Ok(false) => {
                Err(Problem::NotCarried("this relay does not carry for this account: ask another relay".into()))
            }
            Err(error) => Err(silent(error)),
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

    /// Whether the chain answers and a payer has ether.
    pub(crate) async fn health(&self) -> Result<(), String> {
        self.can_pay(U256::ONE).await
    }

    /// The metrics of the relay, in Prometheus' text format.
    pub(crate) async fn metrics(&self) -> String {
        let parts = &*self.0;
        parts.metrics.text(parts.queue.waiting(), parts.queue.spent(now()), &self.balances().await)
    }

    /// The balances of the payers; empty if the chain does not answer in time.
    async fn balances(&self) -> Vec<(Address, U256)> {
        let (ledger, payers) = (self.0.carrier.contract().ledger(), &self.0.payers);
        let asking = async {
            let mut balances = Vec::new();
            for payer in payers {
                balances.extend(ledger.balance(*payer).await.map(|wei| (*payer, wei)));
            }
            balances
        };
        tokio::time::timeout(NUMBERS_WITHIN, asking).await.unwrap_or_default()
    }

    async fn can_pay(&self, wei: U256) -> Result<(), String> {
        let ledger = self.0.carrier.contract().ledger();
        for payer in &self.0.payers {
            if ledger.balance(*payer).await.map_err(|error| silent(error).to_string())? >= wei {
                return Ok(());
            }
        }
        Err("no payer of this relay has enough ether at the moment".into())
    }
}

fn wei(gas: u64, fee: u128) -> U256 {
    U256::from(gas).saturating_mul(U256::from(fee))
}

/// Hides the provider's name and words, which are not for callers.
fn silent(error: impl std::fmt::Display) -> Problem {
    tracing::warn!(%error, "the chain did not answer");
    Problem::Busy("the chain does not answer this relay at the moment: try again later, or ask another relay".into())
}

fn is_refused(fate: &Fate) -> bool {
    matches!(fate, Fate::Refused { .. })
}
