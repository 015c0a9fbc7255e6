//! Pins that go on in the background, and their progress.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hospital_record::{Address, Cid};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::blocks::problem::Problem;

/// Pins of one account that may go on or wait, and of all.
const MOST_OF_ONE: usize = 32;
const MOST: usize = 1024;
/// How long a pin that ended well is remembered for a caller that asks again.
const KEPT: Duration = Duration::from_secs(60);

/// What was pinned: blocks, and their bytes.
pub(crate) type Pinned = (u64, u64);
pub(crate) type Outcome = Result<Pinned, Problem>;

#[derive(Default)]
pub(crate) struct Jobs(Arc<Mutex<Table>>);

type Table = HashMap<(Address, Cid), Job>;

#[derive(Clone)]
struct Job {
    state: Arc<State>,
    outcome: watch::Receiver<Option<Outcome>>,
}

/// What a pin and its callers say to each other.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Blocks that were read so far.
    pub(crate) seen: AtomicU64,
    /// Its account unpinned the root meanwhile. The task is not aborted: a write of the backing store could go on.
    pub(crate) is_given_up: AtomicBool,
}

/// The answer to a caller that waited.
pub(crate) enum Progress {
    Ended(Outcome),
    Working(u64),
}

impl Jobs {
    /// Joins the pin that goes on for this key, or starts it; then waits for its end.
    pub(crate) async fn join<F>(
        &self,
        key: (Address, Cid),
        start: impl FnOnce(Arc<State>) -> F,
        patience: Duration,
    ) -> Progress
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let job = match self.job(key, start) {
            Ok(job) => job,
            Err(problem) => return Progress::Ended(Err(problem)),
        };
        let mut outcome = job.outcome.clone();
        let ended = timeout(patience, outcome.wait_for(Option::is_some)).await;
        match ended {
            Err(_) => Progress::Working(job.state.seen.load(Relaxed)),
            Ok(ended) => {
                let outcome = ended.ok().and_then(|outcome| outcome.clone());
                // A later request looks again.
                remove(&self.0, &key, &job.state);
                Progress::Ended(outcome.unwrap_or(Err(Problem::Unavailable)))
            }
        }
    }

    fn job<F>(&self, key: (Address, Cid), start: impl FnOnce(Arc<State>) -> F) -> Result<Job, Problem>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let mut table = lock(&self.0);
        if let Some(job) = table.get(&key) {
            return Ok(job.clone());
        }
        let own = table.keys().filter(|(account, _)| *account == key.0).count();
        if own >= MOST_OF_ONE || table.len() >= MOST {
            return Err(Problem::TooMany);
        }
        let (sender, outcome) = watch::channel(None);
        let job = Job { state: Arc::default(), outcome };
        let (jobs, working, state) = (self.0.clone(), start(job.state.clone()), job.state.clone());
        tokio::spawn(async move {
            let outcome = working.await;
            let is_well = outcome.is_ok();
            sender.send_replace(Some(outcome));
            if is_well {
                sleep(KEPT).await;
            }
            remove(&jobs, &key, &state);
        });
        table.insert(key, job.clone());
        Ok(job)
    }

    /// Gives up the pin that goes on, and forgets one that ended.
    pub(crate) fn give_up(&self, key: &(Address, Cid)) {
        if let Some(job) = lock(&self.0).remove(key) {
            job.state.is_given_up.store(true, Relaxed);
        }
    }
}

/// Another pin for the same key may have started meanwhile.
fn remove(table: &Mutex<Table>, key: &(Address, Cid), state: &Arc<State>) {
    let mut table = lock(table);
    if table.get(key).is_some_and(|job| Arc::ptr_eq(&job.state, state)) {
        table.remove(key);
    }
}

fn lock(table: &Mutex<Table>) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
