//! The source of a record: a file, bytes, or a stream.

#[cfg(not(target_family = "wasm"))]
mod file;
#[cfg(target_family = "wasm")]
#[path = "source/no_file.rs"]
mod file;

use std::fmt;

use bytes::Bytes;
use tokio::io::AsyncRead;

pub(crate) use self::file::FileCheck;
#[cfg(not(target_family = "wasm"))]
pub use self::file::readable_name;

use crate::{
    base::{
        error::{Error, Result},
        task::{MaybeSend, MaybeSync, Reader},
    },
    records::{
        details::{Details, own_details, shared_details},
        detect::{ActiveDetector, DetectMediaType, Detector},
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
    #[cfg(not(target_family = "wasm"))]
    File(file::AtPath),
    Bytes {
        name: String,
        bytes: Bytes,
    },
    Reader {
        name: String,
        reader: Option<Reader>,
    },
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
    pub fn reader(name: impl Into<String>, reader: impl AsyncRead + MaybeSend + 'static) -> Self {
        SourceKind::Reader { name: name.into(), reader: Some(Box::pin(reader)) }.into()
    }

    /// Detects the media type from the bytes while they are read, unless [`media_type`](Source::media_type) sets it.
    /// `make` returns a new detector for each reading.
    pub fn detect<D: DetectMediaType + 'static>(
        mut self,
        make: impl Fn() -> D + MaybeSend + MaybeSync + 'static,
    ) -> Self {
        self.detector = Some(Detector::new(make));
        self
    }

    /// The name of the file or stream itself.
    pub(crate) fn own_name(&self) -> String {
        match &self.kind {
            #[cfg(not(target_family = "wasm"))]
            SourceKind::File(file) => file.name(),
            SourceKind::Bytes { name, .. } | SourceKind::Reader { name, .. } => name.clone(),
        }
    }

    /// Opens it. A second call fails if it can be read only once.
    pub(crate) async fn open(&mut self) -> Result<OpenSource> {
        let open = match &mut self.kind {
            #[cfg(not(target_family = "wasm"))]
            SourceKind::File(file) => file.open().await?,
            SourceKind::Bytes { bytes, .. } => {
                let size = Some(bytes.len() as u64);
                OpenSource {
                    reader: Box::pin(std::io::Cursor::new(bytes.clone())),
                    size,
                    file_check: FileCheck::default(),
                    detector: None,
                }
            }
            SourceKind::Reader { reader, .. } => {
                let reader = reader.take().ok_or_else(read_once)?;
                OpenSource { reader, size: None, file_check: FileCheck::default(), detector: None }
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

/// A source that is being read.
pub(crate) struct OpenSource {
    pub(crate) reader: Reader,
    /// Size in bytes, if it is known before reading.
    pub(crate) size: Option<u64>,
    pub(crate) file_check: FileCheck,
    /// Detects its media type.
    pub(crate) detector: Option<ActiveDetector>,
}

/// Shows the name alone.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.own_name()).finish()
    }
}
