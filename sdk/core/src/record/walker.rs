//! Walks a content DAG from its root to its leaves, in the order of the file, without fetching anything itself.

use std::{collections::HashSet, ops::Range};

use cid::Cid;

use super::dag::{LEAF, LINKS};
use super::node;
use crate::error::DagError;
use crate::id::{DAG_PB, RAW};

/// The next step of a [`LeafWalker`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An inner node. Fetch it and [`feed`](LeafWalker::feed) it; until then every step is this one.
    Node(Cid),
    /// The next leaf.
    Leaf {
        /// Its number in the file, from 0: the number of its segment.
        index: u64,
        /// Its CID.
        cid: Cid,
        /// Its size in bytes.
        size: u64,
        /// Whether it is the last of the file.
        last: bool,
    },
    /// No more leaves.
    Done,
}

#[derive(Clone, Copy)]
struct Subtree {
    cid: Cid,
    start: u64,
    size: u64,
    // The number of inner nodes from this one down to its leaves, itself included; 0 for a leaf.
    height: u32,
}

/// A cursor over the leaves of a file, or over those that hold a range of its bytes.
///
/// The size of the file is known beforehand, so it has exactly one possible layout. Any other DAG is refused at the
/// first node that differs. The walker holds at most 1024 links for each level.
pub struct LeafWalker {
    // The next one is the last element.
    pending: Vec<Subtree>,
    total: u64,
    range: Range<u64>,
    // CID, size and height of the nodes that were fed; `None` if every place is visited.
    fed: Option<HashSet<(Cid, u64, u32)>>,
}

impl LeafWalker {
    /// All leaves of a file of `total` bytes.
    ///
    /// # Errors
    /// [`DagError::Empty`] for 0 bytes; [`DagError::Cid`] if the root's codec does not fit a file of this size.
    pub fn new(root: Cid, total: u64) -> Result<Self, DagError> {
        Self::range(root, total, 0..total)
    }

    /// The leaves that hold the bytes of `range`, of a file of `total` bytes.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`DagError::Range`].
    pub fn range(root: Cid, total: u64, range: Range<u64>) -> Result<Self, DagError> {
        if total == 0 {
            return Err(DagError::Empty);
        }
        if range.start > range.end || range.end > total {
            return Err(DagError::Range { start: range.start, end: range.end, total });
        }
        let height = (0..).find(|height| capacity(*height) >= total).unwrap_or_default();
        check_codec(&root, height)?;
        let root = Subtree { cid: root, start: 0, size: total, height };
        Ok(Self { pending: vec![root], total, range, fed: None })
    }

    /// Skips every inner node that was fed before at a place of the same size and height, because everything below it
    /// is the same. Use it to visit blocks instead of places: a block that occurs many times is visited once.
    #[must_use]
    pub fn each_node_once(mut self) -> Self {
        self.fed = Some(HashSet::new());
        self
    }

    /// Returns the next step. A leaf is returned once; a node is returned until it is fed.
    pub fn step(&mut self) -> Step {
        while let Some(next) = self.pending.last().copied() {
            let end = next.start + next.size;
            if end <= self.range.start || next.start >= self.range.end || self.was_fed(&next) {
                self.pending.pop();
            } else if next.height > 0 {
                return Step::Node(next.cid);
            } else {
                self.pending.pop();
                return Step::Leaf {
                    index: next.start / LEAF,
                    cid: next.cid,
                    size: next.size,
                    last: end == self.total,
                };
            }
        }
        Step::Done
    }

    /// Takes the node that [`step`](Self::step) requested. The caller has checked its bytes against its CID.
    ///
    /// # Errors
    /// [`DagError::NotAsked`] for another node; [`DagError::Node`] and [`DagError::Cid`] for a node of another layout.
    /// The walker then requests the same node again.
    pub fn feed(&mut self, cid: &Cid, bytes: &[u8]) -> Result<(), DagError> {
        let asked = self.pending.last().copied().filter(|asked| asked.cid == *cid && asked.height > 0);
        let asked = asked.ok_or_else(|| DagError::NotAsked(cid.to_string()))?;
        let children = children(&asked, bytes)?;
        self.pending.pop();
        if let Some(fed) = &mut self.fed {
            fed.insert(asked.place());
        }
        self.pending.extend(children.into_iter().rev());
        Ok(())
    }

    fn was_fed(&self, next: &Subtree) -> bool {
        next.height > 0 && self.fed.as_ref().is_some_and(|fed| fed.contains(&next.place()))
    }
}

impl Subtree {
    fn place(&self) -> (Cid, u64, u32) {
        (self.cid, self.size, self.height)
    }
}

/// Bytes below a full node of this height.
fn capacity(height: u32) -> u64 {
    (LINKS as u64).saturating_pow(height).saturating_mul(LEAF)
}

fn check_codec(cid: &Cid, height: u32) -> Result<(), DagError> {
    let expected = if height == 0 { RAW } else { DAG_PB };
    if node::codec_of(cid)? == expected { Ok(()) } else { Err(DagError::Cid(cid.to_string())) }
}

fn children(parent: &Subtree, bytes: &[u8]) -> Result<Vec<Subtree>, DagError> {
    let wrong = |reason| DagError::Node { cid: parent.cid.to_string(), reason };
    let height = parent.height - 1;
    let mut left = parent.size;
    let mut children = Vec::new();
    for link in node::decode(&parent.cid, bytes)? {
        let size = left.min(capacity(height));
        if size == 0 || link.file_size != size {
            return Err(wrong("its children do not have the sizes of the balanced layout"));
        }
        check_codec(&link.cid, height)?;
        children.push(Subtree { cid: link.cid, start: parent.start + parent.size - left, size, height });
        left -= size;
    }
    if left == 0 { Ok(children) } else { Err(wrong("its children hold fewer bytes than it says")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{
        block::Block,
        id::{RAW, cid_of},
        record::dag::Link,
    };

    fn node(links: &[Link]) -> Block {
        Block::new(DAG_PB, node::encode(links))
    }

    #[test]
    fn node_that_was_fed_at_a_place_of_another_size_is_requested_again() {
        let leaf = Link { cid: cid_of(RAW, b"x"), file_size: LEAF, total_size: LEAF };
        let full = node(&[leaf; LINKS]);
        let link = |file_size| Link { cid: full.cid, file_size, total_size: file_size };
        let total = LEAF * LINKS as u64 + 1;
        let top = node(&[link(total - 1), link(1)]);
        let mut walker = LeafWalker::new(top.cid, total).unwrap().each_node_once();
        walker.feed(&top.cid, &top.bytes).unwrap();
        walker.feed(&full.cid, &full.bytes).unwrap();
        while let Step::Leaf { .. } = walker.step() {}
        assert_eq!(walker.step(), Step::Node(full.cid));
        assert!(walker.feed(&full.cid, &full.bytes).is_err());
    }
}
