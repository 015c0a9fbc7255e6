//! Files that appear only when they are complete.

use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::{Error, Result};

/// A file under a temporary name beside its place, readable by its owner alone; gone when it is dropped unfinished.
pub(crate) struct NewFile {
    path: PathBuf,
    overwrite: bool,
    file: tokio::fs::File,
    temporary: TempPath,
}

impl NewFile {
    pub(crate) fn create(path: &Path, overwrite: bool) -> Result<Self> {
        if !overwrite && path.symlink_metadata().is_ok() {
            return Err(exists(path));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::with_prefix_in(".hospital-record-", folder).map_err(|e| Error::file(path, &e))?;
        let (file, temporary) = file.into_parts();
        Ok(Self { path: path.into(), overwrite, file: tokio::fs::File::from_std(file), temporary })
    }

    pub(crate) fn writer(&mut self) -> &mut (dyn AsyncWrite + Unpin + Send) {
        &mut self.file
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(|error| Error::file(&self.path, &error))
    }

    /// Makes it durable and gives it its name.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let failed = |error: std::io::Error| Error::file(&self.path, &error);
        self.file.flush().await.map_err(failed)?;
        self.file.sync_all().await.map_err(failed)?;
        if self.overwrite {
            return self.temporary.persist(&self.path).map_err(|error| Error::file(&self.path, &error.error));
        }
        self.temporary.persist_noclobber(&self.path).map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => Error::file(&self.path, &error.error),
        })
    }
}

/// Opens or creates a file that its owner alone can read.
pub(crate) fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn exists(path: &Path) -> Error {
    Error::Invalid(format!("{} exists: choose another name, or say that it may be replaced", path.display()))
}
