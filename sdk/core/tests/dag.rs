//! Tests of the walker on DAGs of the builder, and on DAGs that the builder never makes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::HashMap;

use hospital_record_core::Cid;
use hospital_record_core::error::DagError;
use hospital_record_core::id::{DAG_CBOR, RAW, cid_of};
use hospital_record_core::record::dag::{Block, Built, DagBuilder, LEAF, LeafWalker, Node, Step, parse_node};
use proptest::prelude::*;

fn leaf(index: u64) -> Cid {
    cid_of(RAW, &index.to_be_bytes())
}

/// A DAG over leaves that are only numbers, because their bytes are never needed.
fn build(total: u64) -> (Built, HashMap<Cid, Block>) {
    let mut builder = DagBuilder::new();
    let mut blocks = Vec::new();
    for index in 0..total.div_ceil(LEAF) {
        blocks.extend(builder.push_leaf(leaf(index), LEAF.min(total - index * LEAF)).unwrap());
    }
    let built = builder.finish().unwrap();
    blocks.extend(built.blocks.clone());
    (built, blocks.into_iter().map(|block| (block.cid, block)).collect())
}

fn walk(mut walker: LeafWalker, blocks: &HashMap<Cid, Block>) -> Result<Vec<(u64, u64, bool)>, DagError> {
    let mut leaves = Vec::new();
    loop {
        match walker.step() {
            Step::Node(cid) => walker.feed(&cid, &blocks[&cid].bytes)?,
            Step::Leaf { index, cid, size, last } => {
                assert_eq!(cid, leaf(index));
                leaves.push((index, size, last));
            }
            Step::Done => return Ok(leaves),
        }
    }
}

#[test]
fn leaves_come_back_in_order_around_a_full_node() {
    for leaves in [1, 2, 1023, 1024, 1025, 2048, 2049, 1024 * 1024 + 1] {
        let total = (leaves - 1) * LEAF + 77;
        let (built, blocks) = build(total);
        assert_eq!(built.total, total);
        let walked = walk(LeafWalker::new(built.root, total).unwrap(), &blocks).unwrap();
        assert_eq!(walked.len() as u64, leaves);
        assert_eq!(walked.last(), Some(&(leaves - 1, 77, true)));
        assert!(walked.iter().rev().skip(1).all(|(_, size, last)| *size == LEAF && !last));
    }
}

/// A terabyte that is the same megabyte a million times: two nodes claim all of it.
#[test]
fn nodes_that_are_linked_a_thousand_times_are_requested_once() {
    let mut builder = DagBuilder::new();
    let mut blocks: HashMap<Cid, Block> = HashMap::new();
    for _ in 0..1024 * 1024 {
        blocks.extend(builder.push_leaf(leaf(0), LEAF).unwrap().into_iter().map(|block| (block.cid, block)));
    }
    let built = builder.finish().unwrap();
    blocks.extend(built.blocks.into_iter().map(|block| (block.cid, block)));
    assert_eq!(blocks.len(), 2);
    let mut walker = LeafWalker::new(built.root, built.total).unwrap().each_node_once();
    let (mut nodes, mut leaves) = (0, 0);
    loop {
        match walker.step() {
            Step::Node(cid) => {
                nodes += 1;
                walker.feed(&cid, &blocks[&cid].bytes).unwrap();
            }
            Step::Leaf { .. } => leaves += 1,
            Step::Done => break,
        }
    }
    assert_eq!((nodes, leaves), (2, 1024));
}

#[test]
fn a_file_of_one_leaf_is_that_leaf() {
    let (built, blocks) = build(56);
    assert_eq!((built.root, blocks.len()), (leaf(0), 0));
    assert_eq!(parse_node(&built.root, &[0; 56]), Ok(Node::Leaf(56)));
}

#[test]
fn builder_refuses_invalid_leaves() {
    let mut builder = DagBuilder::new();
    assert!(matches!(builder.push_leaf(leaf(0), 0), Err(DagError::Leaf { .. })));
    assert!(matches!(builder.push_leaf(leaf(0), LEAF + 1), Err(DagError::Leaf { .. })));
    assert!(matches!(builder.push_leaf(cid_of(DAG_CBOR, b""), 1), Err(DagError::Cid(_))));
    builder.push_leaf(leaf(0), LEAF - 1).unwrap();
    assert!(matches!(builder.push_leaf(leaf(1), 1), Err(DagError::Leaf { index: 1, .. })));
    assert_eq!(DagBuilder::new().finish(), Err(DagError::Empty));
}

#[test]
fn walker_refuses_another_size_another_node_and_the_wrong_root() {
    let (built, blocks) = build(3 * LEAF);
    for total in [3 * LEAF - 1, 3 * LEAF + 1, 2 * LEAF, 1025 * LEAF] {
        let walker = LeafWalker::new(built.root, total).unwrap();
        assert!(matches!(walk(walker, &blocks), Err(DagError::Node { .. })), "{total}");
    }
    assert!(matches!(LeafWalker::new(built.root, LEAF), Err(DagError::Cid(_))));
    assert!(matches!(LeafWalker::new(leaf(0), 2 * LEAF), Err(DagError::Cid(_))));
    assert!(matches!(LeafWalker::new(leaf(0), 0), Err(DagError::Empty)));
    assert!(matches!(LeafWalker::range(leaf(0), 5, 0..6), Err(DagError::Range { .. })));
    let mut walker = LeafWalker::new(built.root, 3 * LEAF).unwrap();
    let other = build(2 * LEAF).0;
    assert!(matches!(walker.feed(&other.root, &other.blocks[0].bytes), Err(DagError::NotAsked(_))));
    assert_eq!(walker.step(), Step::Node(built.root));
}

#[test]
fn block_is_accepted_only_for_its_own_cid() {
    let block = Block::leaf(b"x".to_vec());
    assert_eq!(Block::checked(block.cid, b"x".to_vec()), Ok(block.clone()));
    assert!(matches!(Block::checked(block.cid, b"y".to_vec()), Err(DagError::Integrity(_))));
}

#[test]
fn every_flipped_byte_of_a_node_is_refused_or_read_as_another_link() {
    let (built, blocks) = build(2 * LEAF + 5);
    let bytes = &blocks[&built.root].bytes;
    for at in 0..bytes.len() {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1;
        assert!(Block::checked(built.root, flipped.clone()).is_err());
        let Ok(Node::Inner(links)) = parse_node(&built.root, &flipped) else { continue };
        assert_eq!(links.len(), 3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn walker_over_a_range_visits_exactly_its_leaves(
        total in 1..3000 * LEAF, ends in any::<(prop::sample::Index, prop::sample::Index)>()
    ) {
        let (built, blocks) = build(total);
        let (one, other) = (ends.0.index(total as usize) as u64, ends.1.index(total as usize) as u64);
        let range = one.min(other)..one.max(other) + 1;
        let walked = walk(LeafWalker::range(built.root, total, range.clone()).unwrap(), &blocks).unwrap();
        let indexes: Vec<_> = walked.iter().map(|(index, ..)| *index).collect();
        let expected: Vec<_> = (range.start / LEAF..=(range.end - 1) / LEAF).collect();
        prop_assert_eq!(indexes, expected);
    }
}
