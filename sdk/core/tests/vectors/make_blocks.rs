//! Makes the vectors of signed blocks and profiles.

use hospital_record_core::block::Block;
use hospital_record_core::id::{Account, Confidentiality, Deployment, Folder, RecordKey, Scope};
use hospital_record_core::profile::{self, Profile};
use hospital_record_core::record::manifest::Manifest;
use hospital_record_core::record::metadata::Metadata;
use hospital_record_core::seal::envelope::{EnvelopeKeys, EnvelopePayload, FolderKeyStatement, seal_envelope};
use hospital_record_core::seal::lock::Lock;
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::request::seal_request;
use hospital_record_core::seal::stream::{self, ContentKey, StreamHeader};
use serde_json::{Value, json};

use crate::json::*;
use crate::keyrings;
use crate::make::{Vectors, flip, row, with};

pub fn all() -> Vectors {
    [envelope, request, folder_key, manifest, profile].into_iter().flat_map(|make| make()).collect()
}

pub fn folder() -> Folder {
    Folder::new(123_456_789).unwrap()
}

pub fn held() -> FolderState {
    FolderState::from_bytes(7, [0x77; 32])
}

pub fn hexed(block: &Block) -> Value {
    json!(hex::encode(&block.bytes))
}

pub fn statement(patient: &Value) -> Block {
    FolderKeyStatement::sign(folder(), &held(), HERE, profile_digest(patient), &profile_keys(patient)).unwrap()
}

/// Faults that every kind of signed block can have.
pub fn spoilt(format: &'static str, signer: &str, whole: &Value) -> Vectors {
    let shorter = |block: &mut Value| *block = json!(&text(block)[2..]);
    let longer = |block: &mut Value| *block = json!(format!("{}00", text(block)));
    let signature = with(whole, |vector| {
        let at = text(&vector["block"]).find(&hex::encode("signature")).unwrap() / 2;
        let length = text(&vector["block"]).len() / 2;
        flip(&mut vector["block"], length - at - 20);
    });
    vec![
        row(format, "fails_signature_flipped", signature),
        row(format, "fails_signed_by_another", with(whole, |vector| vector[signer] = person(9))),
        row(format, "fails_first_byte_missing", with(whole, |vector| shorter(&mut vector["block"]))),
        row(format, "fails_trailing_byte", with(whole, |vector| longer(&mut vector["block"]))),
        row(format, "fails_of_another_kind", with(whole, |vector| vector["block"] = other_kind(format))),
    ]
}

fn other_kind(format: &str) -> Value {
    match format {
        "folder-key" => keyrings::block(&[], &[]),
        _ => hexed(&statement(&person(1))),
    }
}

fn envelope() -> Vectors {
    let (ana, lee) = (person(1), person(2));
    let block = |scope: Scope, keys: EnvelopeKeys, kind: &str, secret: [u8; 32]| {
        let context = json!({ "chain": 31337, "contract": ana["contract"], "patient": ana["account"],
            "issuer": ana["account"], "grantee": lee["account"], "scope": hex::encode(scope.to_bytes()), "epoch": 7 });
        let statement = match &keys {
            EnvelopeKeys::Folder { statement, .. } => hex::encode(statement),
            EnvelopeKeys::Record { .. } => String::new(),
        };
        let sources = vec!["https://blocks.example".to_owned()];
        let payload =
            EnvelopePayload { keys, folder_name: "心臓".into(), confidentiality: Confidentiality::R, sources };
        let to = profile_keys(&lee).public().hpke.clone();
        let note = keys_note(&ana);
        let block = seal_envelope(
            &envelope_context(&context),
            &to,
            &payload,
            Some(note),
            profile_digest(&ana),
            &profile_keys(&ana),
        );
        json!({ "context": context, "issuer": ana, "grantee": lee, "block": hexed(&block.unwrap()), "payload": {
            "keys": kind, "secret": hex::encode(secret), "statement": statement, "folder_name": "心臓",
            "confidentiality": "R", "sources": payload.sources } })
    };
    let statement = statement(&ana).bytes.to_vec();
    let read = EnvelopeKeys::Folder { state: Some(held()), statement: statement.clone() };
    let read = block(Scope::Folder(folder()), read, "read", [0x77; 32]);
    let contribute =
        block(Scope::Folder(folder()), EnvelopeKeys::Folder { state: None, statement }, "contribute", [0; 32]);
    let record = EnvelopeKeys::Record { content: ContentKey::from_bytes([0x44; 32]) };
    let record = block(Scope::Record(RecordKey([0xab; 32])), record, "record", [0x44; 32]);
    let mut vectors = spoilt("envelope", "issuer", &read);
    let other = [
        ("patient", lee["account"].clone()),
        ("issuer", lee["account"].clone()),
        ("grantee", ana["account"].clone()),
        ("scope", json!(hex::encode([0xab; 32]))),
        ("epoch", json!(8)),
        ("chain", json!(1)),
    ];
    for (field, value) in other {
        vectors.push(row(
            "envelope",
            &format!("fails_other_{field}"),
            with(&read, |read| read["context"][field] = value),
        ));
    }
    vectors.push(row("envelope", "fails_other_recipient", with(&read, |read| read["grantee"] = ana.clone())));
    let second = with(&read, |read| read["grantee"]["sequence"] = json!(1));
    vectors.push(row("envelope", "fails_another_key_of_the_grantee", second));
    for (name, vector) in [("opens_read", read), ("opens_contribute_only", contribute), ("opens_one_record", record)] {
        vectors.push(row("envelope", name, vector));
    }
    vectors
}

