//! One entry of a journal.

use alloy::primitives::{Address, B256};

use crate::{
    base::time::NO_END,
    ledger::{event::Event, types::Log},
};

const FORMAT: u8 = 1;
const FIXED: usize = 1 + 8 + 8 + 8 + 4 * 32;

/// An entry whose place in the history is verified. Fields that no hash covers are marked as from the provider alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Number of its block.
    pub block: u64,
    /// Time of its block, seconds since 1970.
    pub time: u64,
    /// Position in its block, from the provider alone.
    pub log_index: u64,
    /// Hash of its transaction, from the provider alone.
    pub transaction: B256,
    /// The head before it; zero before the first.
    pub previous: B256,
    /// The head after it.
    pub head: B256,
    /// What happened.
    pub event: Event,
}

impl Entry {
    /// Decodes a log about `patient`, with no key change counted. `None` if it is not such an event.
    pub(super) fn from_log(log: &Log, time: u64, patient: Address) -> Option<Self> {
        let (topic, indexed) = log.topics.split_first()?;
        let (subject, indexed) = indexed.split_first()?;
        let (data, rest) = log.data.as_chunks::<32>();
        let (previous, data) = data.split_last()?;
        if !rest.is_empty() || *subject != patient.into_word() || time >= NO_END {
            return None;
        }
        let words: Vec<_> = indexed.iter().copied().chain(data.iter().map(|word| B256::from(*word))).collect();
        let event = Event::from_words(*topic, &words)?;
        let previous = B256::from(*previous);
        let link = event.link(previous, time, patient);
        let head = head_of(link, log.block, key_changes(previous));
        Some(Self { block: log.block, time, log_index: log.index, transaction: log.transaction, previous, head, event })
    }

    /// The patient's count of key changes after this entry.
    #[must_use]
    pub fn key_changes(&self) -> u32 {
        key_changes(self.head)
    }

    /// Whether its head follows from its event and the previous head.
    pub(super) fn is_linked(&self, patient: Address) -> bool {
        self.event.link(self.previous, self.time, patient) == link_of(self.head) && block_of(self.head) == self.block
    }

    /// Encodes the entry for a cache. [`EntryChain::from_cache`](crate::ledger::EntryChain::from_cache) verifies
    /// decoded entries.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORMAT];
        for number in [self.block, self.time, self.log_index] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        let words = self.event.words();
        for word in [self.transaction, self.previous, self.head, self.event.topic()].iter().chain(&words) {
            bytes.extend_from_slice(word.as_slice());
        }
        bytes
    }

    /// Decodes an entry from [`Entry::to_bytes`]; `None` if the bytes are malformed.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (fixed, words) = bytes.split_at_checked(FIXED)?;
        let (words, rest) = words.as_chunks::<32>();
        if fixed[0] != FORMAT || !rest.is_empty() {
            return None;
        }
        let number = |place: usize| fixed[1 + 8 * place..].first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let word = |place: usize| fixed[25 + 32 * place..].first_chunk().map(|bytes: &[u8; 32]| B256::from(*bytes));
        let words: Vec<_> = words.iter().map(|word| B256::from(*word)).collect();
        Some(Self {
            block: number(0)?,
            time: number(1)?,
            log_index: number(2)?,
            transaction: word(0)?,
            previous: word(1)?,
            head: word(2)?,
            event: Event::from_words(word(3)?, &words)?,
        })
    }
}

/// The link in a head, which is the part that the hash covers.
pub(super) fn link_of(head: B256) -> [u8; 24] {
    let mut link = [0; 24];
    link.copy_from_slice(&head[..24]);
    link
}

/// The number of the block with the newest entry before a journal's head; 0 before the first.
#[must_use]
pub fn block_of(head: B256) -> u64 {
    head[24..29].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The count of key changes in a head.
pub(super) fn key_changes(head: B256) -> u32 {
    head[29..].iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// Joins the parts of a head.
pub(super) fn head_of(link: [u8; 24], block: u64, key_changes: u32) -> B256 {
    let mut head = B256::ZERO;
    head[..24].copy_from_slice(&link);
    head[24..29].copy_from_slice(&block.to_be_bytes()[3..]);
    head[29..].copy_from_slice(&key_changes.to_be_bytes()[1..]);
    head
}
