//! The newest events, bounded in number. A listener who missed more is told to read everything anew.

use std::{
    collections::VecDeque,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{events::Notice, listening::Cursor};

/// The most events in memory.
const MOST: usize = 10_000;

/// The events of one run of the node. After a restart no earlier cursor is good.
pub(super) struct Window {
    run: u64,
    notices: VecDeque<Notice>,
    /// The number of the newest event.
    newest: u64,
}

/// What a listener gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The events after its cursor, each with its own.
    All(Vec<(Cursor, Notice)>),
    /// Some events after its cursor are no longer here.
    Missed,
}

impl Window {
    pub(super) fn new() -> Self {
        let run = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        Self { run: u64::try_from(run).unwrap_or_default(), notices: VecDeque::new(), newest: 0 }
    }

    /// The place of the newest event.
    pub(super) fn end(&self) -> Cursor {
        Cursor { run: self.run, number: self.newest }
    }

    pub(super) fn add(&mut self, notices: Vec<Notice>) {
        self.newest += notices.len() as u64;
        self.notices.extend(notices);
        let excess = self.notices.len().saturating_sub(MOST);
        self.notices.drain(..excess);
    }

    /// Some events are unknown: every listener learns that it missed something.
    pub(super) fn miss(&mut self) {
        self.notices.clear();
        self.newest += 1;
    }

    /// The events after a cursor.
    pub(super) fn after(&self, cursor: Cursor) -> News {
        let oldest = self.newest - self.notices.len() as u64;
        if cursor.run != self.run || !(oldest..=self.newest).contains(&cursor.number) {
            return News::Missed;
        }
        let numbers = oldest + 1..;
        let numbered = numbers.zip(&self.notices).filter(|(number, _)| *number > cursor.number);
        News::All(numbered.map(|(number, notice)| (Cursor { run: self.run, number }, *notice)).collect())
    }
}

#[cfg(test)]
mod tests {
    use hospital_record::Address;

    use super::*;
    use crate::events::Kind;

    fn notices(blocks: impl IntoIterator<Item = u64>) -> Vec<Notice> {
        let notice = |block| Notice { kind: Kind::Journal, account: Address::ZERO, block };
        blocks.into_iter().map(notice).collect()
    }

    fn blocks(news: News) -> Option<Vec<u64>> {
        match news {
            News::All(notices) => Some(notices.iter().map(|(_, notice)| notice.block).collect()),
            News::Missed => None,
        }
    }

    #[test]
    fn cursor_gets_what_came_after_it_or_learns_that_it_missed_something() {
        let mut window = Window::new();
        let begin = window.end();
        assert_eq!(blocks(window.after(begin)), Some(vec![]));
        window.add(notices([11, 11, 13]));
        assert_eq!(blocks(window.after(begin)), Some(vec![11, 11, 13]));
        let second = Cursor { number: 2, ..begin };
        assert_eq!(blocks(window.after(second)), Some(vec![13]));
        // The chain replaced its blocks: what is told again comes after all that was told.
        let end = window.end();
        window.add(notices([11, 12]));
        assert_eq!(blocks(window.after(end)), Some(vec![11, 12]));
        window.add(notices((0..MOST as u64 - 3).map(|_| 20)));
        assert_eq!(blocks(window.after(Cursor { number: 1, ..begin })), None);
        assert_eq!(blocks(window.after(second)).map(|all| all.len()), Some(MOST));
        let end = window.end();
        window.miss();
        assert_eq!(blocks(window.after(end)), None);
        assert_eq!(blocks(window.after(window.end())), Some(vec![]));
        let end = window.end();
        for other in [Cursor { run: begin.run + 1, ..end }, Cursor { number: u64::MAX, ..begin }] {
            assert_eq!(blocks(window.after(other)), None, "{other}");
        }
    }
}
