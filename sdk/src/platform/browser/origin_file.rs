//! A file in the private file system of the origin (OPFS).

use std::{fmt, io};

use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::{
    called, io_error,
    lock::{NoLock, WebLock},
    navigator, object, part, thrown,
};
use crate::{
    base::error::{Error, Result, fail},
    platform::cache::own::Memory,
};

/// The folder of all files.
const FOLDER: &str = "hospital-record";

/// A file of this origin that survives the tab. One worker of all tabs has it at a time.
///
/// The browser may remove it when the disk is full, unless the page asked for
/// [persistent storage](https://developer.mozilla.org/docs/Web/API/StorageManager/persist); and people can remove it. Then
/// the person is as on a new machine: accepted keys of others and histories that were seen are forgotten.
pub struct OriginFile(SendWrapper<Open>);

struct Open {
    name: String,
    handle: FileSystemSyncAccessHandle,
    /// Some browsers have none; the handle is exclusive too.
    _lock: Option<WebLock>,
}

impl OriginFile {
    /// Opens the file of this name, or makes it. Only in a dedicated worker.
    ///
    /// # Errors
    /// [`Conflict`](Error::Conflict) if another tab has it, [`Invalid`](Error::Invalid) if this browser or this place has
    /// no such files, [`File`](Error::File) if the browser refuses it.
    pub async fn open(name: &str) -> Result<Self> {
        Self::with(name, false).await
    }

    /// The same, after the tabs that have it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_in_turn(name: &str) -> Result<Self> {
        Self::with(name, true).await
    }

    async fn with(name: &str, wait: bool) -> Result<Self> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            return fail!(Invalid, "a file of a browser is named by up to 64 letters, digits, - and _");
        }
        let lock = match WebLock::take(&format!("{FOLDER}/{name}"), wait).await {
            Ok(lock) => Some(lock),
            Err(NoLock::Unknown) => None,
            Err(NoLock::Held) => return Err(in_use(name)),
        };
        let handle = opened(name).await?;
        Ok(Self(SendWrapper::new(Open { name: name.to_owned(), handle, _lock: lock })))
    }
}

async fn opened(name: &str) -> Result<FileSystemSyncAccessHandle> {
    let no_files =
        || Error::Invalid("this browser has no files for web pages: use another one, or keep nothing".into());
    let storage = navigator().and_then(|navigator| part(&navigator, "storage")).ok_or_else(no_files)?;
    let refused = |error: JsValue| refused(name, &error);
    let create = JsValue::from(object([("create", true.into())]));
    let root = called(&storage, "getDirectory", &[]).await.ok_or_else(no_files)?.map_err(refused)?;
    let folder = called(&root, "getDirectoryHandle", &[FOLDER.into(), create.clone()]).await;
    let folder = folder.ok_or_else(no_files)?.map_err(refused)?;
    let file = called(&folder, "getFileHandle", &[format!("{name}.redb").into(), create]).await;
    let file = file.ok_or_else(no_files)?.map_err(refused)?;
    let handle = called(&file, "createSyncAccessHandle", &[]).await;
    let no_worker =
        || Error::Invalid("files of a browser are opened in a dedicated worker: start the SDK in one".into());
    Ok(handle.ok_or_else(no_worker)?.map_err(refused)?.unchecked_into())
}

fn refused(name: &str, error: &JsValue) -> Error {
    match thrown(error).0.as_str() {
        "NoModificationAllowedError" => in_use(name),
        _ => Error::file(name, io_error(error)),
    }
}

fn in_use(name: &str) -> Error {
    Error::Conflict(format!("another tab uses {name}: close it, or wait for it").into())
}

impl fmt::Debug for OriginFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OriginFile").field(&self.0.name).finish()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.handle.close();
    }
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

impl Memory for OriginFile {
    fn size(&self) -> io::Result<u64> {
        self.0.handle.get_size().map(|size| size as u64).map_err(|error| io_error(&error))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let read = self.0.handle.read_with_u8_array_and_options(out, &at(offset)).map_err(|error| io_error(&error))?;
        if read as usize == out.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn resize(&self, size: u64) -> io::Result<()> {
        self.0.handle.truncate_with_f64(size as f64).map_err(|error| io_error(&error))
    }

    fn sync(&self) -> io::Result<()> {
        self.0.handle.flush().map_err(|error| io_error(&error))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let options = at(offset);
        let written =
            self.0.handle.write_with_u8_array_and_options(bytes, &options).map_err(|error| io_error(&error))?;
        // A full disk may cut a write.
        if written as usize == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}
