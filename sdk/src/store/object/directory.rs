//! Blocks in a directory: files that appear complete, and a lock between processes.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use object_store::local::LocalFileSystem;
use url::Url;

use super::{Objects, gate::Gate};
use crate::{
    base::task::compute,
    platform::{
        clock::{Instant, sleep},
        file::create_private,
    },
    store::{
        error::{StoreError, redacted, with_causes},
        options::StoreOptions,
    },
};

/// A staged file of this age belongs to a dead process: no process takes as long to write one block.
const STAGED: Duration = Duration::from_secs(3600);
/// How often to try a lock that another process holds.
const RETRY: Duration = Duration::from_millis(20);

impl Objects {
    pub(in crate::store) fn directory(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let named = |path: &Path| {
            Url::from_file_path(path).map_or_else(|()| path.display().to_string(), |url| redacted(url.as_str()))
        };
        let refused = |reason, cause| StoreError::Refused { url: named(path), reason, source: Some(cause) };
        let failed = |error: io::Error| refused(with_causes(&error), error.into());
        create_private(path).map_err(failed)?;
        let path = path.canonicalize().map_err(failed)?;
        let objects =
            LocalFileSystem::new_with_prefix(&path).map_err(|error| refused(with_causes(&error), error.into()))?;
        let objects = objects.with_fsync(true);
        let url = named(&path);
        let gate = Some(Gate::Directory(Directory { path, url: url.clone(), timeout: options.timeout }));
        Ok(Self { gate, url, objects: Arc::new(objects) })
    }
}

pub(super) struct Directory {
    path: PathBuf,
    url: String,
    timeout: Duration,
}

impl Directory {
    /// Removes the half-written files of dead processes.
    pub(super) async fn sweep_staging(&self) {
        let blocks = self.path.join("blocks");
        if let Ok(Err(error)) = compute(move || sweep_staging(&blocks)).await {
            tracing::warn!("half-written files stay until the next sweep: {error}");
        }
    }

    pub(super) async fn lock(
        &self,
        attempt: impl Fn(&File) -> Result<(), TryLockError> + Send,
    ) -> Result<File, StoreError> {
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(self.path.join("lock"));
        let file = open.map_err(|error| self.failed(error))?;
        let deadline = Instant::now() + self.timeout;
        loop {
            match attempt(&file) {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(self.failed(error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(StoreError::TimedOut { url: self.url.clone(), after: self.timeout });
                }
                Err(TryLockError::WouldBlock) => sleep(RETRY).await,
            }
        }
    }

    fn failed(&self, error: io::Error) -> StoreError {
        let (url, kind, reason) = (self.url.clone(), error.kind(), error.to_string());
        let source = Some(error.into());
        match kind {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { url },
            ErrorKind::PermissionDenied => StoreError::Refused { url, reason, source },
            _ => StoreError::Failed { url, reason, source },
        }
    }
}

fn sweep_staging(blocks: &Path) -> io::Result<()> {
    for shard in fs::read_dir(blocks)?.filter_map(Result::ok) {
        if !shard.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(shard.path())?.filter_map(Result::ok) {
            // `object_store` writes `name#1` and renames it.
            let staged = file.file_name().to_string_lossy().contains('#');
            let modified = file.metadata().and_then(|meta| meta.modified()).unwrap_or_else(|_| SystemTime::now());
            if staged && modified.elapsed().unwrap_or_default() >= STAGED {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}
