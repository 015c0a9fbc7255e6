//! store -> blocks -> open: fetches segments in parallel, checks and decrypts them, and releases them in order.

use std::ops::Range;

use bytes::Bytes;
use cid::Cid;
use futures::{TryStreamExt, stream};
use hospital_record_core::{
    block::Block,
    error::CoreError,
    record::{
        dag::{LeafWalker, Step},
        manifest::Manifest,
    },
    seal::stream::{ContentKey, plaintext_range},
};

use crate::{
    base::{
        error::{Error, Result, fail},
        task::{BoxStream, StreamInBox, spawn},
    },
    platform::segments::Opener,
    store::stores::Stores,
};

/// Segments that are fetched or decrypted at the same time; each takes two megabytes.
const AHEAD: usize = 8;

/// The plaintext of `range` (half-open, within the record), piece by piece. A piece is released only after its segment's
/// tag is checked.
pub(crate) fn plaintext(
    stores: Stores,
    manifest: &Manifest,
    key: &ContentKey,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let size = manifest.size;
    let opener = Opener::new(key, manifest.header);
    let walker = manifest.leaves(range.clone()).map_err(CoreError::from)?;
    let pieces = walk(stores.clone(), walker).try_filter_map(leaf_only).map_ok(move |leaf| {
        let stores = stores.clone();
        let opener = opener.clone();
        let range = range.clone();
        // One task for each segment.
        let task = spawn(async move {
            let block = Vec::from(stores.get(&leaf.cid).await?);
            let index = u32::try_from(leaf.index).map_err(|_| Error::Integrity("the record is too large".into()))?;
            let plain = opener.open(index, leaf.last, block).await?;
            trim(plain, index, size, &range)
        });
        async move { task.await? }
    });
    Ok(pieces.try_buffered(AHEAD).in_box())
}

/// The part of a segment that lies in the wanted range.
fn trim(plain: Vec<u8>, index: u32, size: u64, range: &Range<u64>) -> Result<Bytes> {
    let segment = plaintext_range(index);
    let end = segment.end.min(size);
    if plain.len() as u64 != end.saturating_sub(segment.start) {
        return fail!(Integrity, "a segment is not as long as the manifest says");
    }
    let from = range.start.clamp(segment.start, end) - segment.start;
    let to = range.end.clamp(segment.start + from, end) - segment.start;
    Ok(Bytes::from(plain).slice(from as usize..to as usize))
}

/// The ciphertext, one segment at a time.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn ciphertext(stores: Stores, manifest: &Manifest) -> Result<BoxStream<'static, Result<Bytes>>> {
    let walker = manifest.leaves(0..manifest.size).map_err(CoreError::from)?;
    let leaves = walk(stores.clone(), walker).try_filter_map(leaf_only);
    let segments = leaves.map_ok(move |leaf| {
        let stores = stores.clone();
        async move { stores.get(&leaf.cid).await }
    });
    Ok(segments.try_buffered(AHEAD).in_box())
}

/// All blocks below a manifest: inner nodes and leaves. A node that is linked several times is returned once.
pub(crate) fn blocks(stores: Stores, manifest: &Manifest) -> Result<BoxStream<'static, Result<Block>>> {
    let walker = manifest.leaves(0..manifest.size).map_err(CoreError::from)?.each_node_once();
    let blocks = walk(stores.clone(), walker).map_ok(move |item| {
        let stores = stores.clone();
        async move {
            match item {
                TreeItem::Leaf(leaf) => stores.block(&leaf.cid).await,
                TreeItem::Node(block) => Ok(block),
            }
        }
    });
    Ok(blocks.try_buffered(AHEAD).in_box())
}

/// Checks that the tree is the only one that content of this size can have. Each node is fetched once, because four nodes
/// that link each other many times can claim petabytes. The last leaf is fetched, to check its size.
pub(crate) async fn check_tree(stores: Stores, manifest: &Manifest) -> Result<()> {
    let walker = manifest.leaves(0..manifest.size).map_err(CoreError::from)?.each_node_once();
    let mut items = walk(stores.clone(), walker);
    while let Some(item) = items.try_next().await? {
        if let TreeItem::Leaf(leaf) = item
            && leaf.last
            && stores.get(&leaf.cid).await?.len() as u64 != leaf.size
        {
            return fail!(Integrity, "the last segment is not as long as the manifest says");
        }
    }
    Ok(())
}

struct Leaf {
    index: u64,
    cid: Cid,
    size: u64,
    last: bool,
}

enum TreeItem {
    Node(Block),
    Leaf(Leaf),
}

async fn leaf_only(item: TreeItem) -> Result<Option<Leaf>> {
    Ok(match item {
        TreeItem::Leaf(leaf) => Some(leaf),
        TreeItem::Node(_) => None,
    })
}

/// The tree in file order. Each node is fetched when the walk reaches it, so memory does not grow with the file.
fn walk(stores: Stores, walker: LeafWalker) -> BoxStream<'static, Result<TreeItem>> {
    stream::try_unfold((stores, walker), |(stores, mut walker)| async move {
        let item = match walker.step() {
            Step::Done => return Ok::<_, Error>(None),
            Step::Leaf { index, cid, size, last } => TreeItem::Leaf(Leaf { index, cid, size, last }),
            Step::Node(cid) => {
                let node = stores.block(&cid).await?;
                walker.feed(&cid, &node.bytes).map_err(CoreError::from)?;
                TreeItem::Node(node)
            }
        };
        Ok(Some((item, (stores, walker))))
    })
    .in_box()
}
