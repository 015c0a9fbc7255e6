//! Files as sources. Only a file can be read twice, and only if it did not change.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::SystemTime,
};

use tokio::fs::File;

use crate::{
    base::error::{Error, Result, fail},
    platform::file::is_descriptor,
    records::source::{OpenSource, Source, SourceKind, read_once},
};

/// A path, and what was there when it was read.
pub(super) struct AtPath {
    path: PathBuf,
    state: PathState,
}

/// The kind of file at a path when it was read before.
enum PathState {
    Unread,
    Stream,
    File(Stamp),
}

impl AtPath {
    pub(super) fn name(&self) -> String {
        self.path.file_name().map(readable_name).unwrap_or_default()
    }

    pub(super) async fn open(&mut self) -> Result<OpenSource> {
        open_path(&self.path, &mut self.state).await
    }
}

fn changed(path: &Path) -> Error {
    Error::Conflict(format!("{} changed while it was read: add it again", path.display()).into())
}

/// A file name as text. Bytes that are not UTF-8 become `%E9` and the like, so that different names stay different.
pub fn readable_name(name: &OsStr) -> String {
    let mut readable = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        readable.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| readable.push_str(&format!("%{byte:02X}")));
    }
    readable
}

/// Opens a path. Only a file can be opened twice, and only if it did not change.
async fn open_path(path: &Path, state: &mut PathState) -> Result<OpenSource> {
    let fail = |error: std::io::Error| Error::file(path, error);
    match state {
        PathState::Unread => {}
        PathState::Stream => return Err(read_once()),
        // Checked before the open: opening a pipe that replaced the file would wait for ever.
        PathState::File(stamp) if Stamp::of(&tokio::fs::metadata(path).await.map_err(fail)?) != *stamp => {
            return Err(changed(path));
        }
        PathState::File(_) => {}
    }
    let file = File::open(path).await.map_err(fail)?;
    let metadata = file.metadata().await.map_err(fail)?;
    if !metadata.is_file() && !is_stream(&metadata) {
        return fail!(Invalid, "{} is not a file; a folder is added as a bundle", path.display());
    }
    let stamp = Stamp::of(&metadata);
    if matches!(state, PathState::File(earlier) if *earlier != stamp) {
        return Err(changed(path));
    }
    let rereadable = metadata.is_file() && !is_descriptor(path);
    *state = if rereadable { PathState::File(stamp.clone()) } else { PathState::Stream };
    let size = metadata.is_file().then_some(metadata.len());
    let file_check = FileCheck(metadata.is_file().then(|| (path.to_path_buf(), stamp)));
    Ok(OpenSource { reader: Box::pin(file), size, file_check, detector: None })
}

#[cfg(unix)]
fn is_stream(file: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let kind = file.file_type();
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
fn is_stream(_: &std::fs::Metadata) -> bool {
    false
}

/// Identifies one state of a file. It includes the inode and its change time, because a modification time can be set back.
#[derive(Clone, PartialEq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
}

impl Stamp {
    fn of(metadata: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            #[cfg(unix)]
            node: (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The state of a file when it was opened, to compare after the last byte.
#[derive(Default)]
pub(crate) struct FileCheck(Option<(PathBuf, Stamp)>);

impl FileCheck {
    /// The same error with the path of this file.
    pub(crate) fn named(&self, error: Error) -> Error {
        match (error, &self.0) {
            (Error::File { reason, kind, .. }, Some((path, _))) => Error::File { path: path.clone(), reason, kind },
            (error, _) => error,
        }
    }

    /// Fails if the file changed after it was opened, or is not as long as the bytes that were read.
    pub(crate) async fn require_unchanged(&self, size: u64) -> Result<()> {
        let Some((path, stamp)) = &self.0 else { return Ok(()) };
        let metadata = tokio::fs::metadata(path).await.map_err(|error| Error::file(path, error))?;
        if Stamp::of(&metadata) != *stamp {
            return Err(changed(path));
        }
        match size == stamp.size {
            true => Ok(()),
            false if stamp.size == 0 => fail!(
                Conflict,
                "{} holds more than the system says (0 bytes): add it through a pipe, as a stream",
                path.display()
            ),
            false => Err(changed(path)),
        }
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::from(path.to_path_buf())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        SourceKind::File(AtPath { path, state: PathState::Unread }).into()
    }
}

impl From<&PathBuf> for Source {
    fn from(path: &PathBuf) -> Self {
        Self::from(path.clone())
    }
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Self::from(PathBuf::from(path))
    }
}

impl From<String> for Source {
    fn from(path: String) -> Self {
        Self::from(PathBuf::from(path))
    }
}
