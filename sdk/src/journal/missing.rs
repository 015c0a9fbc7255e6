//! What was confirmed and is gone, for people.

use std::{fmt, time::SystemTime};

use alloy::primitives::{Address, B256};

use crate::{
    base::time::{instant, rfc3339},
    journal::vanished::Vanished,
    ledger::Event,
};

/// An entry of a history that was shown here as confirmed, and is gone: a reorganisation dropped it, or the node lies.
///
/// As text it is one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingEntry {
    /// Whose history it was in.
    pub patient: Address,
    /// Who did it.
    pub by: Address,
    /// When it was confirmed, by the chain's clock.
    pub at: SystemTime,
    /// What it was.
    pub event: Event,
    /// The head that the history had with it; it names the entry to [`Acts::give_up`](crate::client::acts::Acts::give_up).
    pub head: B256,
}

impl fmt::Display for MissingEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, at, event, .. } = self;
        write!(f, "the chain no longer shows that {by} {event} ({})", rfc3339(*at))
    }
}

impl From<&Vanished> for MissingEntry {
    fn from(gone: &Vanished) -> Self {
        let entry = gone.entry;
        let patient = gone.patient;
        let at = instant(entry.time);
        Self { patient, by: entry.event.actor(patient), at, event: entry.event, head: entry.head }
    }
}
