//! Accepted requests and their results: they survive a crash, and none is carried twice.

mod books;
mod disk;
mod lanes;
mod state;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use hospital_record::{
    Address, B256, U256,
    ledger::Contract,
    relay::{Fate, SignedRequest},
};
use tokio::sync::{Notify, watch};

use self::{
    books::{ALL, Books},
    disk::{Batch, Row},
    state::{About, State},
};
pub(crate) use self::{
    books::{Paid, Refusal, Terms},
    lanes::Lane,
};
use crate::database::Database;

/// The reason why a request is not queued.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueError {
    #[error(transparent)]
    NotNow(#[from] Refusal),
    #[error("another request of this account with the same nonce waits: repeat this one when that one has ended")]
    Claimed,
    #[error("it is not a signed request of the contract")]
    NoRequest,
    #[error("the relay cannot write its state: {0}")]
    Disk(String),
}

/// A request that one worker holds. No worker gets it, or another one with its nonce, until it is returned or ends.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: B256,
    pub(crate) request: SignedRequest,
    pub(crate) lane: Lane,
    /// The time when the worker took it.
    pub(crate) since: Instant,
    /// The number of failed attempts.
    pub(crate) attempts: u32,
    /// The number of refusals by a provider.
    pub(crate) refusals: u32,
    /// The number of reverted transactions.
    pub(crate) in_vain: u32,
}

impl Task {
    /// The task after one more attempt, with this number of refusals.
    pub(crate) fn failed_once(self, refusals: u32) -> Self {
        let (attempts, refusals) = (self.attempts.saturating_add(1), self.refusals.saturating_add(refusals));
        Self { attempts, refusals, ..self }
    }
}

/// Accepted requests.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Inner>);

struct Inner {
    database: Database,
    contract: Contract,
    state: Mutex<State>,
    /// Serialises decisions with their writes.
    one_writer: tokio::sync::Mutex<()>,
    wake: Notify,
}

impl Queue {
    /// Queues the requests of the database that were not carried.
    pub(crate) async fn open(database: Database, terms: Terms, contract: Contract) -> Result<Self, QueueError> {
        let (rows, accounts) = disk::open(&database).await?;
        let state = Mutex::new(state::restored(rows, Books::new(terms, accounts), &contract)?);
        let (one_writer, wake) = (tokio::sync::Mutex::default(), Notify::new());
        Ok(Self(Arc::new(Inner { database, contract, state, one_writer, wake })))
    }

    /// The channel with the fate of a known request.
    pub(crate) fn fate(&self, id: B256) -> Option<watch::Receiver<Fate>> {
        self.state().known.get(&id).map(|known| known.fate.subscribe())
    }

    /// Stores a request that may cost so many wei: first on disk, then in the queue.
    pub(crate) async fn put(
        &self,
        request: SignedRequest,
        cost: U256,
        at: u64,
    ) -> Result<watch::Receiver<Fate>, QueueError> {
        let _alone = self.0.one_writer.lock().await;
        let id = request.id();
        let about = About::of(&request, &self.0.contract).ok_or(QueueError::NoRequest)?;
        let row = {
            let state = self.state();
            if let Some(known) = state.settled_or_waiting(id) {
                return Ok(known.fate.subscribe());
            }
            if state.is_claimed(&about) {
                return Err(QueueError::Claimed);
            }
            state.books.admit(about.signer, about.lane, cost, at)?;
            let (order, fate, reserved) = (state.next + 1, Fate::Waiting, cost);
            Row { order, at, request, fate, reserved, attempts: 0, refusals: 0, in_vain: 0 }
        };
        self.write(Batch { rows: vec![(id, Some(row.clone()))], ..Batch::default() }).await?;
        let receiver = self.state().take(id, row, about);
        self.0.wake.notify_waiters();
        Ok(receiver)
    }

    /// The next request that this payer may carry, down to a lane.
    pub(crate) async fn next(&self, payer: Address, down_to: Lane) -> Task {
        loop {
            // All workers wake each time, because each may take different requests.
            let woken = self.0.wake.notified();
            if let Some(task) = self.state().pop(payer, down_to) {
                return task;
            }
            woken.await;
        }
    }

