//! Blocks in memory, in a directory or in a bucket, over the `object_store` crate.
//!
//! A directory holds `blocks/<last two characters of the CID>/<CID>`, `pins/<CID>` and `lock`. Files appear complete
//! and durable or not at all, so any number of processes may share one directory. A bucket holds the same names without
//! `lock`.
//!
//! **A bucket keeps every block.** S3 has no lock between the sweep of one machine and the pin of another. A pin first
//! checks that a DAG is complete; before it is written, a sweep elsewhere could remove a block. So on a bucket a sweep
//! removes nothing, a failed put leaves its blocks, and `unpin` removes the pin alone. Then no order of puts, pins,
//! unpins and sweeps on any number of machines can lose a block, even on servers without conditional puts. A put
//! overwrites, which repairs a damaged block: only bytes that match the CID get here. The server must show a confirmed
//! write to all readers, as AWS has done since 2020. To free space, copy the DAGs that `pins/` names into a new prefix
//! and use that one. Delete the old prefix when nobody writes to it any more. A lifecycle rule that deletes by age
//! loses records.

#[cfg(feature = "s3")]
mod bucket;
#[cfg(not(target_family = "wasm"))]
mod directory;
mod gate;

use std::{collections::HashSet, fmt, pin::pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures::{StreamExt, TryStreamExt, future, stream};
use hospital_record_core::id::RAW;
use object_store::{ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};
use tokio::sync::Notify;

use crate::{
    platform::clock::system_time,
    store::{
        dag::{self, MAX_BLOCK},
        error::{StoreError, with_causes},
        object::gate::{Gate, Guard},
        seam::{Blocks, Store},
    },
};

use hospital_record_core::record::dag::Block;

/// How many files are written or read in parallel: enough to hide the time of disk flushes.
const PARALLEL: usize = 16;

pub(super) struct Objects {
    url: String,
    objects: Arc<dyn ObjectStore>,
    /// `None` if blocks are never removed: then pins and sweeps cannot conflict.
    gate: Option<Gate>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Objects({})", self.url)
    }
}

impl Objects {
    pub(super) fn memory() -> Self {
        Self { url: "memory:".to_owned(), objects: Arc::new(InMemory::new()), gate: Some(Gate::process()) }
    }

    #[cfg(feature = "s3")]
    pub(super) fn bucket(
        url: String,
        bucket: &str,
        prefix: &str,
        options: &crate::store::options::StoreOptions,
    ) -> Result<Self, StoreError> {
        let objects = bucket::open(&url, bucket, prefix, options)?;
        Ok(Self { url, objects, gate: None })
    }

