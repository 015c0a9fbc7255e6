//! What is added: a file, bytes, or a stream.

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use tokio::{fs::File, io::AsyncRead};

use crate::{
    base::error::{Error, Result},
    platform::file::is_descriptor,
    records::{
        details::{Details, own_details, shared_details},
        detect::{DetectMediaType, Detector, Reader, Watching},
    },
};

/// The plaintext of a record and the name it is stored under.
///
/// A file or bytes can be read again when keys moved on while they were uploaded. A [`reader`](Source::reader) cannot,
/// and neither can a path that names a pipe, a device or a descriptor (`/dev/fd/63`): the caller starts over.
///
/// What is said of it here (its name, its media type, ...) holds unless the verb itself says otherwise: so the files of
/// one [`add_many`](crate::Client::add_many) can differ.
///
/// ```
/// # use hospital_record::Source;
/// let scan = Source::from("IM000001").media_type("application/dicom").document_type("18748-4");
/// ```
pub struct Source {
    kind: Kind,
    pub(crate) details: Details,
    /// Asked for the media type where nobody says it.
    pub(crate) detector: Option<Detector>,
}

shared_details!(Source);
own_details!(Source);

enum Kind {
    Path { path: PathBuf, before: Before },
    Bytes { name: String, bytes: Bytes },
    Reader { name: String, reader: Option<Reader> },
}

/// What a path was when it was read, if it was.
enum Before {
    Unread,
    Stream,
    File(Stamp),
}

impl From<Kind> for Source {
    fn from(kind: Kind) -> Self {
        Self { kind, details: Details::default(), detector: None }
    }
}

impl Source {
    /// Bytes in memory.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Kind::Bytes { name: name.into(), bytes: bytes.into() }.into()
    }

    /// Anything that can be read once, to its end.
    pub fn reader(name: impl Into<String>, reader: impl AsyncRead + Send + 'static) -> Self {
        Kind::Reader { name: name.into(), reader: Some(Box::pin(reader)) }.into()
    }

    /// Finds the media type from the bytes themselves, while they are read, unless it is [said](Source::media_type).
    /// `make` gives a new detector for each reading.
    pub fn detect<D: DetectMediaType + 'static>(mut self, make: impl Fn() -> D + Send + Sync + 'static) -> Self {
        self.detector = Some(Detector::new(make));
        self
    }

    /// The name that it has by itself: recorded unless somebody gives another.
    pub(crate) fn own_name(&self) -> String {
        match &self.kind {
            Kind::Path { path, .. } => path.file_name().map(readable_name).unwrap_or_default(),
            Kind::Bytes { name, .. } | Kind::Reader { name, .. } => name.clone(),
        }
    }

    /// Opens it; the second time only where it can be read again.
    pub(crate) async fn open(&mut self) -> Result<Open> {
        let open = match &mut self.kind {
            Kind::Path { path, before } => open_path(path, before).await?,
            Kind::Bytes { bytes, .. } => {
                let size = Some(bytes.len() as u64);
                Open { reader: Box::pin(std::io::Cursor::new(bytes.clone())), size, file: None, watching: None }
            }
            Kind::Reader { reader, .. } => {
                let reader = reader.take().ok_or_else(read_once)?;
                Open { reader, size: None, file: None, watching: None }
            }
        };
        Ok(match &self.detector {
            Some(detector) => {
                let (reader, watching) = detector.watch(open.reader);
                Open { reader, watching: Some(watching), ..open }
            }
            None => open,
        })
    }
}

fn read_once() -> Error {
    Error::Conflict("keys moved on while the stream was uploaded, and it cannot be read again: add it once more".into())
}

fn changed(path: &Path) -> Error {
    Error::Conflict(format!("{} changed while it was read: add it again", path.display()).into())
}

/// Names are text. Bytes of another encoding are shown as `%E9`, so that two names stay two.
pub fn readable_name(name: &OsStr) -> String {
    let mut readable = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        readable.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| readable.push_str(&format!("%{byte:02X}")));
    }
    readable
}

/// Only a file is read twice, and only while it is the same.
async fn open_path(path: &Path, before: &mut Before) -> Result<Open> {
    let fail = |error: std::io::Error| Error::file(path, error);
    match before {
        Before::Unread => {}
        Before::Stream => return Err(read_once()),
        // Looked at before it is opened: opening a pipe that took its place waits for ever.
        Before::File(stamp) if Stamp::of(&tokio::fs::metadata(path).await.map_err(fail)?) != *stamp => {
            return Err(changed(path));
        }
        Before::File(_) => {}
    }
    let file = File::open(path).await.map_err(fail)?;
    let seen = file.metadata().await.map_err(fail)?;
    if !seen.is_file() && !is_stream(&seen) {
        return Err(Error::Invalid(format!("{} is not a file; a folder is added as a bundle", path.display()).into()));
    }
    let stamp = Stamp::of(&seen);
    if matches!(before, Before::File(known) if *known != stamp) {
        return Err(changed(path));
    }
    *before = if seen.is_file() && !is_descriptor(path) { Before::File(stamp.clone()) } else { Before::Stream };
    let size = seen.is_file().then_some(seen.len());
    let watched = seen.is_file().then(|| (path.to_path_buf(), stamp));
    Ok(Open { reader: Box::pin(file), size, file: watched, watching: None })
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
pub(crate) struct Open {
    pub(crate) reader: Reader,
    /// Bytes, where that is known beforehand.
    pub(crate) size: Option<u64>,
    file: Option<(PathBuf, Stamp)>,
    /// What finds its media type.
    pub(crate) watching: Option<Watching>,
}

/// What tells one state of a file from the next. A change of the inode is told too: times can be set back.
#[derive(Clone, PartialEq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    node: (u64, u64, i64, i64),
}

impl Stamp {
    fn of(seen: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        use std::os::unix::fs::MetadataExt;
        Self {
            size: seen.len(),
            modified: seen.modified().ok(),
            #[cfg(unix)]
            node: (seen.dev(), seen.ino(), seen.ctime(), seen.ctime_nsec()),
        }
    }
}

/// What an opened file looked like, to be compared when all of it was read.
pub(crate) struct Watch(Option<(PathBuf, Stamp)>);

impl Open {
    pub(crate) fn watch(&mut self) -> Watch {
        Watch(self.file.take())
    }
}

impl Watch {
    /// What went wrong while it was read, about the file by its path.
    pub(crate) fn named(&self, error: Error) -> Error {
        match (error, &self.0) {
            (Error::File { reason, kind, .. }, Some((path, _))) => Error::File { path: path.clone(), reason, kind },
            (error, _) => error,
        }
    }

    /// Fails when the file is not what it was when it was opened, or not as long as what was read of it.
    pub(crate) async fn unchanged(&self, read: u64) -> Result<()> {
        let Some((path, before)) = &self.0 else { return Ok(()) };
        let now = tokio::fs::metadata(path).await.map_err(|error| Error::file(path, error))?;
        if Stamp::of(&now) != *before {
            return Err(changed(path));
        }
        match read == before.size {
            true => Ok(()),
            false if before.size == 0 => Err(Error::Conflict(
                format!(
                    "{} holds more than the system says (0 bytes): add it through a pipe, as a stream",
                    path.display()
                )
                .into(),
            )),
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
        Kind::Path { path, before: Before::Unread }.into()
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
