//! A verified history, and how far it is complete.

use std::{fmt, sync::Arc};

use alloy::primitives::{Address, B256};

use crate::{
    base::time::rfc3339_of,
    ledger::{
        entry::{Entry, key_changes},
        error::integrity::Integrity,
        state::PatientState,
    },
};

/// A patient's verified entries, oldest first: each one follows from the one before. It is cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct EntryChain(Arc<Verified>);

#[derive(Debug, Clone, Default)]
struct Verified {
    patient: Address,
    entries: Vec<Entry>,
    state: PatientState,
    settled: usize,
}

impl EntryChain {
    /// A chain without entries.
    #[must_use]
    pub fn new(patient: Address) -> Self {
        Self(Arc::new(Verified { patient, ..Verified::default() }))
    }

    /// A chain from cached entries. It computes one hash for each entry.
    ///
    /// # Errors
    /// [`Integrity::Cache`] if an entry does not follow from the one before.
    pub fn from_cache(patient: Address, entries: impl IntoIterator<Item = Entry>) -> Result<Self, Integrity> {
        let mut history = Self::new(patient);
        for entry in entries {
            if !entry.is_linked(patient) {
                return Err(Integrity::Cache { index: history.entries().len() });
            }
            history.push(entry)?;
        }
        Ok(history)
    }

    /// A chain from cached rows, up to the first that is unreadable or does not follow.
    pub(crate) fn from_rows(patient: Address, rows: impl IntoIterator<Item = Option<Entry>>) -> Self {
        let mut history = Self::new(patient);
        for entry in rows.into_iter().map_while(|entry| entry.filter(|entry| entry.is_linked(patient))) {
            if history.push(entry).is_err() {
                history.rebuild();
                break;
            }
        }
        history
    }

    /// The patient whose history it is.
    #[must_use]
    pub fn patient(&self) -> Address {
        self.0.patient
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.0.entries
    }

    /// The state after all entries.
    #[must_use]
    pub fn state(&self) -> &PatientState {
        &self.0.state
    }

    /// The head after the last entry; zero if there is none.
    #[must_use]
    pub fn head(&self) -> B256 {
        self.0.entries.last().map_or(B256::ZERO, |entry| entry.head)
    }

    /// The number of entries up to this head: 0 for the zero head, `None` if it is not a head of this chain.
    #[must_use]
    pub fn position_of(&self, head: B256) -> Option<usize> {
        match head.is_zero() {
            true => Some(0),
            false => self.0.entries.iter().rposition(|entry| entry.head == head).map(|index| index + 1),
        }
    }

    /// The number of final entries, which no update removes.
    pub(crate) fn settled(&self) -> usize {
        self.0.settled
    }

    /// Marks the first `entries` as final.
    pub(crate) fn settle(&mut self, entries: usize) {
        if self.0.settled != entries {
            Arc::make_mut(&mut self.0).settled = entries;
        }
    }

    /// The number of entries that both begin with.
    pub(crate) fn common_with(&self, other: &Self) -> usize {
        if Arc::ptr_eq(&self.0, &other.0) {
            return self.entries().len();
        }
        // Each head covers all entries before it.
        let pairs = self.entries().iter().zip(other.entries());
        pairs.map(|(one, other)| one.head == other.head).rposition(|same| same).map_or(0, |place| place + 1)
    }

    /// Removes the entries after the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        if count < self.entries().len() {
            Arc::make_mut(&mut self.0).entries.truncate(count);
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        let verified = Arc::make_mut(&mut self.0);
        verified.state = PatientState::default();
        verified.entries.iter().for_each(|entry| verified.state.apply(entry));
    }

    /// Appends the next entry, whose link is verified. The link does not cover the count of key changes, so this checks
    /// the count against the event. After an error the history must be dropped.
    pub(super) fn push(&mut self, entry: Entry) -> Result<(), Integrity> {
        let index = self.entries().len();
        if entry.previous != self.head() {
            return Err(Integrity::Cache { index });
        }
        let verified = Arc::make_mut(&mut self.0);
        verified.state.apply(&entry);
        let (expected, found) = (verified.state.key_changes, key_changes(entry.head));
        if expected != found {
            return Err(Integrity::KeyChanges { index, expected, found });
        }
        verified.entries.push(entry);
        Ok(())
    }
}

/// How far a history is complete.
///
/// See the [guide](crate::history).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// The newest head.
    pub head: B256,
    /// Entries up to it.
    pub entries: usize,
    /// The block after which it was the head.
    pub block: u64,
    /// Time of that block, seconds since 1970.
    pub time: u64,
    /// The provider that returned it.
    pub reported_by: String,
    /// The part that is complete without trust in the provider.
    pub proven: Option<Proven>,
}

/// A part of a history that is complete without trust in the provider: it ends at a head from a trusted source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// The trusted head.
    pub head: B256,
    /// Entries up to it.
    pub entries: usize,
}

impl Completeness {
    /// Whether all of it is proven, up to the newest entry.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.proven.is_some_and(|proven| proven.head == self.head)
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, entries, block, time, reported_by, proven } = self;
        if let Some(proven) = proven {
            let Proven { head, entries } = proven;
            write!(f, "complete: proven for the {entries} entries up to the trusted head {head}")?;
            if self.is_proven() {
                return Ok(());
            }
            f.write_str("; ")?;
        }
        write!(
            f,
            "{entries} entries, complete up to head {head} (block {block}, {}) as reported by {reported_by}",
            rfc3339_of(*time)
        )
    }
}
