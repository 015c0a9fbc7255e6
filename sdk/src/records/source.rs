//! The source of a record: a file, bytes, or a stream.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use tokio::{fs::File, io::AsyncRead};

use crate::{
    base::error::{Error, Result, fail},
    platform::file::is_descriptor,
    records::{
        details::{Details, own_details, shared_details},
        detect::{ActiveDetector, DetectMediaType, Detector, Reader},
    },
};

/// The plaintext of a record, with its name and other details.
///
/// If the folder's keys change during an upload, a file or bytes are read again. A [`reader`](Source::reader) can be read
/// only once, and so can a pipe, a device or a descriptor (`/dev/fd/63`): the caller must start over.
///
/// Details of the source (name, media type, ...) hold unless the verb sets its own. So each file of one
/// [`add_many`](crate::Client::add_many) can have its own details.
///
/// ```
/// # use hospital_record::Source;
/// let scan = Source::from("IM000001").media_type("application/dicom").document_type("18748-4");
/// ```
pub struct Source {
    kind: SourceKind,
    pub(crate) details: Details,
    /// Detects the media type if none is set.
    pub(crate) detector: Option<Detector>,
}

shared_details!(Source);
own_details!(Source);

enum SourceKind {
    Path { path: PathBuf, state: PathState },
    Bytes { name: String, bytes: Bytes },
    Reader { name: String, reader: Option<Reader> },
}

/// The kind of file at a path when it was read before.
enum PathState {
    Unread,
    Stream,
    File(Stamp),
}

impl From<SourceKind> for Source {
    fn from(kind: SourceKind) -> Self {
        Self { kind, details: Details::default(), detector: None }
    }
}

impl Source {
    /// A source of bytes in memory.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        SourceKind::Bytes { name: name.into(), bytes: bytes.into() }.into()
    }

    /// A source that can be read only once.
    pub fn reader(name: impl Into<String>, reader: impl AsyncRead + Send + 'static) -> Self {
        SourceKind::Reader { name: name.into(), reader: Some(Box::pin(reader)) }.into()
    }

    /// Detects the media type from the bytes while they are read, unless [`media_type`](Source::media_type) sets it.
    /// `make` returns a new detector for each reading.
    pub fn detect<D: DetectMediaType + 'static>(mut self, make: impl Fn() -> D + Send + Sync + 'static) -> Self {
        self.detector = Some(Detector::new(make));
        self
    }

    /// The name of the file or stream itself.
    pub(crate) fn own_name(&self) -> String {
        match &self.kind {
            SourceKind::Path { path, .. } => path.file_name().map(readable_name).unwrap_or_default(),
            SourceKind::Bytes { name, .. } | SourceKind::Reader { name, .. } => name.clone(),
        }
    }

    /// Opens it. A second call fails if it can be read only once.
    pub(crate) async fn open(&mut self) -> Result<OpenSource> {
        let open = match &mut self.kind {
            SourceKind::Path { path, state } => open_path(path, state).await?,
            SourceKind::Bytes { bytes, .. } => {
                let size = Some(bytes.len() as u64);
                OpenSource { reader: Box::pin(std::io::Cursor::new(bytes.clone())), size, file: None, detector: None }
            }
            SourceKind::Reader { reader, .. } => {
                let reader = reader.take().ok_or_else(read_once)?;
                OpenSource { reader, size: None, file: None, detector: None }
            }
        };
        Ok(match &self.detector {
            Some(detector) => {
                let (reader, detector) = detector.watch(open.reader);
                OpenSource { reader, detector: Some(detector), ..open }
            }
            None => open,
        })
    }
}

fn read_once() -> Error {
    Error::Conflict(
        "the folder's keys changed during the upload, and a stream cannot be read again: add it once more".into(),
    )
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
    let stamped = metadata.is_file().then(|| (path.to_path_buf(), stamp));
    Ok(OpenSource { reader: Box::pin(file), size, file: stamped, detector: None })
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

/// A source that is being read.
pub(crate) struct OpenSource {
    pub(crate) reader: Reader,
    /// Size in bytes, if it is known before reading.
    pub(crate) size: Option<u64>,
    file: Option<(PathBuf, Stamp)>,
    /// Detects its media type.
    pub(crate) detector: Option<ActiveDetector>,
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
pub(crate) struct FileCheck(Option<(PathBuf, Stamp)>);

impl OpenSource {
    pub(crate) fn file_check(&mut self) -> FileCheck {
        FileCheck(self.file.take())
    }
}

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
        SourceKind::Path { path, state: PathState::Unread }.into()
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

/// Shows the name alone.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.own_name()).finish()
    }
}
