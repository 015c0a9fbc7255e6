//! Events: which journals and cases of boards moved, and who is asked for access. So people need not ask again and again.
//!
//! An event is a hint without content or names. Whoever gets one reads the journal and checks it, as always. So an event
//! may come twice, but a listener that missed some always learns of it.

mod http;
mod lane;
#[cfg(test)]
mod tests;
mod watcher;
mod window;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hospital_record::Address;
use tokio::sync::watch;

use self::window::Window;
pub(crate) use self::{
    http::{EVENTS, routes},
    watcher::watch_chain,
};
use crate::listening::Listening;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The journal of the account has a new entry.
    Journal,
    /// Somebody asked the account for access, or withdrew the request.
    Request,
    /// A case of the account, a board, moved.
    Case,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Request => "request",
            Self::Case => "case",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Notice {
    kind: Kind,
    account: Address,
    block: u64,
}

/// The newest events, shared by the watcher and all listeners.
#[derive(Clone)]
pub(crate) struct Events(Arc<Inner>);

struct Inner {
    window: Mutex<Window>,
    /// Counts changes of the window.
    changes: watch::Sender<u64>,
    listening: Listening,
}

impl Events {
    pub(crate) fn new(listening: Listening) -> Self {
        Self(Arc::new(Inner { window: Mutex::new(Window::new()), changes: watch::channel(0).0, listening }))
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some events will never be known.
    fn miss(&self) {
        self.window().miss();
        self.0.changes.send_modify(|count| *count += 1);
    }

    fn add(&self, notices: Vec<Notice>) {
        if !notices.is_empty() {
            self.window().add(notices);
            self.0.changes.send_modify(|count| *count += 1);
        }
    }
}
