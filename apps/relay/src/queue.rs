//! What was accepted and what became of it: it survives a crash, and nothing in it is carried twice.

use std::{
    collections::{HashMap, VecDeque},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hospital_record::{
    B256,
    relay::{Fate, SignedRequest},
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};

/// id -> [`Row`] as JSON
const REQUESTS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("requests-1");

/// What is kept of a request.
#[derive(Clone, Serialize, Deserialize)]
struct Row {
    /// Its place in the order in which requests came.
    order: u64,
    /// When it came, seconds since 1970.
    at: u64,
    request: SignedRequest,
    fate: Fate,
}

/// Why a request is not kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueError {
    #[error("the relay has {0} requests to carry already: try again later, or ask another relay")]
    Full(usize),
    #[error("the relay cannot write its state: {0}")]
    Disk(String),
}

/// Accepted requests in order, revocations first.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Inner>);

struct Inner {
    database: Database,
    most: usize,
    state: Mutex<State>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    known: HashMap<B256, Known>,
    urgent: VecDeque<B256>,
    waiting: VecDeque<B256>,
    next: u64,
}

struct Known {
    row: Row,
    fate: watch::Sender<Fate>,
}

impl Queue {
    /// Opens the file and takes up what was not carried; holds at most so many that wait.
    pub(crate) fn open(file: &Path, most: usize) -> Result<Self, QueueError> {
        let database = Database::create(file).map_err(disk)?;
        let state = read(&database)?;
        Ok(Self(Arc::new(Inner { database, most, state: Mutex::new(state), wake: Notify::new() })))
    }

    /// Where the fate of a request that is known here is told.
    pub(crate) fn fate(&self, id: B256) -> Option<watch::Receiver<Fate>> {
        self.state().known.get(&id).map(|known| known.fate.subscribe())
    }

    /// Keeps a request, on disk before it is in the queue.
    pub(crate) async fn put(&self, request: SignedRequest, at: u64) -> Result<watch::Receiver<Fate>, QueueError> {
        let id = request.id();
        let row = {
            let mut state = self.state();
            if let Some(known) = state.settled_or_waiting(id) {
                return Ok(known.fate.subscribe());
            }
            let waiting = state.waiting.len() + state.urgent.len();
            // A revocation is never turned away for others' requests.
            if waiting >= self.0.most && !is_urgent(&request) {
                return Err(QueueError::Full(waiting));
            }
            state.next += 1;
            Row { order: state.next, at, request, fate: Fate::Waiting }
        };
        self.write(id, Some(row.clone())).await?;
        let mut state = self.state();
        // Somebody else may have put the same meanwhile.
        let receiver = match state.settled_or_waiting(id) {
            Some(known) => known.fate.subscribe(),
            None => state.take(id, row),
        };
        drop(state);
        self.0.wake.notify_one();
        Ok(receiver)
    }

    /// The next request to carry. It stays kept until [`Queue::end`].
    pub(crate) async fn next(&self) -> (B256, SignedRequest) {
        loop {
            let woken = self.0.wake.notified();
            if let Some(next) = self.state().pop() {
                // There may be more, for another worker.
                self.0.wake.notify_one();
                return next;
            }
            woken.await;
        }
    }

    /// Puts back what could not be carried now, before all others.
    pub(crate) fn back(&self, id: B256) {
        self.state().urgent.push_front(id);
        self.0.wake.notify_one();
    }

    /// Puts back what failed again and again, after all others of its kind.
    pub(crate) fn later(&self, id: B256) {
        self.state().line_up(id);
        self.0.wake.notify_one();
    }

    /// Keeps a request's fate and tells those who wait.
    pub(crate) async fn end(&self, id: B256, fate: Fate) -> Result<(), QueueError> {
        let Some(mut row) = self.state().known.get(&id).map(|known| known.row.clone()) else { return Ok(()) };
        row.fate = fate.clone();
        self.write(id, Some(row.clone())).await?;
        if let Some(known) = self.state().known.get_mut(&id) {
            known.row = row;
            known.fate.send_replace(fate);
        }
        Ok(())
    }

    /// Requests that are still to be carried.
    pub(crate) fn waiting(&self) -> usize {
        self.state().known.values().filter(|known| known.row.fate == Fate::Waiting).count()
    }

    /// Forgets what ended before this second: nobody asks for it any more.
    pub(crate) async fn forget(&self, before: u64) -> Result<usize, QueueError> {
        let old = |known: &Known| known.row.fate != Fate::Waiting && known.row.at < before;
        let ids: Vec<B256> = self.state().known.iter().filter(|(_, known)| old(known)).map(|(id, _)| *id).collect();
        for id in &ids {
            self.write(*id, None).await?;
            self.state().known.remove(id);
        }
        Ok(ids.len())
    }

    async fn write(&self, id: B256, row: Option<Row>) -> Result<(), QueueError> {
        let inner = self.0.clone();
        let write = move || {
            let transaction = inner.database.begin_write().map_err(disk)?;
            {
                let mut table = transaction.open_table(REQUESTS).map_err(disk)?;
                match row {
                    Some(row) => {
                        let bytes = serde_json::to_vec(&row).map_err(disk)?;
                        table.insert(id.as_slice(), bytes.as_slice()).map_err(disk)?;
                    }
                    None => drop(table.remove(id.as_slice()).map_err(disk)?),
                }
            }
            transaction.commit().map_err(disk)
        };
        tokio::task::spawn_blocking(write).await.map_err(disk)?
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, id: B256, row: Row) -> watch::Receiver<Fate> {
        let (fate, receiver) = watch::channel(row.fate.clone());
        self.known.insert(id, Known { row, fate });
        self.line_up(id);
        receiver
    }

