//! Entries that were seen in a journal and are gone: a reorganisation dropped them, or a provider lies.
//!
//! They are kept until the journal shows them again or something that takes their place, or until a person gives them up.

use std::ops::Range;

use alloy::primitives::{Address, B256};

use crate::{
    journal::earlier::Earlier,
    ledger::{Entry, Event, History, folder_of},
};

/// An entry that was seen and is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vanished {
    pub(crate) patient: Address,
    pub(crate) entry: Entry,
    /// What takes its place stands in the journal from here on ...
    pub(crate) from: u64,
    /// ... and behind these.
    pub(crate) earlier: Earlier,
    /// Whether a person was told.
    pub(crate) told: bool,
}

impl Vanished {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let earlier = self.earlier.to_bytes();
        let numbers = [self.from, earlier.len() as u64].map(u64::to_be_bytes).concat();
        [&[u8::from(self.told)][..], &numbers, &earlier, &self.entry.to_bytes()].concat()
    }

    pub(crate) fn from_bytes(patient: Address, bytes: &[u8]) -> Option<Self> {
        let (told, rest) = bytes.split_first()?;
        let (from, rest) = rest.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let (earlier, entry) = rest.split_at_checked(u64::from_be_bytes(*length).try_into().ok()?)?;
        let entry = Entry::from_bytes(entry)?;
        let earlier = Earlier::from_bytes(earlier)?;
        Some(Self { patient, entry, from: u64::from_be_bytes(*from), earlier, told: *told != 0 })
    }

    /// Whether the journal shows it again, or for good something that takes its place: a provider could invent that, and
    /// drop both.
    pub(crate) fn is_settled(&self, history: &History) -> bool {
        self.stands(history, history.settled())
    }

    /// Whether it stands there, or something in its place before `end`.
    fn stands(&self, history: &History, end: usize) -> bool {
        let place = self.place(history);
        self.is_back_from(history, place) || is_superseded(&self.entry.event, history, place..end)
    }

    /// Where in a journal it, or what takes its place, has to stand.
    fn place(&self, history: &History) -> usize {
        self.earlier.end_in(history, self.from as usize)
    }

    /// Whether the journal shows it again now.
    pub(crate) fn is_back(&self, history: &History) -> bool {
        self.is_back_from(history, self.place(history))
    }

    fn is_back_from(&self, history: &History, place: usize) -> bool {
        is_shown(&self.entry.event, history.entries().get(place..).unwrap_or_default()).is_some()
    }

    /// Whether it, or something in its place, stands there now.
    pub(crate) fn is_covered(&self, history: &History) -> bool {
        self.stands(history, history.entries().len())
    }
}

/// Where the act stands among these entries.
pub(crate) fn is_shown(event: &Event, later: &[Entry]) -> Option<usize> {
    later.iter().position(|entry| event.is_same_act(&entry.event))
}

/// Whether something in this part of the history takes the place of an act that is gone.
pub(crate) fn is_superseded(event: &Event, history: &History, part: Range<usize>) -> bool {
    let later = history.entries().get(part.clone()).unwrap_or_default();
    let state = history.state();
    let moved = |folder: u64| state.folder(folder).keyrings.iter().any(|keyring| part.contains(&keyring.entry));
    // Of a record no keys move on.
    let keys_moved = |scope: B256| folder_of(scope).map_or(!later.is_empty(), moved);
    let has = |matches: &dyn Fn(&Event) -> bool| later.iter().any(|entry| matches(&entry.event));
    let patients = |by: &Event| matches!(by, Event::AccessGranted { .. } | Event::AccessRevoked { .. });
    match *event {
        Event::ProfileSet { .. } => has(&|by| matches!(by, Event::ProfileSet { .. })),
        Event::CheckpointMade { .. } => has(&|by| matches!(by, Event::CheckpointMade { .. })),
        Event::RecordStatusChanged { key, status, .. } => {
            !later.is_empty() && state.records.get(&key).is_some_and(|r| r.state.status as u8 >= status as u8)
        }
        Event::AccessGranted { .. } => has(&|by| patients(by) && by.place() == event.place()),
        Event::AccessRevoked { scope, grantee, .. } => {
            has(&|by| patients(by) && by.place() == event.place())
                || (!state.grants.contains_key(&(scope, grantee)) && keys_moved(scope))
        }
        Event::AccessPassedOn { .. } => has(&|by| by.place() == event.place()),
        Event::AccessWithdrawn { scope, .. } | Event::AccessRenounced { scope, .. } => {
            has(&|by| by.place() == event.place()) || keys_moved(scope)
        }
        Event::KeysRotated { folder, .. } => moved(folder),
        _ => false,
    }
}

/// What is gone of `before`, of which the first `kept` entries still stand: all that `history` does not show again.
pub(crate) fn gone(before: &History, kept: usize, history: &History) -> Vec<Vanished> {
    let vanished = |(place, entry): (usize, &Entry)| {
        let patient = history.patient();
        let from = kept as u64;
        let earlier = Earlier::of(&[entry.event], before, kept, place);
        let vanished = Vanished { patient, entry: *entry, from, earlier, told: false };
        (!vanished.is_settled(history)).then_some(vanished)
    };
    before.entries().iter().enumerate().skip(kept).filter_map(vanished).collect()
}
