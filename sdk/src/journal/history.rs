//! The history of a patient: who did what, and when. Reading and checking it needs no key.

use std::{
    collections::HashMap,
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::SystemTime,
};

use alloy::primitives::{Address, B256};

use crate::{
    base::{
        error::Result,
        time::{NO_END, instant, rfc3339, rfc3339_of},
    },
    journal::journals::Journals,
    ledger::{Completeness, Entry, Event, Rights, Status, folder_of, record_key},
};

/// A patient's verified history, oldest entry first, and how far it is complete.
///
/// Its `Display` output is one line for each entry, then the statement of completeness.
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
        let ids: HashMap<B256, B256> = self.entries.iter().filter_map(|entry| entry.event.record()).collect();
        for HistoryEntry { at, by, event, .. } in &self.entries {
            writeln!(f, "{} {by} {}", rfc3339(*at), event.described(&|scope| named(scope, ids.get(&scope))))?;
        }
        write!(f, "{}", self.completeness)
    }
}

/// The event as text for people, without account and time.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.described(&|scope| named(scope, None)))
    }
}

/// A folder or a record, by its id if that is known.
fn named(scope: B256, id: Option<&B256>) -> String {
    match (folder_of(scope), id) {
        (Some(folder), _) => format!("folder {folder}"),
        (None, Some(id)) => format!("record {id}"),
        (None, None) => format!("record with key {scope}"),
    }
}

fn until(expires_at: u64) -> String {
    if expires_at < NO_END { format!(" until {}", rfc3339_of(expires_at)) } else { String::new() }
}

impl Event {
    /// The key and the id of a record that was added.
    fn record(&self) -> Option<(B256, B256)> {
        match self {
            Self::RecordAdded { author, id, .. } => Some((record_key(*author, *id), *id)),
            _ => None,
        }
    }

    fn described(&self, name: &dyn Fn(B256) -> String) -> String {
        match self {
            Self::ProfileSet { profile } => format!("published the keys {profile}"),
            Self::CheckpointMade { digest } => format!("made the checkpoint {digest} of the history"),
            Self::RecordAdded { folder, id, .. } => format!("added the record {id} to folder {folder}"),
            Self::RecordStatusChanged { key, status, .. } => {
                format!("marked {} as {}", name(*key), status_code(*status))
            }
            Self::RecordAttested { key, .. } => format!("attested {}", name(*key)),
            Self::AccessGranted { scope, grantee, rights, purpose, expires_at, .. } => {
                format!("allowed {grantee} to {rights} {} for {purpose:?}{}", name(*scope), until(*expires_at))
            }
            Self::AccessPassedOn { scope, grantee, rights, purpose, expires_at, .. } => {
                format!(
                    "passed on to {grantee} the right to {rights} {} for {purpose:?}{}",
                    name(*scope),
                    until(*expires_at)
                )
            }
            Self::AccessRevoked { scope, grantee, barred, .. } => {
                let bar = if *barred { ", and no delegate can grant it again" } else { "" };
                format!("ended the access of {grantee} to {}{bar}", name(*scope))
            }
            Self::AccessWithdrawn { scope, grantee, .. } => {
                format!("withdrew the access of {grantee} to {}", name(*scope))
            }
            Self::AccessRenounced { scope, .. } => format!("gave up the access to {}", name(*scope)),
            Self::KeysRotated { folder, epoch, .. } => format!("rotated the keys of folder {folder} to epoch {epoch}"),
            Self::RecordAccessed { key, purpose, .. } => format!("opened {} for {purpose:?}", name(*key)),
        }
    }
}

impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [(Self::READ, "read"), (Self::CONTRIBUTE, "contribute to"), (Self::ATTEST, "attest")];
        let mut words: Vec<_> =
            named.iter().filter(|(right, _)| self.contains(*right)).map(|(_, word)| *word).collect();
        words.extend(self.delegates().then_some("pass on"));
        match words.split_last() {
            None => f.write_str("do nothing with"),
            Some((last, [])) => f.write_str(last),
            Some((last, first)) => write!(f, "{} and {last}", first.join(", ")),
        }
    }
}

/// The status as a code of FHIR DocumentReference.status.
pub fn status_code(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Superseded => "superseded",
        Status::EnteredInError => "entered-in-error",
        _ => "unknown",
    }
}

/// Reads a history; made by [`System::history`](crate::System::history).
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
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