    fn failed(&self, error: object_store::Error) -> StoreError {
        let url = self.url.clone();
        #[cfg(feature = "s3")]
        if let Some(fault) = crate::platform::http::cause::<bucket::Fault>(&error) {
            return fault.of(url);
        }
        let reason = with_causes(&error);
        if gate::is_full(&error) {
            return StoreError::Full { url };
        }
        let is_refused =
            matches!(error, object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. });
        let source = Some(error.into());
        match is_refused {
            true => StoreError::Refused { url, reason, source },
            false => StoreError::Failed { url, reason, source },
        }
    }

    fn missing(&self, cid: &Cid, error: object_store::Error) -> StoreError {
        match error {
            object_store::Error::NotFound { .. } => StoreError::NotFound { cid: *cid },
            error => self.failed(error),
        }
    }

    /// Writes a block even if it exists. This repairs it, and resets its age for a sweep.
    async fn write(&self, block: Block) -> Result<Written, StoreError> {
        let path = block_path(&block.cid);
        let existed = self.gate.is_none() || self.objects.head(&path).await.is_ok();
        let put = self.objects.put(&path, block.bytes.into()).await.map_err(|error| self.failed(error))?;
        Ok(Written { cid: block.cid, tag: put.e_tag.filter(|_| !existed) })
    }

    /// A failure ends the input but not the loop: a write in progress would continue if its future were dropped.
    async fn write_all(&self, blocks: Blocks<'_>, written: &mut Vec<Written>) -> Result<(), StoreError> {
        let stop = Notify::new();
        let blocks = blocks.take_until(stop.notified());
        let mut writes = pin!(blocks.map(|block| async { self.write(block?).await }).buffer_unordered(PARALLEL));
        let mut outcome = Ok(());
        while let Some(result) = writes.next().await {
            match result {
                Ok(block) => written.push(block),
                Err(error) => {
                    stop.notify_one();
                    outcome = outcome.and(Err(error));
                }
            }
        }
        outcome
    }

    async fn read(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        let found = self.objects.get(&block_path(cid)).await.map_err(|error| self.missing(cid, error))?;
        if found.meta.size > MAX_BLOCK as u64 {
            return Err(StoreError::Integrity { cid: *cid, reason: format!("{} bytes long", found.meta.size) });
        }
        found.bytes().await.map_err(|error| self.missing(cid, error))
    }

    /// Checks that a block exists. A bucket's answer to HEAD has no text. The answer to GET distinguishes a missing
    /// block from a missing bucket, and explains a refusal.
    async fn find(&self, cid: &Cid) -> Result<(), StoreError> {
        let found = self.objects.head(&block_path(cid)).await.map_err(|error| self.missing(cid, error));
        match found {
            Err(StoreError::TimedOut { .. } | StoreError::Unreachable { .. }) | Ok(_) => found.map(drop),
            Err(_) if self.gate.is_none() => self.read(cid).await.map(drop),
            Err(error) => Err(error),
        }
    }

    async fn children(&self, cid: Cid) -> Result<Vec<Cid>, StoreError> {
        dag::check_kind(&cid)?;
        if cid.codec() == RAW {
            return self.find(&cid).await.map(|()| Vec::new());
        }
        let bytes = self.read(&cid).await?;
        dag::check(&cid, &bytes).await?;
        dag::links(&cid, &bytes)
    }

    /// All blocks of these DAGs, or an error if one is missing or damaged.
    async fn reachable(&self, roots: Vec<Cid>) -> Result<HashSet<Cid>, StoreError> {
        let mut seen: HashSet<Cid> = roots.iter().copied().collect();
        let mut level = roots;
        while !level.is_empty() {
            let children = stream::iter(level).map(|cid| self.children(cid)).buffer_unordered(PARALLEL);
            let children: Vec<Vec<Cid>> = children.try_collect().await?;
            level = children.into_iter().flatten().filter(|cid| seen.insert(*cid)).collect();
        }
        Ok(seen)
    }

    async fn pinned(&self, _alone: &Guard) -> Result<HashSet<Cid>, StoreError> {
        let pins = self.objects.list(Some(&Path::from("pins"))).map_err(|error| self.failed(error));
        let roots = pins.try_filter_map(|meta| future::ready(Ok(cid_in(&meta.location)))).try_collect().await?;
        self.reachable(roots).await
    }

    async fn remove(&self, path: &Path) -> Result<(), StoreError> {
        match self.objects.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Undoes a failed put, except for blocks that others have put or pinned meanwhile.
    async fn undo(&self, written: Vec<Written>) -> Result<(), StoreError> {
        let Some(gate) = &self.gate else { return Ok(()) };
        let alone = gate.alone().await?;
        let kept = self.pinned(&alone).await?;
        for Written { cid, tag } in written {
            let path = block_path(&cid);
            let untouched = matches!(self.objects.head(&path).await, Ok(meta) if tag.is_some() && meta.e_tag == tag);
            if untouched && !kept.contains(&cid) {
                self.remove(&path).await?;
            }
        }
        Ok(())
    }
}

struct Written {
    cid: Cid,
    /// The tag of the file, if this put created it.
    tag: Option<String>,
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Store for Objects {
    fn url(&self) -> &str {
        &self.url
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        let mut written = Vec::new();
        let Err(error) = self.write_all(blocks, &mut written).await else { return Ok(written.len() as u64) };
        if let Err(undo) = self.undo(written).await {
            tracing::warn!(store = self.url, "blocks of a failed put stay until the next sweep: {undo}");
        }
        Err(error)
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.read(cid).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        match self.find(cid).await {
            Ok(()) => Ok(true),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        let _no_sweep = match &self.gate {
            Some(gate) => Some(gate.together().await?),
            None => None,
        };
        self.reachable(vec![*root]).await?;
        self.objects.put(&pin_path(root), Bytes::new().into()).await.map_err(|error| self.failed(error))?;
        Ok(())
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.remove(&pin_path(root)).await
    }

    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        let Some(gate) = &self.gate else { return Ok(0) };
        let alone = gate.alone().await?;
        let kept = self.pinned(&alone).await?;
        let now = system_time();
        let mut blocks = self.objects.list(Some(&Path::from("blocks"))).map_err(|error| self.failed(error));
        let mut removed = 0;
        while let Some(meta) = blocks.try_next().await? {
            let age = now.duration_since(meta.last_modified.into()).unwrap_or_default();
            let loose = cid_in(&meta.location).is_some_and(|cid| !kept.contains(&cid));
            if loose && age >= older_than {
                self.remove(&meta.location).await?;
                removed += 1;
            }
        }
        gate.sweep_staging().await;
        Ok(removed)
    }
}

fn block_path(cid: &Cid) -> Path {
    let name = cid.to_string();
    Path::from_iter(["blocks", &name[name.len().saturating_sub(2)..], &name])
}

fn pin_path(root: &Cid) -> Path {
    Path::from_iter(["pins", &root.to_string()])
}

/// The CID of a path; `None` for a file of another program in the directory.
fn cid_in(path: &Path) -> Option<Cid> {
    path.filename()?.parse().ok()
}
