//! What just fits, what just does not, and what must agree with each other.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use hospital_record_core::block::Block;
use hospital_record_core::error::{BlockError, CoreError, DagError, SealError};
use hospital_record_core::id::{Account, Confidentiality, Deployment, Digest, Folder, RAW, RecordKey, Scope, cid_of};
use hospital_record_core::identity::{Keys, ProfileKeys, Seed};
use hospital_record_core::record::dag::{DagBuilder, Step};
use hospital_record_core::record::manifest::{MAX_LOCKS, Manifest};
use hospital_record_core::record::metadata::{MAX_METADATA, Metadata};
use hospital_record_core::seal::envelope::{
    EnvelopeContext, EnvelopeKeys, EnvelopePayload, FolderKeyStatement, seal_envelope,
};
use hospital_record_core::seal::keyring::{Keyring, MAX_ENTRIES, open_keyring, seal_keyring};
use hospital_record_core::seal::lock::Lock;
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::stream::{self, ContentKey, MAX_PLAINTEXT, StreamHeader};

const HERE: Deployment = Deployment { chain: u64::MAX, contract: Account([0xcc; 20]) };
const PROFILE: Digest = Digest([3; 32]);

fn person(byte: u8) -> ProfileKeys {
    Keys::derive(&Seed::from_bytes([byte; 32]), HERE, Account([byte; 20])).profile_keys(0)
}

fn folder() -> Folder {
    Folder::new(Folder::END - 1).unwrap()
}

fn manifest(author: &ProfileKeys, locks: usize, description: usize) -> Result<Manifest, SealError> {
    let key = ContentKey::random().unwrap();
    let header = StreamHeader::random().unwrap();
    let metadata = Metadata { description: Some("x".repeat(description)), ..Metadata::default() };
    let mut manifest = Manifest {
        patient: author.account(),
        folder: folder(),
        content: cid_of(RAW, b""),
        size: 1,
        header,
        commitment: key.commitment(),
        metadata: metadata.seal(&key, &header)?,
        locks: Vec::new(),
    };
    let context = manifest.lock_context(HERE, author.account(), u16::MAX);
    let lock = Lock::account(&context, author.account(), &author.public().hpke, &key)?;
    manifest.locks = vec![lock; locks];
    Ok(manifest)
}

#[test]
fn largest_metadata_and_all_locks_fit_into_a_manifest() {
    let author = person(1);
    let full = manifest(&author, MAX_LOCKS, MAX_METADATA - 200).unwrap().sign(HERE, PROFILE, &author).unwrap();
    assert!(full.bytes.len() <= 64 << 10, "{}", full.bytes.len());
    assert!(Manifest::parse(&full.bytes, HERE).unwrap().verify(author.public()).is_ok());
    let larger = manifest(&author, 1, MAX_METADATA).err();
    assert!(matches!(larger, Some(SealError::TooLarge { max: MAX_METADATA, .. })));
}

#[test]
fn manifest_that_contradicts_itself_is_neither_signed_nor_read() {
    let author = person(1);
    let sign = |change: fn(&mut Manifest)| {
        let mut manifest = manifest(&author, 1, 0).unwrap();
        change(&mut manifest);
        manifest.sign(HERE, PROFILE, &author)
    };
    let changes: [fn(&mut Manifest); 5] = [
        |manifest| manifest.locks.clear(),
        |manifest| manifest.locks = vec![manifest.locks[0].clone(); MAX_LOCKS + 1],
        |manifest| manifest.size = MAX_PLAINTEXT + 1,
        |manifest| manifest.size = 2 << 20,
        |manifest| manifest.content = cid_of(0x71, b""),
    ];
    for change in changes {
        assert!(matches!(sign(change), Err(BlockError::Invalid { kind: "manifest", .. })));
    }
    assert!(sign(|_| ()).is_ok());
}

#[test]
fn a_range_of_the_content_names_the_leaves_to_fetch() {
    let author = person(1);
    let leaf = stream::PLAIN_SEGMENT as u64;
    let size = 3 * leaf;
    let mut dag = DagBuilder::new();
    for left in [stream::SEGMENT as u64; 3].into_iter().chain([56]) {
        dag.push_leaf(cid_of(RAW, b""), left).unwrap();
    }
    let built = dag.finish().unwrap();
    let mut manifest = manifest(&author, 1, 0).unwrap();
    (manifest.content, manifest.size) = (built.root, size);
    assert_eq!(built.total, manifest.ciphertext_len());
    let leaves = |range| {
        let mut walker = manifest.leaves(range).unwrap();
        let mut indexes = Vec::new();
        loop {
            match walker.step() {
                Step::Node(cid) => walker.feed(&cid, &built.blocks[0].bytes).unwrap(),
                Step::Leaf { index, .. } => indexes.push(index),
                Step::Done => return indexes,
            }
        }
    };
    // The first segment ends 40 bytes early, for the header.
    assert_eq!(leaves(0..size), [0, 1, 2, 3]);
    assert_eq!(leaves(0..leaf - 40), [0]);
    assert_eq!(leaves(0..leaf - 39), [0, 1]);
    assert_eq!(leaves(leaf - 40..2 * leaf - 40), [1]);
    assert_eq!(leaves(size - 1..size), [3]);
    assert!(matches!(manifest.leaves(0..size + 1), Err(DagError::Range { .. })));
}

