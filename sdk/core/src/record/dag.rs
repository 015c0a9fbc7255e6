//! The content DAG: UnixFS under the profile `unixfs-v1-2025` of IPIP-499: CIDv1, sha2-256, raw leaves of 1 MiB, 1024
//! links a node, balanced. One segment of the stream is one leaf.
//!
//! The CID depends on the bytes alone, not on any node's settings. [`DagBuilder`] keeps at most 1024 links for each
//! level, so memory use does not grow with the file.

use bytes::Bytes;
use cid::Cid;

use super::node;
pub use super::node::Link;
pub use super::walker::{LeafWalker, Step};
pub use crate::block::Block;
use crate::error::DagError;
use crate::id::{DAG_PB, Digest, RAW, block_digest};

/// Bytes of every leaf but the last.
pub const LEAF: u64 = 1 << 20;
/// Links of a full node.
pub const LINKS: usize = 1024;

impl Block {
    /// A leaf: the bytes themselves under a raw CID.
    pub fn leaf(bytes: impl Into<Bytes>) -> Self {
        Self::new(RAW, bytes)
    }

    /// Checks bytes that a store returned for a CID.
    ///
    /// # Errors
    /// [`DagError::Integrity`] if the bytes have another SHA-256 digest.
    pub fn checked(cid: Cid, bytes: impl Into<Bytes>) -> Result<Self, DagError> {
        let bytes = bytes.into();
        let same = Digest::of_cid(cid.codec(), &cid) == Some(block_digest(&bytes));
        if same { Ok(Self { cid, bytes }) } else { Err(DagError::Integrity(cid.to_string())) }
    }
}

/// Builds the inner nodes above leaves that are added one after the other.
#[derive(Default)]
pub struct DagBuilder {
    levels: Vec<Vec<Link>>,
    leaves: u64,
    total: u64,
}

/// The result of a [`DagBuilder`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// Root of the DAG; the leaf itself if there is only one.
    pub root: Cid,
    /// The inner nodes that were not returned before, children first.
    pub blocks: Vec<Block>,
    /// Bytes of all leaves.
    pub total: u64,
}

impl DagBuilder {
    /// A DAG without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next leaf, with its raw CID and its size in bytes. Returns the inner nodes that are now full, children
    /// first.
    ///
    /// # Errors
    /// [`DagError::Leaf`] for a size of 0, above 1 MiB, or after a leaf below 1 MiB; [`DagError::Cid`].
    pub fn push_leaf(&mut self, cid: Cid, size: u64) -> Result<Vec<Block>, DagError> {
        if !self.total.is_multiple_of(LEAF) || size == 0 || size > LEAF {
            return Err(DagError::Leaf { index: self.leaves, size });
        }
        if node::codec_of(&cid)? != RAW {
            return Err(DagError::Cid(cid.to_string()));
        }
        self.leaves += 1;
        self.total += size;
        let mut blocks = Vec::new();
        self.push(0, Link { cid, file_size: size, total_size: size }, &mut blocks);
        Ok(blocks)
    }

    /// Completes the nodes that are not full.
    ///
    /// # Errors
    /// [`DagError::Empty`] without leaves.
    pub fn finish(mut self) -> Result<Built, DagError> {
        let mut blocks = Vec::new();
        let mut level = 0;
        loop {
            let top = level + 1 >= self.levels.len();
            let links = self.levels.get_mut(level).ok_or(DagError::Empty)?;
            match links.as_slice() {
                [root] if top => return Ok(Built { root: root.cid, blocks, total: self.total }),
                [] => {}
                _ => {
                    let links = std::mem::take(links);
                    self.push_node(level, &links, &mut blocks);
                }
            }
            level += 1;
        }
    }

    fn push(&mut self, level: usize, link: Link, blocks: &mut Vec<Block>) {
        if self.levels.len() <= level {
            self.levels.resize_with(level + 1, Vec::new);
        }
        let Some(links) = self.levels.get_mut(level) else { return };
        links.push(link);
        if links.len() == LINKS {
            let links = std::mem::take(links);
            self.push_node(level, &links, blocks);
        }
    }

    fn push_node(&mut self, level: usize, links: &[Link], blocks: &mut Vec<Block>) {
        let block = Block::new(DAG_PB, node::encode(links));
        let sum = |size: fn(&Link) -> u64| links.iter().map(size).sum::<u64>();
        let link = Link {
            cid: block.cid,
            file_size: sum(|link| link.file_size),
            total_size: sum(|link| link.total_size) + block.bytes.len() as u64,
        };
        blocks.push(block);
        self.push(level + 1, link, blocks);
    }
}

/// A block of a content DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A leaf with this many bytes of the file.
    Leaf(u64),
    /// Links to other blocks, in the order of the file.
    Inner(Vec<Link>),
}

/// Reads a block whose bytes were checked against its CID.
///
/// # Errors
/// [`DagError::Cid`], [`DagError::Node`].
pub fn parse_node(cid: &Cid, bytes: &[u8]) -> Result<Node, DagError> {
    match node::codec_of(cid)? {
        RAW => Ok(Node::Leaf(bytes.len() as u64)),
        _ => node::decode(cid, bytes).map(Node::Inner),
    }
}
