//! Entries that were seen in a journal and have vanished: a reorg dropped them, or a provider lies.
//!
//! They are kept until the journal shows them again, until they are superseded, or until a person gives them up.

use std::ops::Range;

use alloy::primitives::{Address, B256};

use crate::{
    journal::earlier::Earlier,
    ledger::{Entry, EntryChain, Event, folder_of},
};

/// An entry that was seen and that the journal no longer shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VanishedEntry {
    pub(crate) patient: Address,
    pub(crate) entry: Entry,
    /// An entry that supersedes it stands in the journal from here on ...
    pub(crate) from: u64,
    /// ... and after these.
    pub(crate) earlier: Earlier,
    /// Whether it was reported to a person.
    pub(crate) reported: bool,
}

impl VanishedEntry {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let earlier = self.earlier.to_bytes();
        let numbers = [self.from, earlier.len() as u64].map(u64::to_be_bytes).concat();
        [&[u8::from(self.reported)][..], &numbers, &earlier, &self.entry.to_bytes()].concat()
    }

    pub(crate) fn from_bytes(patient: Address, bytes: &[u8]) -> Option<Self> {
        let (reported, rest) = bytes.split_first()?;
        let (from, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (earlier, entry) = rest.split_at_checked(u64::from_be_bytes(*length).try_into().ok()?)?;
        let entry = Entry::from_bytes(entry)?;
        let earlier = Earlier::from_bytes(earlier)?;
        Some(Self { patient, entry, from: u64::from_be_bytes(*from), earlier, reported: *reported != 0 })
    }

    /// Whether the journal shows it again, or a final entry supersedes it. An entry that is not final does not count: a
    /// provider could invent it and drop both.
    pub(crate) fn is_settled(&self, history: &EntryChain) -> bool {
        self.stands(history, history.settled())
    }

    /// Whether the journal shows it, or an entry before `end` supersedes it.
    fn stands(&self, history: &EntryChain, end: usize) -> bool {
        let place = self.place(history);
        self.is_back_from(history, place) || is_superseded(&self.entry.event, history, place..end)
    }

    /// The place from which the journal must show it, or what supersedes it.
    fn place(&self, history: &EntryChain) -> usize {
        self.earlier.end_in(history, self.from as usize)
    }

    /// Whether the journal shows it again now.
    pub(crate) fn is_back(&self, history: &EntryChain) -> bool {
        self.is_back_from(history, self.place(history))
    }

    fn is_back_from(&self, history: &EntryChain, place: usize) -> bool {
        is_shown(&self.entry.event, history.entries().get(place..).unwrap_or_default()).is_some()
    }

    /// Whether the journal shows it now, or shows an entry that supersedes it.
    pub(crate) fn is_covered(&self, history: &EntryChain) -> bool {
        self.stands(history, history.entries().len())
    }
}

/// The place of the act among these entries.
pub(crate) fn is_shown(event: &Event, later: &[Entry]) -> Option<usize> {
    later.iter().position(|entry| event.is_same_act(&entry.event))
}

/// Whether an entry in this part of the history supersedes an act that is gone.
pub(crate) fn is_superseded(event: &Event, history: &EntryChain, part: Range<usize>) -> bool {
    let later = history.entries().get(part.clone()).unwrap_or_default();
    let state = history.state();
    let moved = |folder: u64| state.folder(folder).keyrings.iter().any(|keyring| part.contains(&keyring.entry));
    // A record has no keys that move on.
    let keys_moved = |scope: B256| folder_of(scope).map_or(!later.is_empty(), moved);
    let any = |matches: &dyn Fn(&Event) -> bool| later.iter().any(|entry| matches(&entry.event));
    let is_by_patient = |by: &Event| matches!(by, Event::AccessGranted { .. } | Event::AccessRevoked { .. });
    match *event {
        Event::ProfileSet { .. } => any(&|by| matches!(by, Event::ProfileSet { .. })),
        Event::CheckpointMade { .. } => any(&|by| matches!(by, Event::CheckpointMade { .. })),
        Event::RecordStatusChanged { key, status, .. } => {
            !later.is_empty() && state.records.get(&key).is_some_and(|r| r.state.status as u8 >= status as u8)
        }
        Event::AccessGranted { .. } => any(&|by| is_by_patient(by) && by.place() == event.place()),
        Event::AccessRevoked { scope, grantee, .. } => {
            any(&|by| is_by_patient(by) && by.place() == event.place())
                || (!state.grants.contains_key(&(scope, grantee)) && keys_moved(scope))
        }
        Event::AccessPassedOn { .. } => any(&|by| by.place() == event.place()),
        Event::AccessWithdrawn { scope, .. } | Event::AccessRenounced { scope, .. } => {
            any(&|by| by.place() == event.place()) || keys_moved(scope)
        }
        Event::KeysRotated { folder, .. } => moved(folder),
        _ => false,
    }
}

/// The entries of `before` that have vanished. The first `common` entries of both histories are the same.
pub(crate) fn gone(before: &EntryChain, common: usize, history: &EntryChain) -> Vec<VanishedEntry> {
    let vanished = |(place, entry): (usize, &Entry)| {
        let patient = history.patient();
        let from = common as u64;
        let earlier = Earlier::of(&[entry.event], before, common, place);
        let vanished = VanishedEntry { patient, entry: *entry, from, earlier, reported: false };
        (!vanished.is_settled(history)).then_some(vanished)
    };
    before.entries().iter().enumerate().skip(common).filter_map(vanished).collect()
}
