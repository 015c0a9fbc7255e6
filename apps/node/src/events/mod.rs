//! Events: which journals moved and who is asked for access, so that people need not ask again and again.
//!
//! An event is a hint without content or names. Whoever gets one reads the journal and checks it, as always.

mod http;
mod watcher;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hospital_record::Address;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use self::window::Window;
pub(crate) use self::{
    http::{EVENTS, routes},
    watcher::watch_chain,
};

/// The place of an event on the chain: its block, and its number among the events of that block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cursor {
    block: u64,
    index: u64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The journal of the account has a new entry.
    Journal,
    /// Somebody asked the account for access, or withdrew the request.
    Request,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Request => "request",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Notice {
    at: Cursor,
    kind: Kind,
    account: Address,
}

/// The newest events, shared by the watcher and all listeners.
#[derive(Clone)]
pub(crate) struct Events(Arc<Inner>);

struct Inner {
    window: Mutex<Window>,
    /// Counts changes of the window.
    changes: watch::Sender<u64>,
    /// Places for listeners.
    places: Arc<Semaphore>,
}

/// The most listeners at a time. Each holds a connection.
const LISTENERS: usize = 4_096;

impl Events {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            window: Mutex::default(),
            changes: watch::channel(0).0,
            places: Arc::new(Semaphore::new(LISTENERS)),
        }))
    }

    /// A place for one more listener.
    fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.0.places.clone().try_acquire_owned().ok()
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Window)) {
        change(&mut self.window());
        self.0.changes.send_modify(|count| *count += 1);
    }
}