#[test]
fn even_an_empty_content_has_a_leaf_to_check() {
    let manifest = Manifest { size: 0, ..manifest(&person(1), 1, 0).unwrap() };
    let step = manifest.leaves(0..0).unwrap().step();
    assert_eq!(step, Step::Leaf { index: 0, cid: manifest.content, size: 56, last: true });
}

#[test]
fn fullest_keyring_fits_into_its_block_and_a_fuller_one_is_refused() {
    let patient = person(1);
    let state = FolderState::from_bytes(u16::MAX, [7; 32]);
    let key = person(2).public().hpke.clone();
    let reader =
        |index: usize| (Account([&[2; 12], index.to_be_bytes().as_slice()].concat().try_into().unwrap()), key.clone());
    let mut readers: Vec<_> = (1..MAX_ENTRIES).map(reader).collect();
    readers.push((person(2).account(), key.clone()));
    let block = seal_keyring(HERE, folder(), &state, &readers, Vec::new(), PROFILE, &patient).unwrap();
    let keyring = Keyring::parse(&block.bytes, HERE).unwrap().verify(patient.public()).unwrap();
    assert_eq!(keyring.entries.len(), MAX_ENTRIES);
    let opened = open_keyring(&keyring, HERE, folder(), &person(2)).unwrap();
    assert!(opened.continues(&state));
    readers.push(reader(MAX_ENTRIES));
    let refused = seal_keyring(HERE, folder(), &state, &readers, Vec::new(), PROFILE, &patient).err();
    assert_eq!(refused, Some(CoreError::Seal(SealError::TooManyGrantees { found: 601, max: 600 })));
}

fn envelope(scope: Scope, keys: EnvelopeKeys, name: usize) -> Result<Block, CoreError> {
    let patient = person(1);
    let account = patient.account();
    let context = EnvelopeContext {
        deployment: HERE,
        patient: account,
        issuer: account,
        grantee: Account([2; 20]),
        scope,
        epoch: 4,
    };
    let payload = EnvelopePayload {
        keys,
        folder_name: "x".repeat(name),
        confidentiality: Confidentiality::V,
        sources: Vec::new(),
    };
    seal_envelope(&context, &person(2).public().hpke, &payload, None, PROFILE, &patient)
}

fn folder_keys(state: FolderState, stated: &FolderState, folder: Folder, signer: u8) -> EnvelopeKeys {
    let statement = FolderKeyStatement::sign(folder, stated, HERE, PROFILE, &person(signer)).unwrap();
    EnvelopeKeys::Folder { state: Some(state), statement: statement.bytes.to_vec() }
}

#[test]
fn envelope_whose_keys_contradict_each_other_is_refused() {
    let state = |epoch, byte| FolderState::from_bytes(epoch, [byte; 32]);
    let other = Folder::new(1).unwrap();
    let scope = Scope::Folder(folder());
    let good = || folder_keys(state(4, 7), &state(4, 7), folder(), 1);
    assert!(envelope(scope, good(), 30_000).is_ok());
    let refused = [
        envelope(scope, folder_keys(state(4, 8), &state(4, 7), folder(), 1), 1),
        envelope(scope, folder_keys(state(5, 7), &state(5, 7), folder(), 1), 1),
        envelope(scope, folder_keys(state(4, 7), &state(4, 7), other, 1), 1),
        envelope(scope, folder_keys(state(4, 7), &state(4, 7), folder(), 9), 1),
        envelope(scope, EnvelopeKeys::Record { content: ContentKey::from_bytes([1; 32]) }, 1),
        envelope(Scope::Record(RecordKey([0xab; 32])), good(), 1),
    ];
    for (index, refused) in refused.into_iter().enumerate() {
        assert!(matches!(refused, Err(CoreError::Seal(SealError::Mismatch { .. }))), "{index}: {refused:?}");
    }
    let long = envelope(scope, good(), 40_000);
    assert!(matches!(long, Err(CoreError::Seal(SealError::TooLarge { .. }))));
}
