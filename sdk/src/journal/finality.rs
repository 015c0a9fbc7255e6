//! How much of a journal can no longer be undone, by the chain's word and this machine's clock.
//!
//! A provider can lie about blocks, their times and what is final. So nothing is final before this machine has known it
//! for [`AT_LEAST`], whatever the provider says.

use std::time::Duration;

use alloy::primitives::B256;
use tokio::sync::Mutex;

use crate::{ledger::EntryChain, platform::clock::Instant};

/// How long this machine must have known an entry, in seconds. The chain's word never shortens it.
pub(crate) const AT_LEAST: u64 = 15 * 60;
/// An entry known for this long is final if the chain has no `finalized` tag, or one that does not move.
const ALONE: u64 = 6 * 3600;
/// How many blocks must follow on a chain without a `finalized` tag.
const DEPTH: u64 = 64;
/// How many cuts are kept. No act that is still watched meets more reorgs than that.
const MOST_CUTS: usize = 64;

/// How often the chain is asked for its final block. It moves every few minutes, and every journal needs it.
const ASKED_EVERY: Duration = Duration::from_secs(60);

/// The final block, as the chain reported it last.
#[derive(Debug, Default)]
pub(crate) struct FinalizedBlock(Mutex<Option<(Instant, Option<u64>)>>);

impl FinalizedBlock {
    /// The last answer, or a new one from `ask` if that is too old. A node that does not answer is not asked more
    /// often.
    pub(crate) async fn or_ask(&self, ask: impl Future<Output = Option<u64>>) -> Option<u64> {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, block)) if at.elapsed() < ASKED_EVERY => block,
            _ => last.insert((Instant::now(), ask.await)).1,
        }
    }
}

/// How far a journal is final, and what is not final yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finality {
    /// The number of final entries.
    settled: u64,
    /// When the other entries were first seen, oldest first.
    marks: Vec<Mark>,
    /// How many entries each of the newest reorgs left, oldest first.
    cuts: Vec<u64>,
    /// The number of reorgs before those.
    cuts_before: u64,
    /// The head of the journal that this describes.
    head: B256,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// The number of entries that were there ...
    entries: u64,
    /// ... the last of them in this block ...
    block: u64,
    /// ... at this time.
    seen_at: u64,
}

impl Finality {
    /// The number of final entries.
    pub(crate) fn settled(&self) -> usize {
        self.settled as usize
    }

    /// The number of entries that are not final yet.
    #[cfg(test)]
    fn open(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.entries.saturating_sub(self.settled) as usize)
    }

    /// The number of reorgs so far.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts_before + self.cuts.len() as u64
    }

    /// The place from which an act must show, if this many entries and reorgs were known when it was sent.
    pub(crate) fn place_of(&self, entries: u64, cuts: u64) -> usize {
        let since = self.cuts.iter().skip(cuts.saturating_sub(self.cuts_before) as usize);
        since.min().map_or(entries, |length| entries.min(*length)) as usize
    }

    /// Records a reorg that left this many entries.
    pub(crate) fn cut(&mut self, length: usize) {
        // Only a person's decision can cut below what was final.
        *self = std::mem::take(self).within(length);
        self.cuts.push(length as u64);
        let surplus = self.cuts.len().saturating_sub(MOST_CUTS);
        let lowest = self.cuts.drain(..surplus).min();
        self.cuts_before += surplus as u64;
        if let (Some(lowest), Some(oldest)) = (lowest, self.cuts.first_mut()) {
            *oldest = (*oldest).min(lowest);
        }
    }

    /// Records the length that the journal has now.
    pub(crate) fn see(&mut self, history: &EntryChain, now: u64) {
        let entries = history.entries().len() as u64;
        self.head = history.head();
        let seen_entries = self.marks.last().map_or(self.settled, |mark| mark.entries);
        if let Some(last) = history.entries().last().filter(|_| entries > seen_entries) {
            self.marks.push(Mark { entries, block: last.block, seen_at: now });
        }
    }

    /// Whether there are entries that the chain may call final.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.marks.first().is_some_and(|mark| age(mark, now) >= AT_LEAST)
    }

    /// Marks entries as final by the chain's word, if they have been known for long enough.
    pub(crate) fn settle(&mut self, now: u64, newest: u64, finalized: Option<u64>) {
        let is_final = |mark: &Mark| {
            let is_deep = newest.saturating_sub(mark.block) >= DEPTH;
            let is_finalized = finalized.map_or(is_deep, |block| block >= mark.block);
            (is_finalized && age(mark, now) >= AT_LEAST) || age(mark, now) >= ALONE
        };
        let count = self.marks.iter().take_while(|mark| is_final(mark)).count();
        if let Some(last) = self.marks.drain(..count).next_back() {
            self.settled = last.entries;
        }
    }

    /// The same for a history of which only this many entries are known.
    pub(crate) fn within(mut self, entries: usize) -> Self {
        let entries = entries as u64;
        self.settled = self.settled.min(entries);
        self.marks.retain_mut(|mark| {
            mark.entries = mark.entries.min(entries);
            mark.entries > self.settled
        });
        self.marks.dedup_by_key(|mark| mark.entries);
        self
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut words = vec![self.settled, self.cuts_before, self.marks.len() as u64];
        words.extend(self.marks.iter().flat_map(|mark| [mark.entries, mark.block, mark.seen_at]));
        words.extend(&self.cuts);
        self.head.0.into_iter().chain(words.into_iter().flat_map(u64::to_be_bytes)).collect()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, bytes) = bytes.split_first_chunk::<32>()?;
        let (words, rest) = bytes.as_chunks::<8>();
        let words: Vec<u64> = words.iter().map(|word| u64::from_be_bytes(*word)).collect();
        let ([settled, cuts_before, count, words @ ..], []) = (&words[..], rest) else { return None };
        let (marks, cuts) = words.split_at_checked(usize::try_from(count.checked_mul(3)?).ok()?)?;
        let mark = |&[entries, block, seen_at]: &[u64; 3]| Mark { entries, block, seen_at };
        let marks = marks.as_chunks::<3>().0.iter().map(mark).collect();
        Some(Self { settled: *settled, marks, cuts: cuts.to_vec(), cuts_before: *cuts_before, head: B256::from(*head) })
    }
}

