//! What an act came after. A chain that dropped several acts shows them again one by one: what stood before an act takes its
//! place no more than it did, and is not the act itself because it looks the same.

use alloy::primitives::B256;

use crate::ledger::{Entry, Event, History};

/// Acts before another one that a reorganisation can drop with it, as far as their order says what holds afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earlier(Vec<B256>);

impl Earlier {
    pub(crate) fn of(events: &[Event], before: &[Entry]) -> Self {
        let matters = |entry: &&Entry| events.iter().any(|event| event.is_about_the_same(&entry.event));
        Self(before.iter().filter(matters).map(|entry| entry.event.act()).collect())
    }

    /// Behind the last of them that the history shows from here on.
    pub(crate) fn end_in(&self, history: &History, from: usize) -> usize {
        let (mut left, mut end) = (self.0.clone(), from);
        for (place, entry) in history.entries().iter().enumerate().skip(from) {
            if left.is_empty() {
                break;
            }
            let act = entry.event.act();
            if let Some(found) = left.iter().position(|earlier| *earlier == act) {
                left.swap_remove(found);
                end = place + 1;
            }
        }
        end
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (acts, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| Self(acts.iter().map(B256::from).collect()))
    }
}
