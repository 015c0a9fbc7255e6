//! Vectors of notes: why a board's case was opened, and the finding of its review.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hospital_record_core::block::{Body, Verified};
use hospital_record_core::board::note::{CaseNote, NoteReader, NoteTerms, Words, open_note, seal_note};
use hospital_record_core::id::{Digest, Scope};
use hospital_record_core::seal::request::MAX_REASON;
use serde_bytes::ByteBuf;
use serde_json::{Value, json};

use crate::check::{Outcome, error_name, public};
use crate::dishonest::{sealed, signed};
use crate::json::*;
use crate::make::{Change, Vectors, row, with};
use crate::make_blocks::{folder, hexed, spoilt};

const AUTHOR: u8 = 5;
/// The patient and the board's members.
const READERS: [u8; 4] = [1, AUTHOR, 4, 3];

pub fn all() -> Vectors {
    [opening(), others(), changed(), sealed_wrongly(), said_wrongly()].concat()
}

fn vector_of(text: &str, case: Option<[u8; 32]>) -> Value {
    let (ana, author) = (person(READERS[0]), person(AUTHOR));
    let terms = json!({ "chain": 31337, "contract": ana["contract"], "patient": ana["account"],
        "board": hex::encode([0xb0; 20]), "scope": hex::encode(Scope::Folder(folder()).to_bytes()),
        "grantee": person(2)["account"], "author": author["account"], "case": case.map(hex::encode) });
    let words = Words { purpose: 2, text: text.to_owned().into() };
    let to = |byte: &u8| (account(&person(*byte)["account"]), public(&person(*byte)).hpke);
    let readers: Vec<_> = READERS.iter().map(to).collect();
    let (profile, keys) = (profile_digest(&author), profile_keys(&author));
    let block = seal_note(&note_terms(&terms), &words, &readers, profile, &keys).unwrap();
    json!({ "terms": terms, "author": author, "reader": ana, "block": hexed(&block), "purpose": 2, "text": text })
}

fn reason() -> Value {
    vector_of("unconscious\n心臓", None)
}

fn finding() -> Value {
    vector_of("as was said", Some([9; 32]))
}

fn opening() -> Vectors {
    let reason = reason();
    vec![
        row("case-note", "opens_reason_for_a_member", with(&reason, |reason| reason["reader"] = person(3))),
        row("case-note", "opens_reason_for_its_author", with(&reason, |reason| reason["reader"] = person(AUTHOR))),
        row("case-note", "opens_reason_for_the_patient", reason),
        row("case-note", "opens_finding", finding()),
        row("case-note", "opens_longest_text", vector_of(&"x".repeat(MAX_REASON), None)),
    ]
}

/// Notes with another subject or for other readers.
fn others() -> Vectors {
    let reason = reason();
    let mut vectors = spoilt("case-note", "author", &reason);
    let other = [
        ("patient", person(4)["account"].clone()),
        ("board", json!(hex::encode([0xb1; 20]))),
        ("scope", json!(hex::encode([0xab; 32]))),
        ("grantee", person(4)["account"].clone()),
        ("author", person(4)["account"].clone()),
        ("case", json!(hex::encode([9; 32]))),
        ("chain", json!(1)),
    ];
    for (field, value) in other {
        let other = with(&reason, |reason| reason["terms"][field] = value);
        vectors.push(row("case-note", &format!("fails_other_{field}"), other));
    }
    let unnamed = with(&finding(), |finding| finding["terms"]["case"] = Value::Null);
    let later = with(&reason, |reason| reason["reader"]["sequence"] = json!(1));
    vectors.extend([
        row("case-note", "fails_finding_taken_for_a_reason", unnamed),
        row("case-note", "fails_another_key_of_the_reader", later),
        row("case-note", "fails_account_without_entry", with(&reason, |reason| reason["reader"] = person(6))),
    ]);
    vectors
}

fn read(vector: &Value) -> Result<Verified<CaseNote>, String> {
    let note = CaseNote::parse(&bytes(&vector["block"]), deployment(&vector["terms"])).map_err(error_name)?;
    note.verify(&public(&vector["author"])).map_err(error_name)
}

/// A note that its signer has changed.
fn signed_by(signer: u8, reason: &Value, change: fn(&mut CaseNote)) -> Value {
    let mut body = read(reason).unwrap().into_body();
    change(&mut body);
    with(reason, |reason| {
        reason["block"] = signed(CaseNote::KIND, &body, &person(signer));
        (reason["author"], reason["terms"]["author"]) = (person(signer), person(signer)["account"].clone());
    })
}

fn changed() -> Vectors {
    let reason = reason();
    let by_author = |change| signed_by(AUTHOR, &reason, change);
    let full = by_author(|note| note.readers.resize(17, note.readers[0].clone()));
    assert_eq!(note(&by_author(|_| ())), Ok(()), "only the change is wrong in the following vectors");
    let rows: [Change<CaseNote>; 7] = [
        ("fails_payload_flipped", |note| *note.payload.last_mut().unwrap() ^= 1),
        ("fails_payload_cut_off", |note| note.payload.truncate(11)),
        ("fails_payload_too_large", |note| note.payload.resize(12 + 2560 + 16 + 1, 0)),
        ("fails_entries_swapped", |note| {
            let [first, second, ..] = &mut note.readers[..] else { panic!("it has readers") };
            std::mem::swap(&mut first.sealed, &mut second.sealed);
        }),
        ("fails_eighteen_entries", |note| note.readers = vec![note.readers[0].clone(); 18]),
        ("fails_no_readers", |note| note.readers.clear()),
        ("fails_commitment_flipped", |note| note.commitment.0[31] ^= 1),
    ];
    let changed = rows.into_iter().map(|(name, change)| row("case-note", name, by_author(change)));
    let stolen = row("case-note", "fails_signed_by_a_thief", signed_by(4, &reason, |_| ()));
    changed.chain([stolen, row("case-note", "opens_seventeen_entries", full)]).collect()
}

