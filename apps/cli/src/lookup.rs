//! Which record is meant by the beginning of an id.

use crate::failure::{Failure, Result};

const SHORTEST: usize = 4;
const COMMON: &str = "bafyrei";

/// A record that may be meant.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// 64 hex digits, lower case.
    pub(crate) hex: String,
    pub(crate) cid: String,
    /// What tells it from others, for people, escaped.
    pub(crate) about: String,
}

/// The beginning of an id in one of its two spellings.
enum Typed {
    Hex(String),
    Cid(String),
}

impl Typed {
    fn parse(typed: &str) -> Result<Self> {
        let text = typed.to_ascii_lowercase();
        let hex = text.strip_prefix("0x").unwrap_or(&text);
        if hex.bytes().all(|b| b.is_ascii_hexdigit()) && (SHORTEST..=64).contains(&hex.len()) {
            return Ok(Self::Hex(hex.to_owned()));
        }
        // CIDv1, dag-cbor, sha2-256: all begin alike.
        let begins = text.len() >= SHORTEST && (text.starts_with(COMMON) || COMMON.starts_with(&text));
        if begins && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Ok(Self::Cid(text));
        }
        Err(Failure::usage(format!(
            "{typed:?} does not name a record: give its URI, or at least {SHORTEST} digits of its id; `list` shows both"
        )))
    }

    fn fits(&self, candidate: &Candidate) -> bool {
        match self {
            Self::Hex(hex) => candidate.hex.starts_with(hex),
            Self::Cid(cid) => candidate.cid.starts_with(cid),
        }
    }
}

/// Whether it can name a record at all.
pub(crate) fn check(typed: &str) -> Result {
    Typed::parse(typed).map(drop)
}

/// The place in `known` of the one record whose id begins with `typed`: hex with or without 0x, or a CID.
pub(crate) fn find(typed: &str, known: &[Candidate]) -> Result<usize> {
    let wanted = Typed::parse(typed)?;
    let fits = |candidate: &Candidate| wanted.fits(candidate);
    let mut fitting = known.iter().enumerate().filter(|(_, candidate)| fits(candidate));
    match (fitting.next(), fitting.next()) {
        (Some((place, _)), None) => Ok(place),
        // The same id by two authors is one record to whoever reads it: its manifest says whose.
        (Some((place, one)), Some(_)) if known.iter().filter(|c| fits(c)).all(|c| c.hex == one.hex) => Ok(place),
        (None, _) => {
            Err(Failure::not_found(format!("no record that is known here begins with {typed}; its URI would name it")))
        }
        _ => Err(ambiguous(typed, known.iter().filter(|candidate| fits(candidate)))),
    }
}

fn ambiguous<'a>(typed: &str, fitting: impl Iterator<Item = &'a Candidate>) -> Failure {
    let lines: Vec<String> = fitting.map(|c| format!("\n  {}  {}", c.hex, c.about)).collect();
    Failure::usage(format!("{typed} is the beginning of {} records, give more of it:{}", lines.len(), lines.concat()))
}

/// Enough digits of each id to tell it from the others, at least 8.
pub(crate) fn short_length(ids: &[String]) -> usize {
    let mut sorted: Vec<&str> = ids.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let shared = |pair: &[&str]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
    sorted.windows(2).map(|pair| shared(pair) + 1).max().unwrap_or_default().max(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn known() -> Vec<Candidate> {
        ["abcd1111", "abcd2222", "bafe3333"]
            .iter()
            .map(|id| Candidate { hex: id.repeat(8), cid: format!("bafyrei{id}"), about: format!("of {id}") })
            .collect()
    }

    #[test]
    fn a_unique_beginning_is_enough() {
        for (typed, place) in
            [("abcd1", 0), ("0xABCD2", 1), ("bafe", 2), ("bafyreiabcd2", 1), (&"bafe3333".repeat(8), 2)]
        {
            assert_eq!(find(typed, &known()).unwrap(), place, "{typed}");
        }
    }

    #[test]
    fn several_are_listed() {
        let failure = find("abcd", &known()).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.message.contains("of abcd1111") && failure.message.contains("of abcd2222"), "{failure}");
    }

    #[test]
    fn nothing_and_nonsense() {
        assert_eq!(find("dddd", &known()).unwrap_err().kind, Kind::NotFound);
        for typed in ["abc", "", "0x", "report.pdf", "bafy!!", &"a".repeat(65)] {
            assert_eq!(find(typed, &known()).unwrap_err().kind, Kind::Usage, "{typed}");
        }
    }

    #[test]
    fn short_ids_stay_apart() {
        let ids = |ids: &[&str]| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
        assert_eq!(short_length(&ids(&["aaaaaaaaaaaa", "bbbbbbbbbbbb"])), 8);
        assert_eq!(short_length(&ids(&["aaaaaaaaaab", "bb", "aaaaaaaaaaa"])), 11);
        assert_eq!(short_length(&ids(&["aaaaaaaaaa", "aaaaaaaaaa"])), 8);
    }
}