fn request() -> Vectors {
    let (ana, lee) = (person(1), person(2));
    let terms = json!({ "chain": 31337, "contract": ana["contract"], "patient": ana["account"],
        "asker": lee["account"], "rights": 3, "purpose": 0, "grant_until": 2_000_000_000u64,
        "answer_by": 1_900_000_000u64 });
    let reason = "ECG of 3 May\n心臓";
    let (to, signer) = (profile_keys(&ana).public().hpke.clone(), profile_keys(&lee));
    let block = seal_request(HERE, &request_terms(&terms), reason, &to, profile_digest(&lee), &signer).unwrap();
    let vector = json!({ "terms": terms, "asker": lee, "patient": ana, "block": hexed(&block), "reason": reason });
    let mut vectors = spoilt("access-request", "asker", &vector);
    let other = [
        ("patient", lee["account"].clone()),
        ("asker", ana["account"].clone()),
        ("rights", json!(15)),
        ("purpose", json!(1)),
        ("grant_until", json!(2_000_000_001u64)),
        ("answer_by", json!(1_900_000_001u64)),
        ("chain", json!(1)),
    ];
    for (field, value) in other {
        let other = with(&vector, |vector| vector["terms"][field] = value);
        vectors.push(row("access-request", &format!("fails_other_{field}"), other));
    }
    let recipient = with(&vector, |vector| vector["patient"] = lee.clone());
    vectors.push(row("access-request", "fails_other_recipient", recipient));
    vectors.push(row("access-request", "opens_reason", vector));
    vectors
}

fn keys_note(ana: &Value) -> Vec<u8> {
    keys(ana).note_seal(b"lee", "Dr Lee").unwrap()
}

fn folder_key() -> Vectors {
    let vector = json!({ "patient": person(1), "folder": folder().number(), "epoch": 7,
        "public_key": hex::encode(held().public_key().as_bytes()), "block": hexed(&statement(&person(1))) });
    let mut vectors = spoilt("folder-key", "patient", &vector);
    vectors.push(row("folder-key", "opens", vector));
    vectors.last_mut().unwrap().1 = "opens_statement".into();
    vectors
}

fn manifest() -> Vectors {
    let author = person(2);
    let key = ContentKey::from_bytes([0x44; 32]);
    let sealed = stream::seal(&key, b"sinus rhythm").unwrap();
    let header = StreamHeader::from_bytes(&sealed[..40]).unwrap();
    let metadata = Metadata { name: "ecg.txt".into(), ..Metadata::default() }.seal(&key, &header).unwrap();
    let leaf = Block::leaf(sealed.clone());
    let mut manifest = Manifest {
        patient: account(&person(1)["account"]),
        folder: folder(),
        content: leaf.cid,
        size: 12,
        header,
        commitment: key.commitment(),
        metadata,
        locks: Vec::new(),
    };
    let context = manifest.lock_context(HERE, account(&author["account"]), 7);
    manifest.locks.push(Lock::folder(&context, &held().public_key(), &key).unwrap());
    let block = manifest.sign(HERE, profile_digest(&author), &profile_keys(&author)).unwrap();
    let vector = json!({ "author": author, "block": hexed(&block), "cid": block.cid.to_string(), "name": "ecg.txt",
        "folder_state": { "epoch": 7, "state": hex::encode([0x77; 32]) }, "content": hex::encode(&sealed),
        "plain": hex::encode("sinus rhythm") });
    let mut vectors = spoilt("manifest", "author", &vector);
    vectors.push(row("manifest", "fails_content_flipped", with(&vector, |vector| flip(&mut vector["content"], 1))));
    let wrong = json!({ "epoch": 7, "state": hex::encode([0x78; 32]) });
    vectors.push(row("manifest", "fails_other_folder_state", with(&vector, |vector| vector["folder_state"] = wrong)));
    vectors.push(row("manifest", "opens_folder_lock", vector));
    vectors
}

fn profile() -> Vectors {
    let ana = person(1);
    let keys = profile_keys(&ana).public().clone();
    let profile = Profile { deployment: HERE, account: account(&ana["account"]), sequence: 0, previous: None, keys };
    let vector = |profile: &Profile| {
        let block = profile::encode(profile, vec![7; 65]).unwrap();
        json!({ "person": ana, "block": hexed(&block), "signature": hex::encode([7; 65]),
            "fingerprint": profile::fingerprint(block.digest()) })
    };
    let first = vector(&profile);
    let second = Profile { sequence: 1, previous: Some(profile_digest(&ana)), ..profile.clone() };
    let elsewhere = Profile { deployment: Deployment { chain: 1, contract: Account([0xcc; 20]) }, ..profile.clone() };
    let hpke = hex::encode(profile.keys.hpke.as_bytes());
    let replaced =
        |from: &str, to: String| with(&first, |first| first["block"] = json!(text(&first["block"]).replace(from, &to)));
    let low_order = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800";
    vec![
        row("profile", "fails_low_order_x25519_zero", replaced(&hpke[2368..], "00".repeat(32))),
        row("profile", "fails_low_order_x25519_order_8", replaced(&hpke[2368..], low_order.into())),
        row("profile", "fails_ml_kem_coefficients_too_large", replaced(&hpke[..2368], "ff".repeat(1184))),
        row(
            "profile",
            "fails_low_order_ed25519",
            replaced(&hex::encode(profile.keys.ed25519), format!("01{}", "00".repeat(31))),
        ),
        row("profile", "fails_other_chain", vector(&elsewhere)),
        row(
            "profile",
            "fails_trailing_byte",
            with(&first, |first| first["block"] = json!(format!("{}00", text(&first["block"])))),
        ),
        row("profile", "opens_second", vector(&second)),
        row("profile", "opens_first", first),
    ]
}
