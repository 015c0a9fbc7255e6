//! Values at the limits and just above them, and fields that must agree.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use hospital_record_core::block::{Block, Body};
use hospital_record_core::board::deal::{Deal, MAX_MEMBERS, open_share, seal_deal};
use hospital_record_core::board::note::{CaseNote, NoteTerms, Words, open_note, seal_note};
use hospital_record_core::error::{BlockError, CoreError, DagError, SealError};
use hospital_record_core::id::{Account, Confidentiality, Deployment, Digest, Folder, RAW, RecordKey, Scope, cid_of};
use hospital_record_core::identity::{Keys, ProfileKeys, Seed};
use hospital_record_core::record::dag::{DagBuilder, Step};
use hospital_record_core::record::manifest::{MAX_LOCKS, Manifest};
use hospital_record_core::record::metadata::{MAX_METADATA, Metadata};
use hospital_record_core::seal::envelope::{
    EnvelopeContext, EnvelopeKeys, EnvelopePayload, FolderKeyStatement, seal_envelope,
};
use hospital_record_core::seal::keyring::{Keyring, KeyringDeal, MAX_DEALS, MAX_ENTRIES, open_keyring, seal_keyring};
use hospital_record_core::seal::lock::{HpkePublicKey, Lock};
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::request::MAX_REASON;
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

fn account(index: usize) -> Account {
    Account([&[2; 12], index.to_be_bytes().as_slice()].concat().try_into().unwrap())
}

/// This many accounts, of which the last is person 2.
fn readers(count: usize) -> Vec<(Account, HpkePublicKey)> {
    let reader = person(2);
    let accounts = (1..count).map(account).chain([reader.account()]);
    accounts.map(|account| (account, reader.public().hpke.clone())).collect()
}

fn keyring(entries: usize, deals: usize) -> Result<Block, CoreError> {
    let state = FolderState::from_bytes(u16::MAX, [7; 32]);
    let deals = (0..deals).map(|index| KeyringDeal { board: account(index), deal: Digest([0xff; 32]) }).collect();
    seal_keyring(HERE, folder(), &state, &readers(entries), deals, PROFILE, &person(1))
}

#[test]
fn fullest_keyring_fits_into_its_block_and_a_fuller_one_is_refused() {
    let block = keyring(MAX_ENTRIES, MAX_DEALS).unwrap();
    let keyring_block = Keyring::parse(&block.bytes, HERE).unwrap().verify(person(1).public()).unwrap();
    assert_eq!((keyring_block.entries.len(), keyring_block.deals.len()), (MAX_ENTRIES, MAX_DEALS));
    let opened = open_keyring(&keyring_block, HERE, folder(), &person(2)).unwrap();
    assert!(opened.continues(&FolderState::from_bytes(u16::MAX, [7; 32])));
    let too_many = |found, max| Some(CoreError::Seal(SealError::TooManyGrantees { found, max }));
    assert_eq!(keyring(MAX_ENTRIES + 1, 0).err(), too_many(601, 600));
    assert_eq!(keyring(1, MAX_DEALS + 1).err(), too_many(17, 16));
}

#[test]
fn board_that_is_named_twice_in_a_keyring_is_refused_and_the_order_does_not_matter() {
    let deal = |board, deal| KeyringDeal { board: account(board), deal: Digest([deal; 32]) };
    let sealed = |deals: &[KeyringDeal]| {
        let state = FolderState::from_bytes(2, [7; 32]);
        let block = seal_keyring(HERE, folder(), &state, &readers(1), deals.to_vec(), PROFILE, &person(1))?;
        Ok::<_, CoreError>(Keyring::parse(&block.bytes, HERE)?.verify(person(1).public())?.into_body().deals)
    };
    assert_eq!(sealed(&[deal(2, 1), deal(1, 2)]).unwrap(), [deal(1, 2), deal(2, 1)]);
    let twice = sealed(&[deal(1, 1), deal(2, 1), deal(1, 2)]).err();
    assert!(matches!(twice, Some(CoreError::Block(BlockError::Invalid { kind: "keyring", .. }))), "{twice:?}");
}

fn note(count: usize, text: usize) -> Result<Block, CoreError> {
    let terms = NoteTerms {
        deployment: HERE,
        patient: Account([0xf1; 20]),
        board: Account([0xb0; 20]),
        scope: Scope::Folder(folder()),
        grantee: Account([0xf5; 20]),
        author: person(2).account(),
        case: Some(Digest([9; 32])),
    };
    let words = Words { purpose: u8::MAX, text: "x".repeat(text).into() };
    let block = seal_note(&terms, &words, &readers(count), PROFILE, &person(2))?;
    let note = CaseNote::parse(&block.bytes, HERE)?.verify(person(2).public())?;
    assert!(open_note(&note, &terms, &person(2))? == words);
    Ok(block)
}

#[test]
fn longest_note_to_sixteen_members_and_the_patient_fits_into_its_block() {
    assert!(note(MAX_MEMBERS + 1, MAX_REASON).is_ok());
    let refused = note(MAX_MEMBERS + 2, 1).err();
    assert_eq!(refused, Some(CoreError::Seal(SealError::TooManyGrantees { found: 18, max: 17 })));
    assert!(matches!(
        note(1, MAX_REASON + 1).err(),
        Some(CoreError::Seal(SealError::TooLarge { max: MAX_REASON, .. }))
    ));
}

fn deal(members: usize, name: usize) -> Result<Block, CoreError> {
    let patient = person(1);
    let (board, scope) = (Account([0xb0; 20]), Scope::Folder(folder()));
    let account = patient.account();
    let context =
        EnvelopeContext { deployment: HERE, patient: account, issuer: account, grantee: board, scope, epoch: u16::MAX };
    let state = || FolderState::from_bytes(u16::MAX, [7; 32]);
    let keys = folder_keys(state(), &state(), folder(), 1);
    let payload = EnvelopePayload {
        keys,
        folder_name: "x".repeat(name),
        confidentiality: Confidentiality::V,
        sources: Vec::new(),
    };
    let block = seal_deal(&context, members as u8, &readers(members), &payload, None, PROFILE, &patient)?;
    let deal = Deal::parse(&block.bytes, HERE)?.verify(patient.public())?;
    assert!(open_share(&deal, &context, &person(2)).is_ok());
    Ok(block)
}

/// A payload of the maximum size is not refused for another reason.
#[test]
fn largest_deal_to_sixteen_members_fits_into_its_block() {
    let too_large = |dealt: &Result<_, _>| {
        matches!(dealt, Err(CoreError::Seal(SealError::TooLarge { what: "an envelope", max: 0x8000, .. })))
    };
    let mut smaller = (30_000..=32_768).rev().step_by(64).map(|name| deal(MAX_MEMBERS, name));
    assert!(smaller.next().is_some_and(|largest| too_large(&largest)));
    assert!(smaller.find(|dealt| !too_large(dealt)).unwrap().is_ok());
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
