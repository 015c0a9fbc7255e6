//! Missing entries, as people see them.

use std::{fmt, time::SystemTime};

use alloy::primitives::{Address, B256};

use crate::{
    base::time::{instant, rfc3339},
    journal::vanished::VanishedEntry,
    ledger::Event,
};

/// An entry of a history that was confirmed, and that the chain no longer shows: a reorg dropped it, or the node lies.
///
/// Its `Display` output is one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingEntry {
    /// The patient whose history had it.
    pub patient: Address,
    /// The account that did it.
    pub by: Address,
    /// When it was confirmed, by the chain's clock.
    pub at: SystemTime,
    /// What it did.
    pub event: Event,
    /// The head of the history with this entry. [`Acts::give_up`](crate::client::acts::Acts::give_up) takes it as name.
    pub head: B256,
}

impl fmt::Display for MissingEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, at, event, .. } = self;
        write!(f, "the chain no longer shows that {by} {event} ({})", rfc3339(*at))
    }
}

impl From<&VanishedEntry> for MissingEntry {
    fn from(vanished: &VanishedEntry) -> Self {
        let entry = vanished.entry;
        let patient = vanished.patient;
        let at = instant(entry.time);
        Self { patient, by: entry.event.actor(patient), at, event: entry.event, head: entry.head }
    }
}
