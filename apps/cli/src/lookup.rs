//! Finds a record by the beginning of its id.

use std::{collections::HashSet, time::SystemTime};

use hospital_record::{B256, RecordRef, names::marked};

use crate::failure::{Failure, Result};

const SHORTEST: usize = 4;
const COMMON: &str = "bafyrei";

/// Digits of a request's or case's id that are shown.
const SHORT: usize = 10;

/// Parses the typed beginning of the id of a `what`, which the command `shower` shows.
pub(crate) fn beginning(typed: &str, what: &str, shower: &str) -> Result<String> {
    let digits = typed.strip_prefix("0x").unwrap_or(typed);
    match (SHORTEST..=64).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(format!("0x{}", digits.to_ascii_lowercase())),
        false => Err(Failure::usage(format!(
            "{typed:?} does not name a {what}: give at least {SHORTEST} digits of its id; {shower} shows it"
        ))),
    }
}

/// Parses a whole id, for clap.
pub(crate) fn whole_id(typed: &str) -> Result<B256, String> {
    let digits = typed.trim().trim_start_matches("0x");
    let wrong = |why: String| format!("give the whole id, 0x and 64 digits (0-9, a-f): {why}");
    match digits.chars().find(|c| !c.is_ascii_hexdigit()) {
        Some(other) => Err(wrong(format!("{other:?} is not one"))),
        None => digits.parse().map_err(|_| wrong(format!("this has {}", digits.len()))),
    }
}

pub(crate) fn short(id: B256) -> String {
    id.to_string().chars().take(SHORT).collect()
}

/// A candidate record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) record: RecordRef,
    pub(crate) added: SystemTime,
}

/// The id as people type it: 64 hex digits, lower case.
pub(crate) fn hex_of(record: &RecordRef) -> String {
    record.id.to_string().trim_start_matches("0x").to_owned()
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
            "{typed:?} does not name a record: give its name, its URI, or at least {SHORTEST} digits of its id; `list` shows them"
        )))
    }

    fn fits(&self, candidate: &Candidate) -> bool {
        match self {
            Self::Hex(hex) => hex_of(&candidate.record).starts_with(hex),
            Self::Cid(cid) => candidate.record.id.cid().to_string().starts_with(cid),
        }
    }
}

/// Whether it is a record's URI, even if mail has folded or quoted it.
pub(crate) fn is_uri(typed: &str) -> bool {
    typed.contains("hospital-record:")
}

/// Whether it may be the beginning of an id; it may be a name, too.
pub(crate) fn is_id(typed: &str) -> bool {
    Typed::parse(typed).is_ok()
}

/// Whether it can name a record at all: by its id or by its name, which never begins like an address.
pub(crate) fn check(typed: &str) -> Result {
    let hidden = marked(typed).any(|(_, seen)| !seen);
    match Typed::parse(typed) {
        Err(failure) if hidden || typed.trim().is_empty() || typed.starts_with("0x") => Err(failure),
        _ => Ok(()),
    }
}

/// The records whose id begins with `typed`: hex with or without 0x, or a CID.
///
/// One id by two authors in one patient's history is one record for readers; a change needs the author. One id in two
/// patients' histories is two records: a copied id must not open in place of the original.
pub(crate) fn fitting(typed: &str, known: Vec<Candidate>) -> Result<Vec<Candidate>> {
    let wanted = Typed::parse(typed)?;
    let mut seen = HashSet::new();
    Ok(known.into_iter().filter(|known| wanted.fits(known) && seen.insert(known.record)).collect())
}

pub(crate) fn none(typed: &str) -> Failure {
    Failure::not_found(format!(
        "you can read no record with the name {typed:?} or with this beginning of an id. If your access to it has \
         ended, give its URI; `list` and `grants received` show what you can read"
    ))
}

/// The error for several records with one beginning of an id, one line for each.
pub(crate) fn ambiguous(typed: &str, lines: &[String]) -> Failure {
    Failure::usage(format!(
        "the ids of {} records begin with {typed}: give more digits, the URI of one of them, or for `open` \
         --patient:\n  {}",
        lines.len(),
        lines.join("\n  ")
    ))
}

/// The error for several records with one name, one line for each.
pub(crate) fn ambiguous_name(typed: &str, lines: &[String]) -> Failure {
    Failure::usage(format!(
        "{} records are called {typed:?}: give the URI of one of them, or enough of its id:\n  {}",
        lines.len(),
        lines.join("\n  ")
    ))
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
    use hospital_record::Address;

    use super::*;
    use crate::failure::Kind;

    const ANA: Address = Address::repeat_byte(1);
    const EVE: Address = Address::repeat_byte(2);

    fn candidate(patient: Address, id: &str) -> Candidate {
        let uri = format!("hospital-record:1:{}:{patient}:0x{}", Address::repeat_byte(9), id.repeat(8));
        Candidate { record: uri.parse().unwrap(), added: SystemTime::UNIX_EPOCH }
    }

    fn found(typed: &str, known: &[Candidate]) -> Vec<RecordRef> {
        fitting(typed, known.to_vec()).unwrap().iter().map(|known| known.record).collect()
    }

    fn known() -> Vec<Candidate> {
        ["abcd1111", "abcd2222", "bafe3333"].map(|id| candidate(ANA, id)).into()
    }

    #[test]
    fn a_unique_beginning_is_enough() {
        let known = known();
        let cid = known[1].record.id.cid().to_string();
        for (typed, place) in
            [("abcd1", 0), ("0xABCD2", 1), ("bafe", 2), (&cid, 1), (&cid[..16], 1), (&"bafe3333".repeat(8), 2)]
        {
            assert_eq!(found(typed, &known), [known[place].record], "{typed}");
        }
        assert_eq!(found("abcd", &known).len(), 2);
        assert_eq!(found("bafyrei", &known).len(), 3);
        assert_eq!(found("dddd", &known), []);
    }

    #[test]
    fn one_id_is_one_record_of_one_patient_and_two_records_of_two() {
        let (anas, eves) = (candidate(ANA, "abcd1111"), candidate(EVE, "abcd1111"));
        assert_eq!(found("abcd", &[anas, anas]), [anas.record], "another author has copied the id");
        for known in [[anas, eves], [eves, anas]] {
            assert_eq!(found(&"abcd1111".repeat(8), &known), known.map(|known| known.record));
        }
    }

    #[test]
    fn several_are_listed() {
        let failure = ambiguous("abcd", &["one".into(), "two".into()]);
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.message.ends_with("\n  one\n  two"), "{failure}");
    }

    #[test]
    fn nonsense_is_refused() {
        for typed in ["abc", "", "0x", "report.pdf", "bafy!!", &"a".repeat(65)] {
            assert_eq!(fitting(typed, known()).unwrap_err().kind, Kind::Usage, "{typed}");
        }
        for name in ["abc", "report.pdf", "bafy!!", "befund 12.pdf", "Röntgen: Knie", "face"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for wrong in ["", " ", "0x", "0x12", "0xzz", "a\nb", "report\u{200b}.pdf"] {
            assert_eq!(check(wrong).unwrap_err().kind, Kind::Usage, "{wrong:?}");
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
