//! Excludes pins and sweeps from each other, also between processes.

use std::{error::Error, io, sync::Arc};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::{platform::http, store::error::StoreError};

/// The lock of a store. Pins share it (together), and a sweep takes it exclusively (alone). Between the check that a
/// DAG is complete and its pin, no block of it may be removed.
pub(super) enum Gate {
    Process(Arc<RwLock<()>>),
    #[cfg(not(target_family = "wasm"))]
    Directory(crate::store::object::directory::Directory),
}

/// Holds the gate until dropped.
#[expect(dead_code, reason = "held, never read")]
pub(super) enum Guard {
    Together(OwnedRwLockReadGuard<()>),
    Alone(OwnedRwLockWriteGuard<()>),
    #[cfg(not(target_family = "wasm"))]
    File(std::fs::File),
}

impl Gate {
    pub(super) fn process() -> Self {
        Self::Process(Arc::default())
    }

    pub(super) async fn together(&self) -> Result<Guard, StoreError> {
        match self {
            Self::Process(lock) => Ok(Guard::Together(lock.clone().read_owned().await)),
            #[cfg(not(target_family = "wasm"))]
            Self::Directory(directory) => directory.lock(std::fs::File::try_lock_shared).await.map(Guard::File),
        }
    }

    pub(super) async fn alone(&self) -> Result<Guard, StoreError> {
        match self {
            Self::Process(lock) => Ok(Guard::Alone(lock.clone().write_owned().await)),
            #[cfg(not(target_family = "wasm"))]
            Self::Directory(directory) => directory.lock(std::fs::File::try_lock).await.map(Guard::File),
        }
    }

    /// Removes the half-written files of dead processes.
    pub(super) async fn sweep_staging(&self) {
        #[cfg(not(target_family = "wasm"))]
        if let Self::Directory(directory) = self {
            directory.sweep_staging().await;
        }
    }
}

/// Whether a full disk is among the causes of `error`.
pub(super) fn is_full(error: &(dyn Error + 'static)) -> bool {
    let is_full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    http::chain(error).filter_map(|error| error.downcast_ref()).any(is_full)
}
