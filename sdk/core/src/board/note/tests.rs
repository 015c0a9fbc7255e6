#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::identity::{Keys, Seed};

const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };
const PROFILE: Digest = Digest([3; 32]);

fn person(byte: u8) -> ProfileKeys {
    Keys::derive(&Seed::from_bytes([byte; 32]), HERE, Account([byte; 20])).profile_keys(0)
}

fn terms() -> NoteTerms {
    NoteTerms {
        deployment: HERE,
        patient: Account([1; 20]),
        board: Account([0xbb; 20]),
        scope: Scope::from_bytes([9; 32]).unwrap(),
        grantee: Account([5; 20]),
        author: Account([2; 20]),
        case: None,
    }
}

fn words(text: &str) -> Words {
    Words { purpose: 1, text: Zeroizing::new(text.to_owned()) }
}

fn readers() -> Vec<(Account, HpkePublicKey)> {
    [1, 2, 3].map(|byte| (person(byte).account(), person(byte).public().hpke.clone())).to_vec()
}

fn seal(terms: &NoteTerms, text: &str) -> Result<Verified<CaseNote>, CoreError> {
    let block = seal_note(terms, &words(text), &readers(), PROFILE, &person(2))?;
    Ok(CaseNote::parse(&block.bytes, HERE)?.verify(person(2).public())?)
}

#[test]
fn note_opens_only_for_its_readers_and_its_subject() {
    let note = seal(&terms(), "unconscious\nafter a fall").unwrap();
    for reader in [1, 2, 3] {
        assert!(open_note(&note, &terms(), &person(reader)).unwrap() == words("unconscious\nafter a fall"));
    }
    assert_eq!(open_note(&note, &terms(), &person(4)).err(), Some(CoreError::Seal(SealError::NoEntry)));
    let others = [
        NoteTerms { patient: Account([4; 20]), ..terms() },
        NoteTerms { board: Account([4; 20]), ..terms() },
        NoteTerms { scope: Scope::from_bytes([8; 32]).unwrap(), ..terms() },
        NoteTerms { grantee: Account([4; 20]), ..terms() },
        NoteTerms { author: Account([3; 20]), ..terms() },
        NoteTerms { case: Some(Digest([7; 32])), ..terms() },
    ];
    for other in others {
        let opened = open_note(&note, &other, &person(1)).err();
        assert!(matches!(opened, Some(CoreError::Seal(SealError::Mismatch { .. }))), "{other:?}");
    }
}

#[test]
fn note_signed_by_a_thief_does_not_open() {
    let stolen = seal(&terms(), "unconscious").unwrap();
    let thief = person(3);
    let block = block::sign(HERE, PROFILE, stolen.into_body(), &thief).unwrap();
    let replayed = CaseNote::parse(&block.bytes, HERE).unwrap().verify(thief.public()).unwrap();
    let terms = NoteTerms { author: thief.account(), ..terms() };
    let opened = open_note(&replayed, &terms, &person(1)).err();
    assert_eq!(opened, Some(CoreError::Seal(SealError::Unopenable("the note"))));
}

/// Its payload opens with the key that the patient got, but the block commits to another key, which other readers could
/// have.
#[test]
fn note_with_another_key_than_its_commitment_does_not_open() {
    let words = seal(&terms(), "unconscious").unwrap().into_body();
    let other = CaseNote { commitment: terms().commitment(&[7; KEY]), ..words.clone() };
    for (body, opens) in [(words, true), (other, false)] {
        let block = block::sign(HERE, PROFILE, body, &person(2)).unwrap();
        let note = CaseNote::parse(&block.bytes, HERE).unwrap().verify(person(2).public()).unwrap();
        assert_eq!(open_note(&note, &terms(), &person(1)).is_ok(), opens);
    }
}

#[test]
fn empty_notes_and_notes_for_too_many_readers_are_not_sealed() {
    assert!(seal(&terms(), &"x".repeat(MAX_REASON)).is_ok());
    for text in ["", " \n", "\u{1b}[2J", &"x".repeat(MAX_REASON + 1)] {
        assert!(seal(&terms(), text).is_err(), "{text:?}");
    }
    let many = vec![readers().remove(0); MAX_READERS + 1];
    assert!(seal_note(&terms(), &words("x"), &many, PROFILE, &person(2)).is_err());
    assert!(
        seal_note(&NoteTerms { author: Account([3; 20]), ..terms() }, &words("x"), &[], PROFILE, &person(2)).is_err()
    );
}

static NOTE: LazyLock<CaseNote> = LazyLock::new(|| seal(&terms(), "unconscious").unwrap().into_body());

/// A bit of the body, often before the readers or after them.
fn bit() -> impl Strategy<Value = usize> {
    let bits = cbor::encode("case-note", &*NOTE).unwrap().len() * 8;
    prop_oneof![0..2000_usize, bits - 400..bits, any::<Index>().prop_map(move |at| at.index(bits))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whoever signs the changed note: no reader gets another text, and not all readers get the original one.
    #[test]
    fn note_with_a_changed_bit_shows_no_other_text(bit in bit(), author in prop::sample::select(vec![2, 3])) {
        let mut bytes = cbor::encode("case-note", &*NOTE).unwrap();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(body) = cbor::decode::<CaseNote>("case-note", &bytes) else { return Ok(()) };
        let author = person(author);
        let block = block::sign(HERE, PROFILE, body, &author).unwrap();
        let note = CaseNote::parse(&block.bytes, HERE).unwrap().verify(author.public()).unwrap();
        let terms = NoteTerms { author: author.account(), ..terms() };
        let opened = [1, 2, 3].map(|reader| open_note(&note, &terms, &person(reader)).ok());
        prop_assert!(opened.iter().flatten().all(|opened| *opened == words("unconscious")));
        prop_assert!(opened.iter().any(Option::is_none));
    }
}