    fn line_up(&mut self, id: B256) {
        match self.known.get(&id).filter(|known| known.row.fate == Fate::Waiting) {
            Some(known) if is_urgent(&known.row.request) => self.urgent.push_back(id),
            Some(_) => self.waiting.push_back(id),
            None => {}
        }
    }

    /// What was refused is put again like one that is not known.
    fn settled_or_waiting(&self, id: B256) -> Option<&Known> {
        self.known.get(&id).filter(|known| !matches!(known.row.fate, Fate::Refused { .. }))
    }

    fn pop(&mut self) -> Option<(B256, SignedRequest)> {
        loop {
            let id = self.urgent.pop_front().or_else(|| self.waiting.pop_front())?;
            if let Some(known) = self.known.get(&id).filter(|known| known.row.fate == Fate::Waiting) {
                return Some((id, known.row.request.clone()));
            }
        }
    }
}

fn read(database: &Database) -> Result<State, QueueError> {
    let transaction = database.begin_write().map_err(disk)?;
    drop(transaction.open_table(REQUESTS).map_err(disk)?);
    transaction.commit().map_err(disk)?;
    let table = database.begin_read().map_err(disk)?.open_table(REQUESTS).map_err(disk)?;
    let mut rows = Vec::new();
    for row in table.iter().map_err(disk)? {
        let (_, row) = row.map_err(disk)?;
        rows.push(serde_json::from_slice::<Row>(row.value()).map_err(disk)?);
    }
    rows.sort_unstable_by_key(|row| row.order);
    let mut state = State { next: rows.last().map_or(0, |row| row.order), ..State::default() };
    for row in rows {
        state.take(row.request.id(), row);
    }
    Ok(state)
}

fn is_urgent(request: &SignedRequest) -> bool {
    request.act().is_some_and(|act| act.ends_access())
}

fn disk(error: impl std::fmt::Display) -> QueueError {
    QueueError::Disk(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn request(number: u8) -> SignedRequest {
        SignedRequest { chain_id: 1, contract: Default::default(), data: vec![number].into() }
    }

    #[tokio::test]
    async fn what_was_accepted_is_there_after_a_crash_in_its_order_and_what_ended_stays_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("relay.redb");
        let done = Fate::Done { transaction: Some(B256::repeat_byte(1)) };
        {
            let queue = Queue::open(&file, 9).unwrap();
            for number in [3, 1, 2] {
                queue.put(request(number), 5).await.unwrap();
            }
            let (id, first) = queue.next().await;
            assert_eq!(first, request(3));
            queue.end(id, done.clone()).await.unwrap();
            // Taken, and not ended.
            assert_eq!(queue.next().await.1, request(1));
        }
        let queue = Queue::open(&file, 9).unwrap();
        assert_eq!(queue.waiting(), 2);
        assert_eq!(*queue.fate(request(3).id()).unwrap().borrow(), done);
        assert_eq!(queue.put(request(3), 5).await.unwrap().borrow().clone(), done);
        assert_eq!(queue.next().await.1, request(1));
        assert_eq!(queue.next().await.1, request(2));
    }

    #[tokio::test]
    async fn the_same_request_is_kept_once_and_what_failed_comes_next() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::open(&folder.path().join("relay.redb"), 2).unwrap();
        for _ in 0..3 {
            queue.put(request(1), 5).await.unwrap();
        }
        assert_eq!(queue.waiting(), 1);
        queue.put(request(2), 5).await.unwrap();
        assert!(matches!(queue.put(request(3), 5).await, Err(QueueError::Full(2))));
        let (id, _) = queue.next().await;
        queue.back(id);
        assert_eq!(queue.next().await.0, id);
    }

    #[tokio::test]
    async fn only_what_ended_long_ago_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::open(&folder.path().join("relay.redb"), 9).unwrap();
        for (number, at) in [(1, 5), (2, 50), (3, 5)] {
            queue.put(request(number), at).await.unwrap();
        }
        for number in [1, 2] {
            queue.end(request(number).id(), Fate::Refused { reason: "no".into() }).await.unwrap();
        }
        assert_eq!(queue.forget(10).await.unwrap(), 1);
        assert!(queue.fate(request(1).id()).is_none());
        assert!(queue.fate(request(2).id()).is_some() && queue.fate(request(3).id()).is_some());
    }

    #[tokio::test]
    async fn what_was_refused_is_taken_again_and_what_fails_on_and_on_lets_others_pass() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::open(&folder.path().join("relay.redb"), 9).unwrap();
        queue.put(request(1), 5).await.unwrap();
        queue.end(queue.next().await.0, Fate::Refused { reason: "no".into() }).await.unwrap();
        assert_eq!(*queue.put(request(1), 6).await.unwrap().borrow(), Fate::Waiting);
        queue.put(request(2), 6).await.unwrap();
        let (id, first) = queue.next().await;
        queue.later(id);
        assert_eq!((first, queue.next().await.1, queue.next().await.1), (request(1), request(2), request(1)));
    }
}
