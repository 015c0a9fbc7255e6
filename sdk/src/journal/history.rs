//! The history of a patient: who did what, and when. Reading and checking it needs no key.

use std::{collections::HashMap, fmt, future::IntoFuture, time::SystemTime};

use alloy::primitives::{Address, B256};

use crate::{
    base::{error::Result, task::BoxFuture, time::instant},
    journal::{
        journals::Journals,
        words::{Names, Unnamed},
    },
    ledger::{Completeness, Entry, Event, record_key},
};

/// A patient's verified history, oldest entry first, and how far it is complete.
///
/// Its `Display` output is one line for each entry, then the statement of completeness.
///
/// See the [guide](crate::history).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct History {
    /// The patient.
    pub patient: Address,
    /// The entries, oldest first.
    pub entries: Vec<HistoryEntry>,
    /// How far the history is known to be complete.
    pub completeness: Completeness,
}

/// One entry of a history.
///
/// See the [guide](crate::history).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The time of its block, which the journal's hash covers.
    pub at: SystemTime,
    /// The account that did it.
    pub by: Address,
    /// What it did.
    pub event: Event,
    /// Its block, its transaction, and the heads before and after it.
    pub entry: Entry,
}

impl HistoryEntry {
    fn new(patient: Address, entry: Entry) -> Self {
        let by = entry.event.actor(patient);
        Self { at: instant(entry.time), by, event: entry.event, entry }
    }
}

impl History {
    /// The newest head: 32 bytes that stand for the whole history. Zero if the history is empty.
    pub fn head(&self) -> B256 {
        self.completeness.head
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Ids(self.entries.iter().filter_map(|entry| added(&entry.event)).collect());
        for HistoryEntry { at, by, event, .. } in &self.entries {
            writeln!(f, "{} {} {}", names.time(*at), names.account(*by), event.deed(&names).words)?;
        }
        write!(f, "{}", self.completeness)
    }
}

/// The ids of records by their keys: they are public.
struct Ids(HashMap<B256, B256>);

impl Names for Ids {
    fn record(&self, key: B256, id: Option<B256>) -> String {
        Unnamed.record(key, id.or_else(|| self.0.get(&key).copied()))
    }
}

/// The key and the id of a record that was added.
fn added(event: &Event) -> Option<(B256, B256)> {
    match event {
        Event::RecordAdded { author, id, .. } => Some((record_key(*author, *id), *id)),
        _ => None,
    }
}

/// Reads a history; made by [`System::history`](crate::System::history).
///
/// The [guide](crate::history) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct ReadHistory {
    journals: Journals,
    patient: Address,
    trusted: Option<B256>,
}

impl ReadHistory {
    pub(crate) fn new(journals: Journals, patient: Address) -> Self {
        Self { journals, patient, trusted: None }
    }

    /// A head from a source that you trust. The history must contain it, and is then proven up to it.
    pub fn trusted_head(mut self, head: B256) -> Self {
        self.trusted = Some(head);
        self
    }

    async fn run(self) -> Result<History> {
        let journal = self.journals.proven_to(self.patient, self.trusted).await?;
        let entries = journal.history.entries().iter().map(|entry| HistoryEntry::new(self.patient, *entry)).collect();
        Ok(History { patient: self.patient, entries, completeness: journal.completeness.clone() })
    }
}

impl IntoFuture for ReadHistory {
    type Output = Result<History>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
