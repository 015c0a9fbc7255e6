//! Reads one vector of each format: `Err` is the error's text; a wrong answer panics.

use std::fmt::Debug;

use chacha20::cipher::{KeyIvInit, StreamCipher};
use hospital_record_core::Cid;
use hospital_record_core::block::Body;
use hospital_record_core::id::{Digest, block_digest};
use hospital_record_core::identity::{PublicKeys, Seed};
use hospital_record_core::profile;
use hospital_record_core::record::dag::{Block, DagBuilder, LeafWalker, Step};
use hospital_record_core::record::manifest::Manifest;
use hospital_record_core::record::metadata::SealedMetadata;
use hospital_record_core::seal::envelope::{Envelope, EnvelopeKeys, FolderKeyStatement, open_envelope};
use hospital_record_core::seal::lock::{HpkePublicKey, Lock};
use hospital_record_core::seal::request::{AccessRequest, open_request};
use hospital_record_core::seal::stream::{self, StreamHeader, StreamSealer};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::json::*;
use crate::{boards, keyrings, notes, vaults};

pub const FORMATS: [&str; 16] = [
    "derivation",
    "ratchet",
    "stream",
    "lock",
    "envelope",
    "access-request",
    "keyring",
    "deal",
    "share",
    "case-note",
    "folder-key",
    "manifest",
    "metadata",
    "profile",
    "dag",
    "vault",
];

pub type Outcome = Result<(), String>;

pub fn check(format: &str, vector: &Value) -> Outcome {
    match format {
        "derivation" => derivation(vector),
        "ratchet" => ratchet(vector),
        "stream" => stream(vector),
        "lock" => lock(vector),
        "envelope" => envelope(vector),
        "access-request" => request(vector),
        "keyring" => keyrings::keyring(vector),
        "deal" => boards::deal(vector),
        "share" => boards::share(vector),
        "case-note" => notes::note(vector),
        "folder-key" => folder_key(vector),
        "manifest" => manifest(vector),
        "metadata" => metadata(vector),
        "profile" => profile(vector),
        "dag" => dag(vector),
        "vault" => vaults::vault(vector),
        _ => panic!("{format} is not a format"),
    }
}

/// The error's name: texts may change, vectors may not.
pub fn error_name(error: impl Debug) -> String {
    let debug = format!("{error:?}");
    let mut words = debug.split(|letter: char| !letter.is_alphanumeric());
    words.find(|word| !["Seal", "Block"].contains(word)).unwrap().to_owned()
}

fn derivation(vector: &Value) -> Outcome {
    if let Some(phrase) = vector.get("bip39_seed") {
        let seed = Seed::from_bip39(&array(phrase), number(&vector["index"]) as u32);
        let derived = keys_of(&seed, vector).profile_keys(0);
        assert_eq!(derived.public(), profile_keys(&vector["person"]).public());
        return Ok(());
    }
    let keys = keys(&vector["person"]);
    if let Some(note) = vector.get("note") {
        let text_of_note = keys.note_open(&bytes(&note["context"]), &bytes(&note["sealed"])).map_err(error_name)?;
        assert_eq!(text_of_note, text(&note["text"]));
        return Ok(());
    }
    if let Some(local) = vector.get("local") {
        let plain = keys.local_open(&bytes(&local["context"]), &bytes(&local["sealed"])).map_err(error_name)?;
        assert_eq!(*plain, bytes(&local["plain"]));
        return Ok(());
    }
    let public = profile_keys(&vector["person"]).public().clone();
    assert_eq!(public.hpke.as_bytes().as_slice(), bytes(&vector["hpke_public"]));
    assert_eq!(public.ed25519, array(&vector["ed25519_public"]));
    assert_eq!(public.key_id(), Digest(array(&vector["key_id"])));
    for row in vector["folders"].as_array().unwrap() {
        let confidentiality = text(&row["confidentiality"]).parse().unwrap();
        assert_eq!(keys.folder(text(&row["name"]), confidentiality), folder(&row["number"]));
    }
    for row in vector["states"].as_array().unwrap() {
        let derived = keys.folder_state(folder(&row["folder"]), number(&row["epoch"]) as u16);
        assert_eq!(derived.expose_secret(), state(row).expose_secret());
    }
    Ok(())
}

fn keys_of(seed: &Seed, vector: &Value) -> hospital_record_core::identity::Keys {
    let person = &vector["person"];
    hospital_record_core::identity::Keys::derive(seed, deployment(person), account(&person["account"]))
}

