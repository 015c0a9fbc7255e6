//! Acts that came before another act. A chain that dropped several acts may show them again one by one. An entry that
//! stood before an act does not supersede it, and is not that act although it looks the same.

use alloy::primitives::B256;

use crate::ledger::{Entry, EntryChain, Event};

/// Acts before another one that a reorg can drop with it, if their order decides what holds afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// A reorg that drops the act cannot drop entries before this place.
    since: u64,
    acts: Vec<B256>,
}

impl Earlier {
    /// The acts between `since` and `place` in a history that are about the same thing as these events.
    pub(crate) fn of(events: &[Event], history: &EntryChain, since: usize, place: usize) -> Self {
        let matters = |entry: &&Entry| events.iter().any(|event| event.is_about_the_same(&entry.event));
        let before = history.entries().get(since..place).unwrap_or_default();
        let acts = before.iter().filter(matters).map(|entry| entry.event.act()).collect();
        Self { since: since as u64, acts }
    }

    /// The place after the last of these acts in the history, or `from` if that is later. Acts before `from` count too:
    /// otherwise an earlier act could be mistaken for the later one that looks the same.
    pub(crate) fn end_in(&self, history: &EntryChain, from: usize) -> usize {
        let mut unseen = self.acts.clone();
        let mut end = from;
        for (place, entry) in history.entries().iter().enumerate().skip(from.min(self.since as usize)) {
            if unseen.is_empty() {
                break;
            }
            let act = entry.event.act();
            if let Some(index) = unseen.iter().position(|earlier| *earlier == act) {
                unseen.swap_remove(index);
                end = end.max(place + 1);
            }
        }
        end
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&self.since.to_be_bytes()[..], &self.acts.concat()].concat()
    }

    /// Rows of older versions are empty, and have no earlier acts.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (since, acts) = bytes.split_first_chunk::<8>()?;
        let (acts, rest) = acts.as_chunks::<32>();
        let since = u64::from_be_bytes(*since);
        let acts = acts.iter().map(B256::from).collect();
        rest.is_empty().then_some(Self { since, acts })
    }
}
