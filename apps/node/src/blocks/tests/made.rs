//! Blocks for tests, and what they count.

use std::hash::{BuildHasher, Hasher, RandomState};

use axum::body::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Cid,
    store::{Block, write_car},
};

use crate::blocks::rows::{BELOW_A_PIN, cost};

pub(super) async fn car(blocks: &[Block]) -> Vec<u8> {
    let blocks = stream::iter(blocks.to_vec()).map(Ok).boxed();
    let pieces: Vec<Bytes> = write_car(&[], blocks).try_collect().await.unwrap();
    pieces.concat()
}

/// A leaf of random bytes.
pub(super) fn leaf(size: usize) -> Block {
    let mut state = RandomState::new().build_hasher().finish() | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    let mut bytes: Vec<u8> = (0..size.div_ceil(8)).flat_map(|_| next()).collect();
    bytes.truncate(size);
    Block::leaf(bytes)
}

/// A dag-cbor list of links.
pub(super) fn list(links: &[Cid]) -> Block {
    let mut bytes = vec![0x9a];
    bytes.extend(u32::try_from(links.len()).unwrap().to_be_bytes());
    if links.len() < 24 {
        bytes = vec![0x80 | u8::try_from(links.len()).unwrap()];
    } else if links.len() < 256 {
        bytes = vec![0x98, u8::try_from(links.len()).unwrap()];
    } else if links.len() < 65_536 {
        bytes = [vec![0x99], u16::try_from(links.len()).unwrap().to_be_bytes().to_vec()].concat();
    }
    for link in links {
        bytes.extend([0xd8, 0x2a, 0x58, 0x25, 0x00]);
        bytes.extend(link.to_bytes());
    }
    Block::new(0x71, bytes)
}

/// Leaves of these sizes below a root of dag-cbor, with the root last.
pub(super) fn dag(sizes: &[usize]) -> Vec<Block> {
    let mut blocks: Vec<Block> = sizes.iter().map(|size| leaf(*size)).collect();
    let links: Vec<Cid> = blocks.iter().map(|block| block.cid).collect();
    blocks.push(list(&links));
    blocks
}

pub(super) fn root(blocks: &[Block]) -> Cid {
    blocks.last().unwrap().cid
}

/// What blocks count that are put.
pub(super) fn counts(blocks: &[Block]) -> u64 {
    blocks.iter().map(|block| cost(block.bytes.len() as u64)).sum()
}

/// What they count below one pin.
pub(super) fn pinned(blocks: &[Block]) -> u64 {
    counts(blocks) + BELOW_A_PIN * blocks.len() as u64
}
