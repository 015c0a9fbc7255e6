//! What an act came after. A chain that dropped several acts shows them again one by one: what stood before an act takes its
//! place no more than it did, and is not the act itself because it looks the same.

use alloy::primitives::B256;

use crate::ledger::{Entry, Event, History};

/// Acts before another one that a reorganisation can drop with it, as far as their order says what holds afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// What stands before this place cannot be dropped with them.
    since: u64,
    acts: Vec<B256>,
}

impl Earlier {
    /// Of what stands in a history from `since` up to the place of these events.
    pub(crate) fn of(events: &[Event], history: &History, since: usize, place: usize) -> Self {
        let matters = |entry: &&Entry| events.iter().any(|event| event.is_about_the_same(&entry.event));
        let before = history.entries().get(since..place).unwrap_or_default();
        let acts = before.iter().filter(matters).map(|entry| entry.event.act()).collect();
        Self { since: since as u64, acts }
    }

    /// Behind the last of them that the history shows, and no earlier than `from`. Those that stand before `from` count,
    /// too: else an act that looks like one of them would be taken for it.
    pub(crate) fn end_in(&self, history: &History, from: usize) -> usize {
        let mut left = self.acts.clone();
        let mut end = from;
        for (place, entry) in history.entries().iter().enumerate().skip(from.min(self.since as usize)) {
            if left.is_empty() {
                break;
            }
            let act = entry.event.act();
            if let Some(found) = left.iter().position(|earlier| *earlier == act) {
                left.swap_remove(found);
                end = end.max(place + 1);
            }
        }
        end
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&self.since.to_be_bytes()[..], &self.acts.concat()].concat()
    }

    /// What was written down before this was kept has none of it.
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
