//! store -> blocks -> open: segments are fetched side by side, checked, decrypted, and released in order.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use cid::Cid;
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use hospital_record_core::{
    record::{dag, manifest::Manifest},
    seal::stream::{ContentKey, StreamOpener, plaintext_range, segment_count, segment_of},
};

use crate::{Error, Result, stores::Stores};

/// Segments that are fetched or decrypted at the same time; each takes two megabytes.
const AHEAD: usize = 8;

/// The plaintext of `range` (half-open, within the record), piece by piece. A piece is released only when its
/// segment's tag was right.
pub(crate) fn plaintext(
    stores: Stores,
    manifest: &Manifest,
    key: &ContentKey,
    range: Range<u64>,
) -> BoxStream<'static, Result<Bytes>> {
    let (size, header, root) = (manifest.size, manifest.header, manifest.content);
    let opener = Arc::new(StreamOpener::new(key, header));
    let segments = match range.end.checked_sub(1) {
        Some(end) if range.start < range.end => segment_of(range.start)..segment_of(end) + 1,
        // An empty record still has one segment, whose tag says that it is really empty.
        _ if size == 0 => 0..1,
        _ => 0..0,
    };
    let count = segment_count(size);
    leaves(stores.clone(), root, segments, count)
        .map_ok(move |(index, cid)| {
            let (stores, opener, range) = (stores.clone(), opener.clone(), range.clone());
            async move {
                let sealed = stores.get(&cid).await?;
                let opening = tokio::task::spawn_blocking(move || opener.open(index, u64::from(index) + 1 == count, &sealed));
                let plain = opening.await.map_err(|_| Error::Conflict("the runtime is shutting down".into()))??;
                trim(plain, plaintext_range(index, size), &range)
            }
        })
        .try_buffered(AHEAD)
        .boxed()
}

/// What of a segment lies in the range that was asked for.
fn trim(plain: Vec<u8>, holds: Range<u64>, wanted: &Range<u64>) -> Result<Bytes> {
    if plain.len() as u64 != holds.end - holds.start {
        return Err(Error::Integrity("a segment is not as long as the manifest says".into()));
    }
    let from = wanted.start.max(holds.start) - holds.start;
    let to = wanted.end.min(holds.end).max(holds.start + from) - holds.start;
    Ok(Bytes::from(plain).slice(from as usize..to as usize))
}

/// A part of the DAG that is still to be walked: its root, its first leaf and how many it must hold.
struct Branch {
    cid: Cid,
    first: u64,
    leaves: u64,
}

/// The leaves of `wanted` in order. Nodes are fetched when they are reached, so memory does not grow with the file.
fn leaves(
    stores: Stores,
    root: Cid,
    wanted: Range<u64>,
    count: u64,
) -> BoxStream<'static, Result<(u32, Cid)>> {
    let state = (stores, vec![Branch { cid: root, first: 0, leaves: count }], wanted);
    stream::try_unfold(state, |(stores, mut stack, wanted)| async move {
        while let Some(branch) = stack.pop() {
            if branch.first >= wanted.end || branch.first + branch.leaves <= wanted.start {
                continue;
            }
            if branch.leaves == 1 && dag::is_leaf(&branch.cid) {
                let index = u32::try_from(branch.first).map_err(|_| malformed())?;
                return Ok(Some(((index, branch.cid), (stores, stack, wanted))));
            }
            let node = stores.get(&branch.cid).await?;
            stack.extend(children(&branch, &node)?.into_iter().rev());
        }
        Ok::<_, Error>(None)
    })
    .boxed()
}

fn children(branch: &Branch, node: &[u8]) -> Result<Vec<Branch>> {
    let links = dag::parse_node(&branch.cid, node)?;
    let mut first = branch.first;
    let mut children = Vec::with_capacity(links.len());
    for (cid, bytes) in links {
        let leaves = bytes.div_ceil(dag::CHUNK as u64);
        children.push(Branch { cid, first, leaves });
        first = first.checked_add(leaves).ok_or_else(malformed)?;
    }
    let fits = first == branch.first + branch.leaves && children.iter().all(|child| child.leaves < branch.leaves || branch.leaves == 1);
    if fits && !children.is_empty() { Ok(children) } else { Err(malformed()) }
}

fn malformed() -> Error {
    Error::Integrity("the tree of the record's blocks does not fit its size".into())
}