    /// Whether something urgent waits for this payer.
    pub(crate) fn has_urgent(&self, payer: Address) -> bool {
        self.state().lanes.has_urgent(payer)
    }

    /// A given request, whose transaction was sent before; `None` if it has ended or a worker holds it.
    pub(crate) fn pick(&self, id: B256) -> Option<Task> {
        self.state().pick(id)
    }

    /// Returns a request that was not carried. After a rest it queues behind the others of its signer and lane. With a
    /// payer it is only for that payer, which has signed a transaction for it.
    pub(crate) async fn give_back(&self, task: Task, rest: Duration, payer: Option<Address>) {
        let _alone = self.0.one_writer.lock().await;
        let Some(kept) = self.state().known.get(&task.id).map(|known| known.row.clone()) else { return };
        let Task { attempts, refusals, in_vain, .. } = task;
        let row = Row { attempts, refusals, in_vain, ..kept };
        if let Err(error) = self.write(Batch { rows: vec![(task.id, Some(row.clone()))], ..Batch::default() }).await {
            // After a restart it gets more attempts than it should.
            tracing::warn!(id = %task.id, %error, "the attempts of a request could not be stored");
        }
        self.state().give_back(&task, row, payer);
        let (queue, id) = (Arc::downgrade(&self.0), task.id);
        let line_up = async move {
            tokio::time::sleep(rest).await;
            let Some(queue) = queue.upgrade().map(Self) else { return };
            queue.state().line_up(id);
            queue.0.wake.notify_waiters();
        };
        tokio::spawn(line_up);
    }

    /// Stores a request's fate and cost, and notifies waiting callers.
    pub(crate) async fn end(&self, task: Task, fate: Fate, paid: Option<Paid>, now: u64) -> Result<(), QueueError> {
        let _alone = self.0.one_writer.lock().await;
        let (row, charged) = {
            let state = self.state();
            let Some(known) = state.known.get(&task.id) else { return Ok(()) };
            let About { signer, lane, .. } = known.about;
            let charged = paid.map(|paid| state.books.charged(signer, lane, paid, now));
            (Row { fate, at: now, ..known.row.clone() }, charged)
        };
        let accounts: Vec<_> = charged.into_iter().flatten().collect();
        let kept = accounts.iter().map(|(account, kept)| (*account, Some(kept.clone()))).collect();
        let written = self.write(Batch { rows: vec![(task.id, Some(row.clone()))], accounts: kept }).await;
        let mut state = self.state();
        state.books.keep(accounts);
        state.end(task.id, row);
        written
    }

    /// Stores the cost of a transaction that did not end its request.
    pub(crate) async fn book(&self, id: B256, wei: U256, now: u64) -> Result<(), QueueError> {
        let _alone = self.0.one_writer.lock().await;
        let accounts = {
            let state = self.state();
            state.books.booked(state.known.get(&id).map(|known| known.about.signer), wei, now)
        };
        let kept = accounts.iter().map(|(account, kept)| (*account, Some(kept.clone()))).collect();
        let written = self.write(Batch { accounts: kept, ..Batch::default() }).await;
        self.state().books.keep(accounts);
        written
    }

    /// Requests that are still to be carried.
    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting()
    }

    /// Wei that were paid today.
    pub(crate) fn spent(&self, now: u64) -> U256 {
        self.state().books.spent(ALL, now)
    }

    /// Forgets requests that ended long ago, and accounts without any request or cost.
    pub(crate) async fn forget(&self, now: u64) -> Result<usize, QueueError> {
        let _alone = self.0.one_writer.lock().await;
        let (ids, accounts) = {
            let state = self.state();
            let old = state.known.iter().filter(|(_, known)| known.row.is_stale(now));
            (old.map(|(id, _)| *id).collect::<Vec<_>>(), state.books.stale(now))
        };
        let rows = ids.iter().map(|id| (*id, None)).collect();
        self.write(Batch { rows, accounts: accounts.iter().map(|account| (*account, None)).collect() }).await?;
        let mut state = self.state();
        ids.iter().for_each(|id| drop(state.known.remove(id)));
        accounts.into_iter().for_each(|account| state.books.forget(account));
        Ok(ids.len())
    }

    async fn write(&self, batch: Batch) -> Result<(), QueueError> {
        disk::write(&self.0.database, &batch).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
