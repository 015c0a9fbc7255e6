//! What is added: a file, bytes, or a stream.

use std::{
    fmt,
    path::{Path, PathBuf},
    pin::Pin,
    time::SystemTime,
};

use bytes::Bytes;
use tokio::{fs::File, io::AsyncRead};

use crate::{
    Error, Result,
    details::{Details, own_details, shared_details},
};

pub(crate) type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// The plaintext of a record and the name it is stored under.
///
/// A path or bytes can be read again when keys moved on while they were uploaded; a [`reader`](Source::reader) cannot,
/// so that its caller is told to start over.
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
}

shared_details!(Source);
own_details!(Source);

enum Kind {
    Path(PathBuf),
    Bytes { name: String, bytes: Bytes },
    Reader { name: String, reader: Option<Reader> },
}

impl From<Kind> for Source {
    fn from(kind: Kind) -> Self {
        Self { kind, details: Details::default() }
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

    /// The name that it has by itself: recorded unless somebody gives another.
    pub(crate) fn own_name(&self) -> String {
        match &self.kind {
            Kind::Path(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            Kind::Bytes { name, .. } | Kind::Reader { name, .. } => name.clone(),
        }
    }

    /// Opens it; the second time only where it can be read again.
    pub(crate) async fn open(&mut self) -> Result<Open> {
        match &mut self.kind {
            Kind::Path(path) => open_file(path).await,
            Kind::Bytes { bytes, .. } => {
                let size = Some(bytes.len() as u64);
                Ok(Open { reader: Box::pin(std::io::Cursor::new(bytes.clone())), size, file: None })
            }
            Kind::Reader { reader, .. } => {
                let reader = reader.take().ok_or_else(|| {
                    Error::Conflict(
                        "keys moved on while the stream was uploaded, and it cannot be read again: add it once more"
                            .into(),
                    )
                })?;
                Ok(Open { reader, size: None, file: None })
            }
        }
    }
}

async fn open_file(path: &Path) -> Result<Open> {
    let fail = |error: std::io::Error| Error::file(path, &error);
    let file = File::open(path).await.map_err(fail)?;
    let seen = file.metadata().await.map_err(fail)?;
    if !seen.is_file() && !is_stream(&seen) {
        return Err(Error::Invalid(format!("{} is not a file; a folder is added as a bundle", path.display())));
    }
    let size = seen.is_file().then_some(seen.len());
    let stamp = Stamp { size: seen.len(), modified: seen.modified().ok() };
    let watched = seen.is_file().then(|| (path.to_path_buf(), stamp));
    Ok(Open { reader: Box::pin(file), size, file: watched })
}

#[cfg(unix)]
fn is_stream(file: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    let kind = file.file_type();
    kind.is_fifo() || kind.is_char_device()
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
}

#[derive(PartialEq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
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
        let now = tokio::fs::metadata(path).await.map_err(|error| Error::file(path, &error))?;
        let after = Stamp { size: now.len(), modified: now.modified().ok() };
        if after != *before || read != before.size {
            return Err(Error::Conflict(format!("{} changed while it was read: add it again", path.display())));
        }
        Ok(())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Kind::Path(path.to_path_buf()).into()
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Kind::Path(path).into()
    }
}

impl From<&PathBuf> for Source {
    fn from(path: &PathBuf) -> Self {
        Kind::Path(path.clone()).into()
    }
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Kind::Path(path.into()).into()
    }
}

impl From<String> for Source {
    fn from(path: String) -> Self {
        Kind::Path(path.into()).into()
    }
}

/// Shows the name alone.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.own_name()).finish()
    }
}
