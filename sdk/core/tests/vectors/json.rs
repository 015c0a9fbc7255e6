//! From JSON to values: bytes are hexadecimal, keys are derived from seeds.

use hospital_record_core::id::{Account, Deployment, Digest, Folder, Scope};
use hospital_record_core::identity::{Keys, ProfileKeys, Seed};
use hospital_record_core::seal::envelope::EnvelopeContext;
use hospital_record_core::seal::lock::LockContext;
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::request::RequestTerms;
use hospital_record_core::seal::stream::ContentKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };

pub fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap_or_else(|| panic!("{value} is not hexadecimal"))).unwrap()
}

pub fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

pub fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub fn account(value: &Value) -> Account {
    Account(array(value))
}

pub fn folder(value: &Value) -> Folder {
    Folder::new(number(value)).unwrap()
}

pub fn content_key(value: &Value) -> ContentKey {
    ContentKey::from_bytes(array(value))
}

pub fn state(value: &Value) -> FolderState {
    FolderState::from_bytes(number(&value["epoch"]) as u16, array(&value["state"]))
}

pub fn deployment(value: &Value) -> Deployment {
    Deployment { chain: number(&value["chain"]), contract: account(&value["contract"]) }
}

/// A person of the vectors; the byte names it.
pub fn person(byte: u8) -> Value {
    json!({ "chain": HERE.chain, "contract": hex::encode(HERE.contract.0), "seed": hex::encode([byte; 32]),
        "account": hex::encode([byte ^ 0xf0; 20]), "sequence": 0 })
}

pub fn keys(person: &Value) -> Keys {
    let seed = Seed::from_bytes(array(&person["seed"]));
    Keys::derive(&seed, deployment(person), account(&person["account"]))
}

pub fn profile_keys(person: &Value) -> ProfileKeys {
    keys(person).profile_keys(number(&person["sequence"]) as u32)
}

/// Digest of the assumed profile of a person of the vectors.
pub fn profile_digest(person: &Value) -> Digest {
    Digest(Sha256::digest(text(&person["seed"])).into())
}

pub fn lock_context(value: &Value) -> LockContext {
    LockContext {
        deployment: deployment(value),
        patient: account(&value["patient"]),
        author: account(&value["author"]),
        folder: folder(&value["folder"]),
        epoch: number(&value["epoch"]) as u16,
        commitment: array(&value["commitment"]),
    }
}

pub fn envelope_context(value: &Value) -> EnvelopeContext {
    EnvelopeContext {
        deployment: deployment(value),
        patient: account(&value["patient"]),
        issuer: account(&value["issuer"]),
        grantee: account(&value["grantee"]),
        scope: Scope::from_bytes(array(&value["scope"])).unwrap(),
        epoch: number(&value["epoch"]) as u16,
    }
}

pub fn request_terms(value: &Value) -> RequestTerms {
    RequestTerms {
        patient: account(&value["patient"]),
        asker: account(&value["asker"]),
        rights: number(&value["rights"]) as u8,
        purpose: number(&value["purpose"]) as u8,
        grant_until: number(&value["grant_until"]),
        answer_by: number(&value["answer_by"]),
    }
}

/// `SHA-256(u64be 0) | SHA-256(u64be 1) | ...`, truncated.
pub fn plaintext(length: usize) -> Vec<u8> {
    let blocks = (0..length.div_ceil(32) as u64).flat_map(|block| Sha256::digest(block.to_be_bytes()));
    blocks.take(length).collect()
}

/// The bytes in these ranges, one after the other. An attack omits or swaps ranges.
pub fn pieces(whole: &[u8], ranges: &Value) -> Vec<u8> {
    let range = |pair: &Value| number(&pair[0]) as usize..number(&pair[1]) as usize;
    ranges.as_array().unwrap().iter().flat_map(|pair| whole[range(pair)].to_vec()).collect()
}