fn ratchet(vector: &Value) -> Outcome {
    let held = state(vector);
    for row in vector["at"].as_array().unwrap() {
        let at = held.at(number(&row["epoch"]) as u16).map_err(error_name)?;
        assert_eq!(at.expose_secret(), state(row).expose_secret());
        assert_eq!(at.public_key().key_id(), Digest(array(&row["key_id"])));
    }
    Ok(())
}

/// The stream of [`plaintext`] under the vector's key and header.
pub fn sealed(vector: &Value) -> Vec<u8> {
    let header = StreamHeader::from_bytes(&bytes(&vector["header"])).unwrap();
    let sealer = StreamSealer::new(&content_key(&vector["key"]), header);
    let plain = plaintext(number(&vector["plain_len"]) as usize);
    let count = stream::segment_count(plain.len() as u64) as u32;
    let segment = |index: u32| {
        let range = stream::plaintext_range(index);
        let range = range.start as usize..plain.len().min(range.end as usize);
        sealer.seal(index, index + 1 == count, &plain[range]).unwrap()
    };
    (0..count).flat_map(segment).collect()
}

fn stream(vector: &Value) -> Outcome {
    let whole = sealed(vector);
    assert_eq!(whole.len() as u64, stream::ciphertext_len(number(&vector["plain_len"])));
    assert_eq!(block_digest(&whole), Digest(array(&vector["ciphertext_sha256"])));
    let mut given = vector.get("pieces").map_or(whole.clone(), |ranges| pieces(&whole, ranges));
    if let Some(at) = vector.get("flip") {
        given[number(at) as usize] ^= 1;
    }
    if let Some(literal) = vector.get("ciphertext") {
        assert_eq!(given, bytes(literal));
    }
    let key = content_key(vector.get("open_with").unwrap_or(&vector["key"]));
    let plain = stream::open(&key, &given).map_err(error_name)?;
    assert_eq!(plain, plaintext(number(&vector["plain_len"]) as usize));
    assert_eq!(key.commitment(), array::<32>(&vector["commitment"]));
    Ok(())
}

fn lock(vector: &Value) -> Outcome {
    let lock: Lock = serde_ipld_dagcbor::from_slice(&bytes(&vector["lock"])).map_err(error_name)?;
    let context = lock_context(&vector["context"]);
    let key = match vector.get("folder_state") {
        Some(held) => lock.open_folder(&context, &state(held)).map_err(error_name)?,
        None => lock.open_account(&context, &profile_keys(&vector["recipient"])).map_err(error_name)?,
    };
    assert_eq!(key.expose_secret(), &array::<32>(&vector["content_key"]));
    Ok(())
}

pub fn public(person: &Value) -> PublicKeys {
    profile_keys(person).public().clone()
}

/// The payload's `keys`, its secret and its statement.
pub fn fields(keys: EnvelopeKeys) -> (&'static str, [u8; 32], Vec<u8>) {
    match keys {
        EnvelopeKeys::Folder { state: Some(state), statement } => ("read", *state.expose_secret(), statement),
        EnvelopeKeys::Folder { state: None, statement } => ("contribute", [0; 32], statement),
        EnvelopeKeys::Record { content } => ("record", *content.expose_secret(), Vec::new()),
    }
}

fn envelope(vector: &Value) -> Outcome {
    let context = envelope_context(&vector["context"]);
    let unverified = Envelope::parse(&bytes(&vector["block"]), context.deployment).map_err(error_name)?;
    let envelope = unverified.verify(&public(&vector["issuer"])).map_err(error_name)?;
    let payload = open_envelope(&envelope, &context, &profile_keys(&vector["grantee"])).map_err(error_name)?;
    let (kind, secret, statement) = fields(payload.keys);
    let found = json!({ "keys": kind, "secret": hex::encode(secret), "statement": hex::encode(statement),
        "folder_name": payload.folder_name, "confidentiality": payload.confidentiality.code(),
        "sources": payload.sources });
    assert_eq!(found, vector["payload"]);
    Ok(())
}

fn request(vector: &Value) -> Outcome {
    let (here, terms) = (deployment(&vector["terms"]), request_terms(&vector["terms"]));
    let unverified = AccessRequest::parse(&bytes(&vector["block"]), here).map_err(error_name)?;
    let request = unverified.verify(&public(&vector["asker"])).map_err(error_name)?;
    let reason = open_request(&request, here, &terms, &profile_keys(&vector["patient"])).map_err(error_name)?;
    assert_eq!(*reason, text(&vector["reason"]));
    Ok(())
}

