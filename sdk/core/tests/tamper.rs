//! One small record, attacked at every byte: a reader never gets a wrong byte.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use hospital_record_core::block::Body;
use hospital_record_core::id::{Account, Deployment, Digest, Folder};
use hospital_record_core::identity::{Keys, ProfileKeys, Seed};
use hospital_record_core::record::dag::{Block, DagBuilder, LeafWalker, Step};
use hospital_record_core::record::manifest::Manifest;
use hospital_record_core::record::metadata::Metadata;
use hospital_record_core::seal::lock::{Lock, Sealed};
use hospital_record_core::seal::ratchet::FolderState;
use hospital_record_core::seal::stream::{self, ContentKey, HEADER, SEGMENT, StreamHeader, StreamOpener};

const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };

struct Record {
    author: ProfileKeys,
    state: FolderState,
    manifest: Block,
    blocks: Vec<Block>,
    plain: Vec<u8>,
}

fn record(plain: Vec<u8>) -> Record {
    let author = Keys::derive(&Seed::from_bytes([1; 32]), HERE, Account([0xf1; 20])).profile_keys(0);
    let state = FolderState::from_bytes(2, [0x77; 32]);
    let key = ContentKey::random().unwrap();
    let sealed = stream::seal(&key, &plain).unwrap();
    let header = StreamHeader::from_bytes(&sealed[..HEADER]).unwrap();
    let mut dag = DagBuilder::new();
    let mut blocks: Vec<_> = sealed.chunks(SEGMENT).map(|leaf| Block::leaf(leaf.to_vec())).collect();
    for leaf in &blocks {
        dag.push_leaf(leaf.cid, leaf.bytes.len() as u64).unwrap();
    }
    let built = dag.finish().unwrap();
    blocks.extend(built.blocks);
    let mut manifest = Manifest {
        patient: author.account(),
        folder: Folder::new(1).unwrap(),
        content: built.root,
        size: plain.len() as u64,
        header,
        commitment: key.commitment(),
        metadata: Metadata::default().seal(&key, &header).unwrap(),
        locks: Vec::new(),
    };
    let context = manifest.lock_context(HERE, author.account(), 2);
    manifest.locks.push(Lock::folder(&context, &state.public_key(), &key).unwrap());
    let manifest = manifest.sign(HERE, Digest([3; 32]), &author).unwrap();
    Record { author, state, manifest, blocks, plain }
}

/// Reads like a careful reader, from a store that answers with `fetch`. Blocks are checked against their CIDs.
fn read(record: &Record, manifest: &[u8], fetch: impl Fn(usize) -> Vec<u8>) -> Option<Vec<u8>> {
    let author = record.author.account();
    let manifest = Manifest::parse(manifest, HERE).ok()?.verify(record.author.public()).ok()?;
    let key = manifest.locks[0].open_folder(&manifest.lock_context(HERE, author, 2), &record.state).ok()?;
    manifest.open_metadata(&key).ok()?;
    let opener = StreamOpener::new(&key, manifest.header);
    let get = |cid| {
        let at = record.blocks.iter().position(|block| block.cid == cid)?;
        Block::checked(cid, fetch(at)).ok()
    };
    let mut walker = LeafWalker::new(manifest.content, manifest.ciphertext_len()).ok()?;
    let mut plain = Vec::new();
    loop {
        match walker.step() {
            Step::Node(cid) => walker.feed(&cid, &get(cid)?.bytes).ok()?,
            Step::Leaf { index, cid, last, .. } => {
                plain.extend(opener.open(index as u32, last, &get(cid)?.bytes).ok()?)
            }
            Step::Done => return Some(plain),
        }
    }
}

#[test]
fn untouched_record_opens() {
    for size in [0, 12, 2 * SEGMENT] {
        let record = record(vec![7; size]);
        let opened = read(&record, &record.manifest.bytes, |at| record.blocks[at].bytes.to_vec());
        assert!(opened.as_ref() == Some(&record.plain));
    }
}

#[test]
fn every_flipped_or_cut_byte_of_the_manifest_is_refused() {
    let record = record(b"sinus rhythm".to_vec());
    let fetch = |at: usize| record.blocks[at].bytes.to_vec();
    for at in 0..record.manifest.bytes.len() {
        for change in [1, 0x20, 0x80, 0xff] {
            let mut flipped = record.manifest.bytes.to_vec();
            flipped[at] ^= change;
            assert_eq!(read(&record, &flipped, fetch), None, "byte {at} ^ {change}");
        }
        assert_eq!(read(&record, &record.manifest.bytes[..at], fetch), None, "cut at {at}");
    }
}

#[test]
fn every_flipped_or_cut_byte_of_the_content_is_refused() {
    let record = record(b"sinus rhythm".to_vec());
    let content = record.blocks[0].bytes.to_vec();
    for at in 0..content.len() {
        let mut flipped = content.clone();
        flipped[at] ^= 1;
        assert_eq!(read(&record, &record.manifest.bytes, |_| flipped.clone()), None, "byte {at}");
        assert_eq!(read(&record, &record.manifest.bytes, |_| content[..at].to_vec()), None, "cut at {at}");
    }
}

#[test]
fn swapped_or_dropped_blocks_are_refused() {
    let record = record((0..3 * SEGMENT).map(|at| at as u8).collect());
    let count = record.blocks.len();
    for one in 0..count {
        for other in (0..count).filter(|other| *other != one) {
            let fetch = |at: usize| {
                let at = if at == one {
                    other
                } else if at == other {
                    one
                } else {
                    at
                };
                record.blocks[at].bytes.to_vec()
            };
            assert_eq!(read(&record, &record.manifest.bytes, fetch), None, "{one} for {other}");
        }
        let fetch = |at: usize| if at == one { Vec::new() } else { record.blocks[at].bytes.to_vec() };
        assert_eq!(read(&record, &record.manifest.bytes, fetch), None, "{one} dropped");
    }
}

#[test]
fn every_flipped_byte_of_a_lock_is_refused_without_the_signature_too() {
    let record = record(b"x".to_vec());
    let manifest = Manifest::parse(&record.manifest.bytes, HERE).unwrap().verify(record.author.public()).unwrap();
    let context = manifest.lock_context(HERE, manifest.issuer(), 2);
    let secret = record.state.key_pair();
    let Lock::Folder { sealed, .. } = &manifest.locks[0] else { panic!("a folder lock") };
    let bytes = serde_ipld_dagcbor::to_vec(sealed).unwrap();
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1;
        let Ok(sealed) = serde_ipld_dagcbor::from_slice::<Sealed>(&flipped) else { continue };
        let lock = Lock::Folder { epoch: 2, sealed };
        assert!(lock.open_folder_with(&context, &secret).is_err(), "byte {at}");
    }
}