const KEY: [u8; 32] = [0x11; 32];

/// A note that an author's own program could seal to the patient.
struct Sealed<'a> {
    key: &'a [u8],
    committed: &'a [u8],
    plain: Vec<u8>,
}

fn info(label: &str, terms: &NoteTerms, more: &[u8]) -> Vec<u8> {
    let label = format!("hospital-record/v1/{label}");
    let NoteTerms { deployment, patient, board, scope, grantee, author, case } = terms;
    let accounts = [&(label.len() as u16).to_be_bytes(), label.as_bytes(), &deployment.chain.to_be_bytes()].concat();
    let case = case.unwrap_or(Digest([0; 32]));
    [
        &accounts,
        &deployment.contract.0[..],
        &patient.0,
        &board.0,
        &scope.to_bytes(),
        &grantee.0,
        &author.0,
        &case.0,
        more,
    ]
    .concat()
}

fn expand(label: &str, terms: &NoteTerms, key: &[u8]) -> [u8; 32] {
    let mut output = [0; 32];
    hkdf::Hkdf::<sha2::Sha256>::new(None, key).expand(&info(label, terms, &[]), &mut output).unwrap();
    output
}

fn forged(sealed_by_author: Sealed<'_>) -> Value {
    let Sealed { key, committed, plain } = sealed_by_author;
    let reason = reason();
    let (terms, ana) = (note_terms(&reason["terms"]), person(READERS[0]));
    let (reader, to) = (account(&ana["account"]), public(&ana).hpke);
    let mut payload = plain;
    let cipher = Aes256Gcm::new(&expand("case-note-payload", &terms, key).into());
    let tag = cipher.encrypt_inout_detached(&Nonce::from([0x22; 12]), &[], payload.as_mut_slice().into()).unwrap();
    let context = info("case-note", &terms, &[&reader.0[..], &to.key_id().0].concat());
    let entry = NoteReader { reader, key_id: to.key_id(), sealed: sealed(to.as_bytes(), &context, key) };
    let body = CaseNote {
        commitment: Digest(expand("case-note-key", &terms, committed)),
        payload: ByteBuf::from([&[0x22; 12], payload.as_slice(), &tag].concat()),
        readers: vec![entry],
        ..read(&reason).unwrap().into_body()
    };
    with(&reason, |reason| reason["block"] = signed(CaseNote::KIND, &body, &person(AUTHOR)))
}

/// `u32be length | bytes | zeros`.
fn padded(bytes: &[u8], to: usize) -> Vec<u8> {
    let mut padded = [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    padded.resize(to, 0);
    padded
}

fn told(text: &str) -> Vec<u8> {
    padded(&[&[2], text.as_bytes()].concat(), 512)
}

fn sealed_wrongly() -> Vectors {
    let of = |key, committed| forged(Sealed { key, committed, plain: told(text(&reason()["text"])) });
    let with_key = |key| of(key, key);
    vec![
        row("case-note", "opens_made_by_hand", with_key(&KEY)),
        row("case-note", "fails_key_of_31_bytes", with_key(&KEY[1..])),
        row("case-note", "fails_key_of_33_bytes", with_key(&[0x11; 33])),
        row("case-note", "fails_another_key_than_committed", of(&KEY, &[0x12; 32])),
    ]
}

fn said_wrongly() -> Vectors {
    let rows = [
        ("fails_text_with_control_characters", told("\u{1b}[2Junconscious")),
        ("fails_text_with_carriage_return", told("unconscious\r")),
        ("fails_text_empty", told("")),
        ("fails_text_blank", told(" \n")),
        ("fails_text_too_long", padded(&[&[2], "x".repeat(MAX_REASON + 1).as_bytes()].concat(), 2560)),
        ("fails_text_not_utf8", padded(&[2, b'x', 0xff], 512)),
        ("fails_unpadded", padded(b"\x02unconscious", 16)),
        ("fails_padded_further_than_needed", padded(b"\x02unconscious", 1024)),
        ("fails_padded_with_other_than_zeros", [&told("unconscious")[..511], &[1]].concat()),
        ("fails_nothing_inside", padded(&[], 512)),
    ];
    let of = |plain| forged(Sealed { key: &KEY, committed: &KEY, plain });
    rows.into_iter().map(|(name, plain)| row("case-note", name, of(plain))).collect()
}

fn note_terms(value: &Value) -> NoteTerms {
    NoteTerms {
        deployment: deployment(value),
        patient: account(&value["patient"]),
        board: account(&value["board"]),
        scope: Scope::from_bytes(array(&value["scope"])).unwrap(),
        grantee: account(&value["grantee"]),
        author: account(&value["author"]),
        case: value["case"].is_string().then(|| Digest(array(&value["case"]))),
    }
}

pub fn note(vector: &Value) -> Outcome {
    let note = read(vector)?;
    let words =
        open_note(&note, &note_terms(&vector["terms"]), &profile_keys(&vector["reader"])).map_err(error_name)?;
    assert_eq!((words.purpose as u64, words.text.as_str()), (number(&vector["purpose"]), text(&vector["text"])));
    Ok(())
}
