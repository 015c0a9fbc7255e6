//! Files that appear only when they are complete, and pipes and devices.

use std::{
    io,
    path::{Path, PathBuf},
};

use tempfile::{NamedTempFile, TempPath};
use tokio::{fs::File, io::AsyncWriteExt};

use crate::base::{
    error::{Error, Result, fail},
    task::Writer,
};

/// Creates a folder that only its owner can read. An existing one stays as it is.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The target of a write. A file is written under a temporary name beside its target, is readable by its owner alone,
/// and is removed if it is dropped unfinished. A pipe or device takes the bytes at once.
pub(crate) struct NewFile {
    path: PathBuf,
    file: File,
    temporary: Option<TempPath>,
    overwrite: bool,
}

impl NewFile {
    /// With `overwrite`, an existing file is replaced, also through a link. A pipe or device stays and is written to.
    pub(crate) async fn create(path: &Path, overwrite: bool) -> Result<Self> {
        match path.symlink_metadata() {
            Ok(_) if !overwrite => return Err(exists(path)),
            Ok(_) => {}
            Err(_) => return Self::beside(path, overwrite),
        }
        let failed = |error: io::Error| Error::file(path, error);
        let seen = path.metadata().map_err(failed)?;
        if seen.is_dir() {
            return fail!(Invalid, "{} is a folder: name a file", path.display());
        }
        if seen.is_file() && !is_descriptor(path) {
            return Self::beside(&path.canonicalize().map_err(failed)?, overwrite);
        }
        let mut options = File::options();
        // An open descriptor is appended to.
        options.write(true).append(seen.is_file());
        let file = options.open(path).await.map_err(failed)?;
        Ok(Self { path: path.into(), file, temporary: None, overwrite })
    }

    fn beside(path: &Path, overwrite: bool) -> Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::with_prefix_in(".hospital-record-", folder).map_err(|e| Error::file(path, e))?;
        let (file, temporary) = file.into_parts();
        Ok(Self { path: path.into(), file: File::from_std(file), temporary: Some(temporary), overwrite })
    }

    pub(crate) fn writer(&mut self) -> &mut Writer<'static> {
        &mut self.file
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).await.map_err(|error| Error::file(&self.path, error))
    }

    /// Flushes the file to disk and gives it its name.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let failed = |error: io::Error| Error::file(&self.path, error);
        self.file.flush().await.map_err(failed)?;
        let Some(temporary) = self.temporary else { return Ok(()) };
        self.file.sync_all().await.map_err(failed)?;
        if self.overwrite {
            return temporary.persist(&self.path).map_err(|error| Error::file(&self.path, error.error));
        }
        put_new(temporary, &self.path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => exists(&self.path),
            _ => Error::file(&self.path, error),
        })
    }
}

/// Gives a finished file its name, unless the name exists already.
#[doc(hidden)]
pub fn put_new(temporary: TempPath, path: &Path) -> io::Result<()> {
    put_new_by(temporary, path, |temporary, path| {
        temporary.persist_noclobber(path).map_err(|failed| (failed.path, failed.error))
    })
}

type Put = std::result::Result<(), (TempPath, io::Error)>;

/// `put` needs hard links, or a rename that replaces nothing. Some file systems have neither (FAT, some of FUSE).
/// There, an empty file takes the name first, and the finished file replaces it.
fn put_new_by(temporary: TempPath, path: &Path, put: impl FnOnce(TempPath, &Path) -> Put) -> io::Result<()> {
    let Err((temporary, _)) = put(temporary, path) else { return Ok(()) };
    std::fs::File::create_new(path)?;
    temporary.persist(path).map_err(|failed| {
        // This removes only the empty file that took the name.
        let _ = std::fs::remove_file(path);
        failed.error
    })
}

/// Opens or creates a file that its owner alone can read.
pub(crate) fn private(path: &Path) -> io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn exists(path: &Path) -> Error {
    Error::Invalid(format!("{} exists: choose another name, or allow it to be replaced", path.display()).into())
}

/// Whether a path names an open descriptor of a process. It is read only once, whatever its type.
pub(crate) fn is_descriptor(path: &Path) -> bool {
    let Some(path) = path.to_str() else { return false };
    let in_proc = path.strip_prefix("/proc/").is_some_and(|rest| rest.split('/').any(|part| part == "fd"));
    in_proc || path.starts_with("/dev/fd/") || ["/dev/stdin", "/dev/stdout", "/dev/stderr"].contains(&path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    fn finished(dir: &Path) -> TempPath {
        let file = NamedTempFile::with_prefix_in(".new-", dir).unwrap();
        fs::write(file.path(), "new").unwrap();
        file.into_temp_path()
    }

    #[test]
    fn file_systems_without_links_still_replace_nothing() {
        use io::ErrorKind as Kind;
        for lacking in [Kind::PermissionDenied, Kind::InvalidInput, Kind::Unsupported, Kind::Other] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("out");
            let without = |temporary, _: &Path| Err((temporary, io::Error::from(lacking)));
            put_new_by(finished(dir.path()), &path, without).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "new");
            fs::write(&path, "precious").unwrap();
            let error = put_new_by(finished(dir.path()), &path, without).unwrap_err();
            assert_eq!(error.kind(), Kind::AlreadyExists);
            assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
            let vanished = |temporary: TempPath, _: &Path| {
                fs::remove_file(&temporary).unwrap();
                without(temporary, &path)
            };
            put_new_by(finished(dir.path()), &dir.path().join("other"), vanished).unwrap_err();
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nor an empty one");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn link_stays_and_its_target_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (link, file) = (dir.path().join("link"), dir.path().join("file"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(NewFile::create(&link, false).await.is_err());
        let mut new = NewFile::create(&link, true).await.unwrap();
        new.write(b"new").await.unwrap();
        new.finish().await.unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        fs::remove_file(&file).unwrap();
        assert!(NewFile::create(&link, true).await.is_err(), "it leads nowhere");
        let error = NewFile::create(dir.path(), true).await.err().unwrap();
        assert!(error.to_string().contains("is a folder"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn private_file_is_readable_by_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let seen = private(&dir.path().join("lock")).unwrap().metadata().unwrap();
        assert_eq!(std::os::unix::fs::MetadataExt::mode(&seen) & 0o777, 0o600);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn open_descriptor_is_appended_to() {
        use std::os::fd::AsRawFd;
        let file = NamedTempFile::new().unwrap();
        fs::write(&file, "log\n").unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", file.as_file().as_raw_fd()));
        let mut new = NewFile::create(&path, true).await.unwrap();
        new.write(b"more").await.unwrap();
        new.finish().await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "log\nmore");
    }

    #[cfg(unix)]
    #[tokio::test(flavor = "multi_thread")]
    async fn pipes_and_devices_are_written_to() {
        use std::os::unix::fs::FileTypeExt;
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reading = tokio::spawn(tokio::fs::read(pipe.clone()));
        let mut new = NewFile::create(&pipe, true).await.unwrap();
        new.write(b"into it").await.unwrap();
        new.finish().await.unwrap();
        assert_eq!(reading.await.unwrap().unwrap(), b"into it");
        assert!(pipe.symlink_metadata().unwrap().file_type().is_fifo());
        let mut new = NewFile::create(Path::new("/dev/null"), true).await.unwrap();
        new.write(b"x").await.unwrap();
        new.finish().await.unwrap();
        assert!(Path::new("/dev/null").symlink_metadata().unwrap().file_type().is_char_device());
    }
}
