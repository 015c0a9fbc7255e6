//! Excludes pins and sweeps from each other, also between processes. Helpers of directories are here too.

use std::{
    error::Error,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::{
    sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock},
    time::{Instant, sleep},
};

use crate::{platform::http, store::error::StoreError};

/// A staged file of this age belongs to a dead process: no process takes as long to write one block.
const STAGED: Duration = Duration::from_secs(3600);
/// How often to try a lock that another process holds.
const RETRY: Duration = Duration::from_millis(20);

/// The lock of a store. Pins share it (together), and a sweep takes it exclusively (alone). Between the check that a
/// DAG is complete and its pin, no block of it may be removed.
pub(super) enum Gate {
    Process(Arc<RwLock<()>>),
    Directory(Directory),
}

/// Holds the gate until dropped.
#[expect(dead_code, reason = "held, never read")]
pub(super) enum Guard {
    Together(OwnedRwLockReadGuard<()>),
    Alone(OwnedRwLockWriteGuard<()>),
    File(File),
}

impl Gate {
    pub(super) fn process() -> Self {
        Self::Process(Arc::default())
    }

    pub(super) fn directory(path: PathBuf, url: String, timeout: Duration) -> Self {
        Self::Directory(Directory { path, url, timeout })
    }

    pub(super) async fn together(&self) -> Result<Guard, StoreError> {
        match self {
            Self::Process(lock) => Ok(Guard::Together(lock.clone().read_owned().await)),
            Self::Directory(directory) => directory.lock(File::try_lock_shared).await.map(Guard::File),
        }
    }

    pub(super) async fn alone(&self) -> Result<Guard, StoreError> {
        match self {
            Self::Process(lock) => Ok(Guard::Alone(lock.clone().write_owned().await)),
            Self::Directory(directory) => directory.lock(File::try_lock).await.map(Guard::File),
        }
    }

    /// Removes the half-written files of dead processes.
    pub(super) async fn sweep_staging(&self) {
        let Self::Directory(directory) = self else { return };
        let blocks = directory.path.join("blocks");
        let swept = tokio::task::spawn_blocking(move || sweep_staging(&blocks)).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!("half-written files stay until the next sweep: {error}");
        }
    }
}

pub(super) struct Directory {
    path: PathBuf,
    url: String,
    timeout: Duration,
}

impl Directory {
    async fn lock(&self, attempt: impl Fn(&File) -> Result<(), TryLockError> + Send) -> Result<File, StoreError> {
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

/// Whether a full disk is among the causes of `error`.
pub(super) fn is_full(error: &(dyn Error + 'static)) -> bool {
    let is_full = |error: &io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    http::chain(error).filter_map(|error| error.downcast_ref()).any(is_full)
}
