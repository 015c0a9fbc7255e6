//! `A..B` in bytes, the end excluded.

use std::{ops::Bound, str::FromStr};

/// A range as it was typed; an open end is the record's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) start: u64,
    pub(crate) end: Option<u64>,
}

impl ByteRange {
    /// As the SDK takes it.
    pub(crate) fn bounds(self) -> (Bound<u64>, Bound<u64>) {
        (Bound::Included(self.start), self.end.map_or(Bound::Unbounded, Bound::Excluded))
    }
}

impl FromStr for ByteRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a range; one looks like 0..1024 or 1024..");
        let number = |part: &str| part.parse::<u64>().map_err(|_| wrong());
        let (start, end) = text.split_once("..").ok_or_else(wrong)?;
        let start = if start.is_empty() { 0 } else { number(start)? };
        let end = if end.is_empty() { None } else { Some(number(end)?) };
        if end.is_some_and(|end| end < start) {
            return Err(format!("the range {text} ends before it starts"));
        }
        Ok(Self { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Result<(u64, Option<u64>), String> {
        text.parse::<ByteRange>().map(|range| (range.start, range.end))
    }

    #[test]
    fn both_ends_may_be_open() {
        assert_eq!(range("0..1024"), Ok((0, Some(1024))));
        assert_eq!(range("7.."), Ok((7, None)));
        assert_eq!(range("..7"), Ok((0, Some(7))));
        assert_eq!(range(".."), Ok((0, None)));
        assert_eq!(range("5..5"), Ok((5, Some(5))));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "5", "5..4", "a..b", "-1..2", "1..=2", "1...2", "0..18446744073709551616"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
