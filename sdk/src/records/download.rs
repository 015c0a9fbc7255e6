//! store -> blocks -> open: segments are fetched side by side, checked, decrypted, and released in order.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use cid::Cid;
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use hospital_record_core::{
    block::Block,
    error::CoreError,
    record::{
        dag::{LeafWalker, Step},
        manifest::Manifest,
    },
    seal::stream::{ContentKey, StreamOpener, plaintext_range},
};
use tokio::task::JoinSet;

use crate::{
    base::error::{Error, Result, stopped},
    store::stores::Stores,
};

/// Segments that are fetched or decrypted at the same time; each takes two megabytes.
const AHEAD: usize = 8;

/// The plaintext of `range` (half-open, within the record), piece by piece. A piece is released only when its
/// segment's tag was right.
pub(crate) fn plaintext(
    stores: Stores,
    manifest: &Manifest,
    key: &ContentKey,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes>>> {
    let size = manifest.size;
    let opener = Arc::new(StreamOpener::new(key, manifest.header));
    let walker = manifest.leaves(range.clone()).map_err(CoreError::from)?;
    let pieces = walk(stores.clone(), walker).try_filter_map(leaf_only).map_ok(move |leaf| {
        let stores = stores.clone();
        let opener = opener.clone();
        let range = range.clone();
        // A task each: receiving, checking and opening are computation, and all cores should share it. A set, because it
        // ends its task when it is dropped.
        let mut task = JoinSet::new();
        task.spawn(async move {
            let mut block = Vec::from(stores.get(&leaf.cid).await?);
            let index = u32::try_from(leaf.index).map_err(|_| Error::Integrity("the record is too large".into()))?;
            opener.open_in_place(index, leaf.last, &mut block).map_err(CoreError::from)?;
            trim(block, index, size, &range)
        });
        async move { task.join_next().await.ok_or_else(gone)?.map_err(stopped)? }
    });
    Ok(pieces.try_buffered(AHEAD).boxed())
}

fn gone() -> Error {
    Error::Integrity("a segment was awaited twice".into())
}

/// What of a segment lies in the range that was asked for.
fn trim(plain: Vec<u8>, index: u32, size: u64, wanted: &Range<u64>) -> Result<Bytes> {
    let holds = plaintext_range(index);
    let end = holds.end.min(size);
    if plain.len() as u64 != end.saturating_sub(holds.start) {
        return Err(Error::Integrity("a segment is not as long as the manifest says".into()));
    }
    let from = wanted.start.clamp(holds.start, end) - holds.start;
    let to = wanted.end.clamp(holds.start + from, end) - holds.start;
    Ok(Bytes::from(plain).slice(from as usize..to as usize))
}

/// The ciphertext, a segment a piece.
pub(crate) fn ciphertext(stores: Stores, manifest: &Manifest) -> Result<BoxStream<'static, Result<Bytes>>> {
    let walker = manifest.leaves(0..manifest.size).map_err(CoreError::from)?;
    let leaves = walk(stores.clone(), walker).try_filter_map(leaf_only);
    let fetched = leaves.map_ok(move |leaf| {
        let stores = stores.clone();
        async move { stores.get(&leaf.cid).await }
    });
    Ok(fetched.try_buffered(AHEAD).boxed())
}

/// All blocks below a manifest, inner nodes and leaves: those of a node that is linked several times are given once.
pub(crate) fn blocks(stores: Stores, manifest: &Manifest) -> Result<BoxStream<'static, Result<Block>>> {
    let walker = manifest.leaves(0..manifest.size).map_err(CoreError::from)?.each_node_once();
    let fetched = walk(stores.clone(), walker).map_ok(move |place| {
        let stores = stores.clone();
        async move {
            match place {
                Place::Leaf(leaf) => stores.block(&leaf.cid).await,
                Place::Node(block) => Ok(block),
            }
        }
    });
    Ok(fetched.try_buffered(AHEAD).boxed())
}

/// Walks the inner nodes: there is exactly one tree that content of this size can have. Each node is fetched once: four
/// of them, linked over and over, can claim to be petabytes. The last leaf is fetched too: what claims to be a byte is not
/// to be megabytes.
pub(crate) async fn check_tree(stores: Stores, manifest: &Manifest) -> Result<()> {
    let walker = manifest.leaves(0..manifest.size).map_err(CoreError::from)?.each_node_once();
    let mut places = walk(stores.clone(), walker);
    while let Some(place) = places.try_next().await? {
        if let Place::Leaf(leaf) = place
            && leaf.last
            && stores.get(&leaf.cid).await?.len() as u64 != leaf.size
        {
            return Err(Error::Integrity("the last segment is not as long as the manifest says".into()));
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

enum Place {
    Node(Block),
    Leaf(Leaf),
}

async fn leaf_only(place: Place) -> Result<Option<Leaf>> {
    Ok(match place {
        Place::Leaf(leaf) => Some(leaf),
        Place::Node(_) => None,
    })
}

/// The tree in the order of the file. Nodes are fetched when they are reached, so memory does not grow with the file.
fn walk(stores: Stores, walker: LeafWalker) -> BoxStream<'static, Result<Place>> {
    stream::try_unfold((stores, walker), |(stores, mut walker)| async move {
        let place = match walker.step() {
            Step::Done => return Ok::<_, Error>(None),
            Step::Leaf { index, cid, size, last } => Place::Leaf(Leaf { index, cid, size, last }),
            Step::Node(cid) => {
                let node = stores.block(&cid).await?;
                walker.feed(&cid, &node.bytes).map_err(CoreError::from)?;
                Place::Node(node)
            }
        };
        Ok(Some((place, (stores, walker))))
    })
    .boxed()
}
