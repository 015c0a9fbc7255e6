//! No foreign input causes a panic of a parser, and accepted input encodes to the same bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use hospital_record_core::block::{Body, parse};
use hospital_record_core::board::deal::Deal;
use hospital_record_core::board::note::CaseNote;
use hospital_record_core::board::release::ShareRelease;
use hospital_record_core::id::{Account, DAG_PB, Deployment, Digest, Scope, cid_of};
use hospital_record_core::identity::{Keys, PublicKeys, Seed};
use hospital_record_core::profile;
use hospital_record_core::record::dag::parse_node;
use hospital_record_core::record::manifest::Manifest;
use hospital_record_core::seal::envelope::{Envelope, FolderKeyStatement};
use hospital_record_core::seal::keyring::Keyring;
use hospital_record_core::seal::lock::HpkePublicKey;
use hospital_record_core::seal::request::AccessRequest;
use hospital_record_core::seal::stream::{self, ContentKey, StreamHeader};
use proptest::prelude::*;

const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::derive(&Seed::from_bytes([1; 32]), HERE, Account([0xf1; 20])));
static SIGNER: LazyLock<PublicKeys> = LazyLock::new(|| KEYS.profile_keys(0).public().clone());

fn parse_as<T: Body>(bytes: &[u8]) -> bool {
    parse::<T>(bytes, HERE).is_ok_and(|block| block.verify(&SIGNER).is_ok())
}

/// Runs every parser of foreign bytes. Returns how many accepted the bytes and their signature.
fn parse_all(bytes: &[u8]) -> usize {
    let _ = parse_node(&cid_of(DAG_PB, bytes), bytes);
    let _ = HpkePublicKey::from_bytes(bytes);
    let _ = StreamHeader::from_bytes(bytes);
    let _ = stream::open(&ContentKey::from_bytes([1; 32]), bytes);
    let _ = KEYS.note_open(b"", bytes);
    let _ = String::from_utf8_lossy(bytes).parse::<Digest>();
    let _ = bytes.first_chunk().map(|word| Scope::from_bytes(*word));
    let profile = profile::decode(bytes, HERE);
    if let Ok((profile, signature)) = profile {
        assert_eq!(profile::encode(&profile, signature).unwrap().bytes, bytes);
    }
    let accepted = [
        parse_as::<Manifest>(bytes),
        parse_as::<Envelope>(bytes),
        parse_as::<Keyring>(bytes),
        parse_as::<FolderKeyStatement>(bytes),
        parse_as::<AccessRequest>(bytes),
        parse_as::<Deal>(bytes),
        parse_as::<ShareRelease>(bytes),
        parse_as::<CaseNote>(bytes),
    ];
    accepted.into_iter().filter(|accepted| *accepted).count()
}

fn vector(path: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(path);
    let vector: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    hex::decode(vector["block"].as_str().unwrap()).unwrap()
}

const BLOCKS: [&str; 10] = [
    "envelope/opens_read.json",
    "keyring/opens_first_reader.json",
    "keyring/opens_with_deals.json",
    "folder-key/opens_statement.json",
    "manifest/opens_folder_lock.json",
    "profile/opens_first.json",
    "access-request/opens_reason.json",
    "deal/opens_two_of_three.json",
    "share/opens_release.json",
    "case-note/opens_made_by_hand.json",
];

#[test]
fn untouched_blocks_are_accepted_as_their_own_kind_only() {
    for path in BLOCKS {
        // The others are signed by another person, and a profile is not a signed block.
        let own = ["envelope", "keyring", "folder-key", "deal"].iter().any(|own| path.starts_with(own));
        assert_eq!(parse_all(&vector(path)), usize::from(own), "{path}");
    }
}

#[test]
fn every_truncation_of_every_block_is_refused() {
    for path in BLOCKS {
        let bytes = vector(path);
        for end in 0..bytes.len() {
            assert_eq!(parse_all(&bytes[..end]), 0, "{path} cut at {end}");
        }
    }
}

#[test]
fn lengths_beyond_the_input_are_refused() {
    for head in [0x9b, 0xbb, 0x5b, 0x7b, 0xdb] {
        let bytes = [&[head], [0xff; 8].as_slice()].concat();
        assert_eq!(parse_all(&bytes), 0);
    }
    assert_eq!(parse_all(&vec![0x81; 100_000]), 0);
    assert_eq!(parse_all(&vec![0xa1; 2 << 20]), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert_eq!(parse_all(&bytes), 0);
    }

    #[test]
    fn mutated_blocks_are_refused(
        path in prop::sample::select(BLOCKS.to_vec()),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 1..4),
        tail in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let original = vector(path);
        let mut bytes = original.clone();
        for (at, change) in edits {
            let at = at.index(bytes.len());
            bytes[at] ^= change;
        }
        bytes.extend(tail);
        prop_assume!(bytes != original);
        prop_assert_eq!(parse_all(&bytes), 0);
    }
}
