//! The blocks below a root, each once.

use std::{collections::HashSet, sync::atomic::Ordering::Relaxed};

use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Cid,
    store::{Block, links},
};

use crate::blocks::{jobs::State, problem::Problem, room::Parts, rows::Measured};

/// The multicodec of a block without links.
pub(crate) const RAW: u64 = 0x55;
/// The most blocks below one root: 256 GiB in blocks of 1 MiB.
const MOST: usize = 262_144;
/// Blocks that are read at a time.
const PARALLEL: usize = 16;

/// Reads every block below `root` back, but for leaves, of which the backing store says that it has them.
pub(crate) async fn walk(parts: &Parts, root: &Cid, state: &State) -> Result<Vec<Measured>, Problem> {
    let mut below = Vec::new();
    let mut met = HashSet::from([*root]);
    let mut level = vec![*root];
    while !level.is_empty() {
        let mut visits = stream::iter(level).map(|cid| visit(parts, cid)).buffer_unordered(PARALLEL);
        let mut next = Vec::new();
        while let Some((block, links)) = visits.try_next().await? {
            below.push(block);
            state.seen.fetch_add(1, Relaxed);
            next.extend(links.into_iter().filter(|cid| met.insert(*cid)));
            if state.is_given_up.load(Relaxed) {
                return Err(Problem::Unavailable);
            }
            if met.len() > MOST {
                return Err(Problem::TooLong(format!("more than {MOST} blocks below one root: pin parts of it")));
            }
        }
        level = next;
    }
    Ok(below)
}

async fn visit(parts: &Parts, cid: Cid) -> Result<(Measured, Vec<Cid>), Problem> {
    let size = parts.rows.size(&cid).await?.ok_or(Problem::Missing(cid))?;
    if cid.codec() == RAW {
        return match parts.store.has(&cid).await? {
            true => Ok(((cid, size), Vec::new())),
            false => Err(Problem::Missing(cid)),
        };
    }
    let block = held(parts, &cid).await?.ok_or(Problem::Missing(cid))?;
    Ok(((cid, size), links_of(&block)?))
}

/// A block that may be served; `None` if it is not here.
pub(crate) async fn held(parts: &Parts, cid: &Cid) -> Result<Option<Block>, Problem> {
    if parts.rows.size(cid).await?.is_none() {
        return Ok(None);
    }
    match parts.store.get(cid).await.map_err(Problem::from) {
        Ok(bytes) => Ok(Some(Block { cid: *cid, bytes })),
        Err(Problem::Missing(_)) => Ok(None),
        Err(problem) => Err(problem),
    }
}

pub(crate) fn links_of(block: &Block) -> Result<Vec<Cid>, Problem> {
    links(&block.cid, &block.bytes).map_err(Problem::of_input)
}
