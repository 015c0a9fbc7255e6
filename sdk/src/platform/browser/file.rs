//! A file in the private file system of the origin (OPFS).

use std::{cell::Cell, fmt, io};

use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{FileSystemReadWriteOptions, FileSystemSyncAccessHandle};

use super::{
    called, io_error,
    lock::WebLock,
    navigator, object, part,
    storage::{FOLDER, in_use},
    thrown,
};
use crate::{
    base::{
        error::{Error, Result, fail},
        task::{BoxFuture, FutureInBox},
    },
    platform::cache::own::Memory,
};

pub(super) struct OriginFile(SendWrapper<Open>);

struct Open {
    file: Handle,
    /// Whether something was written since it was last known to be there.
    wrote: Cell<bool>,
    /// Some browsers have none; the handle is exclusive too.
    _lock: Option<WebLock>,
}

/// A file that this worker alone has open.
pub(super) struct Handle {
    folder: JsValue,
    name: String,
    sync: FileSystemSyncAccessHandle,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.sync.close();
    }
}

impl OriginFile {
    pub(super) fn new(file: Handle, lock: Option<WebLock>) -> Self {
        Self(SendWrapper::new(Open { file, wrote: Cell::new(false), _lock: lock }))
    }

    /// `None` where this browser has no such files, or opens none here, and there is no file of this name.
    pub(super) async fn handle(name: &str) -> Result<Option<Handle>> {
        let refused = |error: JsValue| refused(name, &error);
        let Some(storage) = navigator().and_then(|navigator| part(&navigator, "storage")) else { return Ok(None) };
        let Some(root) = called(&storage, "getDirectory", &[]).await else { return Ok(None) };
        let create = JsValue::from(object([("create", true.into())]));
        let root = match root {
            Ok(root) => root,
            // A private window may have the method, and refuse.
            Err(error) if matches!(thrown(&error).0.as_str(), "SecurityError" | "NotAllowedError") => return Ok(None),
            // There may be a file, so a database in its place would forget what it holds.
            Err(error) => return Err(refused(error)),
        };
        let folder = called(&root, "getDirectoryHandle", &[FOLDER.into(), create.clone()]).await;
        let Some(folder) = folder.transpose().map_err(refused)? else { return Ok(None) };
        let name = format!("{name}.redb");
        let existing = found(&folder, &name).await.map_err(refused)?;
        let file = match (existing, opens_files_here()) {
            (Some(_), false) => {
                return fail!(
                    Invalid,
                    "files of a browser are opened in a dedicated worker: start the SDK in one, as before"
                );
            }
            (None, false) => return Ok(None),
            (Some(file), true) => file,
            (None, true) => {
                let made = called(&folder, "getFileHandle", &[name.as_str().into(), create]).await;
                let Some(made) = made.transpose().map_err(refused)? else { return Ok(None) };
                made
            }
        };
        let sync = called(&file, "createSyncAccessHandle", &[]).await.transpose().map_err(refused)?;
        Ok(sync.map(|sync| Handle { folder, name, sync: sync.unchecked_into() }))
    }
}

/// The file of this name, if it is there.
async fn found(folder: &JsValue, name: &str) -> Result<Option<JsValue>, JsValue> {
    match called(folder, "getFileHandle", &[name.into()]).await {
        None => Ok(None),
        Some(Err(error)) if thrown(&error).0 == "NotFoundError" => Ok(None),
        Some(found) => found.map(Some),
    }
}

/// Only a dedicated worker does.
fn opens_files_here() -> bool {
    let class = part(&js_sys::global(), "FileSystemFileHandle").and_then(|class| part(&class, "prototype"));
    class.is_some_and(|class| part(&class, "createSyncAccessHandle").is_some())
}

fn refused(name: &str, error: &JsValue) -> Error {
    match thrown(error).0.as_str() {
        "NoModificationAllowedError" => in_use(name),
        _ => Error::file(name, io_error(error)),
    }
}

impl fmt::Debug for OriginFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OriginFile").field(&self.0.file.name).finish()
    }
}

fn at(offset: u64) -> FileSystemReadWriteOptions {
    let options = FileSystemReadWriteOptions::new();
    options.set_at(offset as f64);
    options
}

impl Memory for OriginFile {
    fn size(&self) -> io::Result<u64> {
        self.0.file.sync.get_size().map(|size| size as u64).map_err(|error| io_error(&error))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let read = self.0.file.sync.read_with_u8_array_and_options(out, &at(offset));
        let read = read.map_err(|error| io_error(&error))?;
        if read as usize == out.len() { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn resize(&self, size: u64) -> io::Result<()> {
        self.0.wrote.set(true);
        self.0.file.sync.truncate_with_f64(size as f64).map_err(|error| io_error(&error))
    }

    fn sync(&self) -> io::Result<()> {
        self.0.file.sync.flush().map_err(|error| io_error(&error))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.wrote.set(true);
        let written = self.0.file.sync.write_with_u8_array_and_options(bytes, &at(offset));
        let written = written.map_err(|error| io_error(&error))?;
        // A full disk may cut a write.
        if written as usize == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    /// A file that was removed takes writes as before, and loses them.
    fn saved(&self) -> BoxFuture<'_, io::Result<()>> {
        let open = &*self.0;
        async {
            if open.wrote.get() {
                let file = called(&open.file.folder, "getFileHandle", &[open.file.name.as_str().into()]).await;
                file.ok_or(io::ErrorKind::Unsupported)?.map_err(|error| match thrown(&error).0.as_str() {
                    "NotFoundError" => removed(),
                    _ => io_error(&error),
                })?;
                open.wrote.set(false);
            }
            Ok(())
        }
        .in_box()
    }
}

pub(super) fn removed() -> io::Error {
    let words = "the browser removed this page's storage: load the page again; what was not finished is forgotten, so look \
                 in the history before you repeat anything";
    io::Error::new(io::ErrorKind::NotFound, words)
}
