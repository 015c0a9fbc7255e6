//! The newest events, bounded in number. A listener who missed more is told to read everything anew.

use std::collections::VecDeque;

use crate::events::{Cursor, Notice};

/// The most events in memory.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct Window {
    notices: VecDeque<Notice>,
    /// Everything after this place is in the window; `None` before the first look at the chain.
    from: Option<Cursor>,
    /// The newest block that was looked at.
    to: u64,
}

/// What a listener gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The events after its cursor.
    All(Vec<Notice>),
    /// Some events after its cursor are no longer here.
    Missed,
}

impl Window {
    /// The place after which new events come.
    pub(super) fn end(&self) -> Option<Cursor> {
        self.from.map(|_| Cursor { block: self.to, index: u64::MAX })
    }

    /// Begins after a block.
    pub(super) fn begin(&mut self, block: u64) {
        (self.from, self.to) = (Some(Cursor { block, index: u64::MAX }), block);
    }

    /// Adds the events of all blocks up to `to`.
    pub(super) fn add(&mut self, notices: impl IntoIterator<Item = Notice>, to: u64) {
        self.notices.extend(notices);
        self.to = to;
        while self.notices.len() > MOST {
            self.from = self.notices.pop_front().map(|notice| notice.at).or(self.from);
        }
    }

    /// Takes back what is above a block: the chain replaced it.
    pub(super) fn back_to(&mut self, block: u64) {
        self.notices.retain(|notice| notice.at.block <= block);
        self.to = block;
        if self.from.is_some_and(|from| from.block > block) {
            self.begin(block);
        }
    }

    /// The events after a cursor.
    pub(super) fn after(&self, cursor: Cursor) -> News {
        match self.from {
            Some(from) if from <= cursor => {
                News::All(self.notices.iter().filter(|notice| notice.at > cursor).copied().collect())
            }
            _ => News::Missed,
        }
    }
}

#[cfg(test)]
mod tests {
    use hospital_record::Address;

    use super::*;
    use crate::events::Kind;

    fn notice(block: u64, index: u64) -> Notice {
        Notice { at: Cursor { block, index }, kind: Kind::Journal, account: Address::ZERO }
    }

    fn blocks(news: News) -> Option<Vec<u64>> {
        match news {
            News::All(notices) => Some(notices.iter().map(|notice| notice.at.block).collect()),
            News::Missed => None,
        }
    }

    #[test]
    fn cursor_gets_what_came_after_it_or_learns_that_it_missed_something() {
        let mut window = Window::default();
        let at = |block, index| Cursor { block, index };
        assert_eq!((blocks(window.after(at(9, 0))), window.end()), (None, None));
        window.begin(10);
        assert_eq!(window.end(), Some(at(10, u64::MAX)));
        window.add([notice(11, 0), notice(11, 1), notice(13, 0)], 15);
        assert_eq!(blocks(window.after(at(10, u64::MAX))), Some(vec![11, 11, 13]));
        assert_eq!(blocks(window.after(at(11, 0))), Some(vec![11, 13]));
        assert_eq!(blocks(window.after(at(15, u64::MAX))), Some(vec![]));
        assert_eq!(blocks(window.after(at(10, 7))), None);
        window.add((0..MOST as u64).map(|index| notice(20, index)), 20);
        assert_eq!(blocks(window.after(at(11, 1))), None);
        assert_eq!(blocks(window.after(at(13, 0))).map(|all| all.len()), Some(MOST));
    }

    #[test]
    fn replaced_blocks_are_told_again() {
        let mut window = Window::default();
        window.begin(10);
        window.add([notice(11, 0), notice(12, 0)], 12);
        window.back_to(11);
        window.add([notice(12, 0), notice(12, 1)], 12);
        assert_eq!(blocks(window.after(Cursor { block: 10, index: u64::MAX })), Some(vec![11, 12, 12]));
        window.back_to(5);
        assert_eq!(blocks(window.after(Cursor { block: 11, index: 0 })), Some(vec![]));
        assert_eq!(window.end(), Some(Cursor { block: 5, index: u64::MAX }));
    }
}
