//! The id of a server-sent event: a place among those of one run.

use std::{fmt, str::FromStr};

/// The place of an event in its run. A cursor of another run is good for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) run: u64,
    pub(crate) number: u64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.run, self.number)
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, number) = text.split_once('-').ok_or(())?;
        Ok(Self { run: run.parse().map_err(drop)?, number: number.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_is_read_as_it_is_written() {
        let cursor = Cursor { run: 7, number: 3 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "7", "-", "7-", "7-3-1", "a-1", "-1-1", "99999999999999999999-0"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