/// After a clock was set back, the age is zero.
fn age(mark: &Mark, now: u64) -> u64 {
    now.saturating_sub(mark.seen_at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with(marks: &[(u64, u64, u64)]) -> Finality {
        let mark = |&(entries, block, seen_at): &(u64, u64, u64)| Mark { entries, block, seen_at };
        Finality { marks: marks.iter().map(mark).collect(), ..Finality::default() }
    }

    #[test]
    fn nothing_is_final_before_its_time_whatever_the_chain_says() {
        let mut journal = with(&[(2, 100, 1000)]);
        journal.settle(1000 + AT_LEAST - 1, 1_000_000, Some(1_000_000));
        assert_eq!((journal.settled(), journal.open()), (0, 2));
        journal.settle(1000 + AT_LEAST, 1_000_000, Some(100));
        assert_eq!((journal.settled(), journal.open()), (2, 0));
    }

    #[test]
    fn finalized_tag_that_stands_still_delays_finality_and_does_not_prevent_it() {
        for (finalized, newest) in [(Some(99), 1_000_000), (None, 163)] {
            let mut journal = with(&[(2, 100, 1000)]);
            journal.settle(1000 + ALONE - 1, newest, finalized);
            assert_eq!(journal.settled(), 0);
            journal.settle(1000 + ALONE, newest, finalized);
            assert_eq!(journal.settled(), 2);
        }
        let mut without_tag = with(&[(2, 100, 1000)]);
        without_tag.settle(1000 + AT_LEAST, 164, None);
        assert_eq!(without_tag.settled(), 2);
    }

    #[test]
    fn clock_that_was_set_back_makes_nothing_final() {
        let mut journal = with(&[(2, 100, 1000)]);
        journal.settle(10, 1_000_000, Some(1_000_000));
        assert_eq!(journal.settled(), 0);
    }

    #[test]
    fn reorg_forgets_when_later_entries_were_seen_and_moves_the_place_of_older_acts() {
        let mut journal = with(&[(2, 100, 1000), (5, 101, 2000)]);
        journal.cut(3);
        assert_eq!(journal.open(), 3);
        assert_eq!(journal.place_of(4, 0), 3);
        assert_eq!(journal.place_of(4, journal.cuts()), 4);
        for length in 4..4 + MOST_CUTS {
            journal.cut(length);
        }
        assert_eq!((journal.cuts(), journal.place_of(90, journal.cuts() - 1)), (65, 67));
        journal.settle(2000 + AT_LEAST, 1_000, Some(100));
        assert_eq!(journal.settled(), 2);
        // A person accepted it.
        journal.cut(1);
        assert_eq!(journal.settled(), 1);
    }

    #[test]
    fn finality_survives_the_round_trip_to_bytes() {
        let mut journal = with(&[(2, 100, 1000), (5, 101, 2000)]);
        journal.cut(3);
        assert_eq!(Finality::from_bytes(&journal.to_bytes()), Some(journal.clone()));
        let bytes = journal.to_bytes();
        assert_eq!(Finality::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Finality::from_bytes(&[]), None);
    }

    #[tokio::test]
    async fn chain_is_asked_for_its_final_block_once_a_minute_even_if_it_has_no_answer() {
        for answer in [Some(7), None, Some(0)] {
            let finalized = FinalizedBlock::default();
            let count = std::cell::Cell::new(0);
            for _ in 0..3 {
                let ask = async {
                    count.set(count.get() + 1);
                    answer
                };
                assert_eq!(finalized.or_ask(ask).await, answer);
            }
            assert_eq!(count.get(), 1);
            *finalized.0.lock().await = Instant::now().checked_sub(ASKED_EVERY).map(|at| (at, answer));
            assert_eq!(finalized.or_ask(async { Some(8) }).await, Some(8));
        }
    }

    #[test]
    fn finality_of_a_shorter_history_covers_only_its_entries() {
        let mut journal = with(&[(2, 100, 1000), (5, 101, 2000)]);
        journal.settle(1000 + AT_LEAST, 1_000_000, Some(100));
        for (entries, settled, open) in [(9, 2, 3), (4, 2, 2), (2, 2, 0), (1, 1, 0), (0, 0, 0)] {
            let shorter = journal.clone().within(entries);
            assert_eq!((shorter.settled(), shorter.open()), (settled, open), "{entries}");
        }
    }
}