fn folder_key(vector: &Value) -> Outcome {
    let unverified = FolderKeyStatement::parse(&bytes(&vector["block"]), HERE).map_err(error_name)?;
    let statement = unverified.verify(&public(&vector["patient"])).map_err(error_name)?;
    assert_eq!(statement.folder, folder(&vector["folder"]));
    assert_eq!(statement.epoch as u64, number(&vector["epoch"]));
    assert_eq!(statement.public_key, HpkePublicKey::from_bytes(&bytes(&vector["public_key"])).unwrap());
    Ok(())
}

fn manifest(vector: &Value) -> Outcome {
    let block = bytes(&vector["block"]);
    let unverified = Manifest::parse(&block, HERE).map_err(error_name)?;
    let manifest = unverified.verify(&public(&vector["author"])).map_err(error_name)?;
    assert_eq!(manifest.digest().dag_cbor_cid().to_string(), text(&vector["cid"]));
    let epoch = number(&vector["folder_state"]["epoch"]) as u16;
    let context = manifest.lock_context(HERE, manifest.issuer(), epoch);
    let key = manifest.locks[0].open_folder(&context, &state(&vector["folder_state"])).map_err(error_name)?;
    assert_eq!(manifest.open_metadata(&key).map_err(error_name)?.name, text(&vector["name"]));
    let content = Block::checked(manifest.content, bytes(&vector["content"])).map_err(error_name)?;
    assert_eq!(stream::open(&key, &content.bytes).map_err(error_name)?, bytes(&vector["plain"]));
    Ok(())
}

fn metadata(vector: &Value) -> Outcome {
    let sealed: SealedMetadata = serde_ipld_dagcbor::from_slice(&bytes(&vector["sealed"])).map_err(error_name)?;
    let header = StreamHeader::from_bytes(&bytes(&vector["header"])).unwrap();
    let metadata = sealed.open(&content_key(&vector["key"]), &header).map_err(error_name)?;
    assert_eq!(serde_json::to_value(metadata).unwrap(), vector["metadata"]);
    Ok(())
}

fn profile(vector: &Value) -> Outcome {
    let block = bytes(&vector["block"]);
    let (profile, signature) = profile::decode(&block, HERE).map_err(error_name)?;
    assert_eq!(profile.keys, public(&vector["person"]));
    assert_eq!(profile.account, account(&vector["person"]["account"]));
    assert_eq!(signature, bytes(&vector["signature"]));
    assert_eq!(profile::fingerprint(block_digest(&block)), text(&vector["fingerprint"]));
    Ok(())
}

fn dag(vector: &Value) -> Outcome {
    if let Some(blocks) = vector.get("blocks") {
        return walk(vector, blocks);
    }
    let key: [u8; 32] = Sha256::digest(text(&vector["seed"])).into();
    let mut stream = chacha20::ChaCha20::new(&key.into(), &[0; 12].into());
    let mut left = number(&vector["size"]) as usize;
    let mut builder = DagBuilder::new();
    let mut leaf = vec![0; 1 << 20];
    while left > 0 {
        leaf.truncate(left);
        leaf.fill(0);
        stream.apply_keystream(&mut leaf);
        builder.push_leaf(hospital_record_core::id::cid_of(0x55, &leaf), leaf.len() as u64).unwrap();
        left -= leaf.len();
    }
    let built = builder.finish().map_err(error_name)?;
    assert_eq!(built.root.to_string(), text(&vector["root"]));
    Ok(())
}

fn walk(vector: &Value, blocks: &Value) -> Outcome {
    let root: Cid = text(&vector["root"]).parse().unwrap();
    let mut walker = LeafWalker::new(root, number(&vector["size"])).map_err(error_name)?;
    let mut leaves = Vec::new();
    loop {
        match walker.step() {
            Step::Node(cid) => {
                let block = Block::checked(cid, bytes(&blocks[cid.to_string()])).map_err(error_name)?;
                walker.feed(&cid, &block.bytes).map_err(error_name)?;
            }
            Step::Leaf { cid, .. } => leaves.push(json!(cid.to_string())),
            Step::Done => break,
        }
    }
    assert_eq!(Value::from(leaves), vector["leaves"]);
    Ok(())
}
