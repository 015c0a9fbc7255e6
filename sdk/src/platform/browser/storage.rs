//! Storage of the origin: a file where the browser has files, else a database.

use std::sync::Arc;

use super::{
    file::OriginFile,
    lock::{NoLock, WebLock},
    pages::Pages,
};
use crate::{
    base::error::{Error, Result, fail},
    platform::cache::own::Memory,
};

/// The folder of all files, and the prefix of locks and databases.
pub(super) const FOLDER: &str = "hospital-record";

/// Opens the storage of this name, or makes it, for [`own_memory`](crate::Config::own_memory). It survives the tab, and one
/// tab has it at a time.
///
/// It is a file (OPFS) in a dedicated worker of a browser that has such files. Else it is a database (IndexedDB), which is
/// kept in memory as a whole and is slower. Under one name it stays what it was at first.
///
/// The browser may remove it when the disk is full, unless the page asked for
/// [persistent storage](https://developer.mozilla.org/docs/Web/API/StorageManager/persist); and people can remove it. The
/// next write reports that. After a reload the person is as on a new machine: accepted keys of others and histories that
/// were seen are forgotten.
///
/// # Errors
/// [`Conflict`](Error::Conflict) if another tab has it, [`Invalid`](Error::Invalid) if this browser has no storage,
/// [`File`](Error::File) if the browser refuses it.
pub async fn open_storage(name: &str) -> Result<Arc<dyn Memory>> {
    open(name, false).await
}

/// As [`open_storage`], after the tabs that have it.
///
/// # Errors
/// As there.
pub async fn open_storage_in_turn(name: &str) -> Result<Arc<dyn Memory>> {
    open(name, true).await
}

async fn open(name: &str, wait: bool) -> Result<Arc<dyn Memory>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
        return fail!(Invalid, "a browser's storage is named by up to 64 letters, digits, - and _");
    }
    let lock = match WebLock::take(&format!("{FOLDER}/{name}"), wait).await {
        Ok(lock) => Some(lock),
        // A file is exclusive by itself, and a database knows its newest owner.
        Err(NoLock::Unknown) => None,
        Err(NoLock::Held) => return Err(in_use(name)),
    };
    if let Some(pages) = Pages::existing(name).await? {
        return Ok(Arc::new(pages.owned(lock).await?));
    }
    match OriginFile::handle(name).await? {
        Some(handle) => Ok(Arc::new(OriginFile::new(handle, lock))),
        None => Ok(Arc::new(Pages::create(name).await?.owned(lock).await?)),
    }
}

pub(super) fn in_use(name: &str) -> Error {
    Error::Conflict(format!("another tab uses {name}: close it, or wait for it").into())
}
