//! How much of a journal can no longer be undone, by the chain's word and this machine's clock.
//!
//! A provider can lie about blocks, their times and what is final. So nothing is final before it was known here for
//! [`AT_LEAST`], whatever the provider says.

use std::time::{Duration, Instant};

use alloy::primitives::B256;
use tokio::sync::Mutex;

use crate::ledger::History;

/// How long an entry must have been known here, in seconds. The chain's word never shortens it.
pub(crate) const AT_LEAST: u64 = 15 * 60;
/// An entry that was known for so long is final where the chain says nothing, or always the same.
const ALONE: u64 = 6 * 3600;
/// Blocks that follow, where a chain has no word for what is final.
const DEPTH: u64 = 64;
/// Cuts that are remembered: more reorganisations than that meet no act that is still watched.
const MOST_CUTS: usize = 64;

/// How often the chain is asked what is final: that moves every few minutes, and every journal wants to know.
const ASKED_EVERY: Duration = Duration::from_secs(60);

/// What the chain called final when it was asked last.
#[derive(Debug, Default)]
pub(crate) struct Finalized(Mutex<Option<(Instant, Option<u64>)>>);

impl Finalized {
    /// The same again, or what `ask` is told where that was too long ago. A node that gives no answer is not waited for
    /// more often, either.
    pub(crate) async fn or_ask(&self, ask: impl Future<Output = Option<u64>>) -> Option<u64> {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, block)) if at.elapsed() < ASKED_EVERY => block,
            _ => last.insert((Instant::now(), ask.await)).1,
        }
    }
}

/// What is known of a journal's end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Finality {
    /// So many entries are final.
    settled: u64,
    /// When the others were first seen, oldest first.
    marks: Vec<Mark>,
    /// How many entries the newest reorganisations left, oldest first.
    cuts: Vec<u64>,
    /// Reorganisations before those.
    cuts_before: u64,
    /// The head of the journal that this is about.
    head: B256,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    /// Entries up to here were there ...
    entries: u64,
    /// ... the last of them in this block ...
    block: u64,
    /// ... at this time.
    seen_at: u64,
}

impl Finality {
    /// How many entries are final.
    pub(crate) fn settled(&self) -> usize {
        self.settled as usize
    }

    /// How many entries wait until they are final.
    #[cfg(test)]
    fn open(&self) -> usize {
        self.marks.last().map_or(0, |mark| mark.entries.saturating_sub(self.settled) as usize)
    }

    /// How many reorganisations were met.
    pub(crate) fn cuts(&self) -> u64 {
        self.cuts_before + self.cuts.len() as u64
    }

    /// The place from which on an act has to show that was sent when so many entries were known, after so many
    /// reorganisations.
    pub(crate) fn place_of(&self, entries: u64, cuts: u64) -> usize {
        let since = self.cuts.iter().skip(cuts.saturating_sub(self.cuts_before) as usize);
        since.min().map_or(entries, |kept| entries.min(*kept)) as usize
    }

    /// A reorganisation left so many entries.
    pub(crate) fn cut(&mut self, kept: usize) {
        // Lower than that it goes by a person's word alone.
        *self = std::mem::take(self).within(kept);
        let kept = kept as u64;
        self.cuts.push(kept);
        let surplus = self.cuts.len().saturating_sub(MOST_CUTS);
        let lowest = self.cuts.drain(..surplus).min();
        self.cuts_before += surplus as u64;
        if let (Some(lowest), Some(oldest)) = (lowest, self.cuts.first_mut()) {
            *oldest = (*oldest).min(lowest);
        }
    }

    /// The journal is as long as this now.
    pub(crate) fn see(&mut self, history: &History, now: u64) {
        let entries = history.entries().len() as u64;
        self.head = history.head();
        let known = self.marks.last().map_or(self.settled, |mark| mark.entries);
        if let Some(last) = history.entries().last().filter(|_| entries > known) {
            self.marks.push(Mark { entries, block: last.block, seen_at: now });
        }
    }

    /// Whether there is something that the chain may call final.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.marks.first().is_some_and(|mark| age(mark, now) >= AT_LEAST)
    }

    /// Takes the chain's word for what is final, where it was known for long enough.
    pub(crate) fn settle(&mut self, now: u64, newest: u64, finalized: Option<u64>) {
        let is_final = |mark: &Mark| {
            let deep = newest.saturating_sub(mark.block) >= DEPTH;
            let said = finalized.map_or(deep, |block| block >= mark.block);
            (said && age(mark, now) >= AT_LEAST) || age(mark, now) >= ALONE
        };
        let count = self.marks.iter().take_while(|mark| is_final(mark)).count();
        if let Some(last) = self.marks.drain(..count).next_back() {
            self.settled = last.entries;
        }
    }

    /// What is left of it where so many entries are known.
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

/// A clock that was set back makes nothing older.
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
    fn a_tag_that_stands_still_delays_what_is_final_and_does_not_prevent_it() {
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
    fn a_clock_that_was_set_back_settles_nothing() {
        let mut journal = with(&[(2, 100, 1000)]);
        journal.settle(10, 1_000_000, Some(1_000_000));
        assert_eq!(journal.settled(), 0);
    }

    #[test]
    fn a_cut_forgets_when_the_rest_was_seen_and_moves_the_place_of_older_acts() {
        let mut journal = with(&[(2, 100, 1000), (5, 101, 2000)]);
        journal.cut(3);
        assert_eq!(journal.open(), 3);
        assert_eq!(journal.place_of(4, 0), 3);
        assert_eq!(journal.place_of(4, journal.cuts()), 4);
        for kept in 4..4 + MOST_CUTS {
            journal.cut(kept);
        }
        assert_eq!((journal.cuts(), journal.place_of(90, journal.cuts() - 1)), (65, 67));
        journal.settle(2000 + AT_LEAST, 1_000, Some(100));
        assert_eq!(journal.settled(), 2);
        // By a person's word.
        journal.cut(1);
        assert_eq!(journal.settled(), 1);
    }

    #[test]
    fn what_is_kept_comes_back() {
        let mut journal = with(&[(2, 100, 1000), (5, 101, 2000)]);
        journal.cut(3);
        assert_eq!(Finality::from_bytes(&journal.to_bytes()), Some(journal.clone()));
        let bytes = journal.to_bytes();
        assert_eq!(Finality::from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Finality::from_bytes(&[]), None);
    }

    #[tokio::test]
    async fn chain_is_asked_once_a_minute_what_is_final_also_when_it_says_nothing() {
        for told in [Some(7), None, Some(0)] {
            let finalized = Finalized::default();
            let asked = std::cell::Cell::new(0);
            for _ in 0..3 {
                let ask = async {
                    asked.set(asked.get() + 1);
                    told
                };
                assert_eq!(finalized.or_ask(ask).await, told);
            }
            assert_eq!(asked.get(), 1);
            *finalized.0.lock().await = Instant::now().checked_sub(ASKED_EVERY).map(|at| (at, told));
            assert_eq!(finalized.or_ask(async { Some(8) }).await, Some(8));
        }
    }

    #[test]
    fn what_is_final_of_a_shorter_history_is_what_is_left_of_it() {
        let mut journal = with(&[(2, 100, 1000), (5, 101, 2000)]);
        journal.settle(1000 + AT_LEAST, 1_000_000, Some(100));
        for (entries, settled, open) in [(9, 2, 3), (4, 2, 2), (2, 2, 0), (1, 1, 0), (0, 0, 0)] {
            let left = journal.clone().within(entries);
            assert_eq!((left.settled(), left.open()), (settled, open), "{entries}");
        }
    }
}
