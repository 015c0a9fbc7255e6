//! Where a result is written: looked at before anything is asked, logged or paid.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use hospital_record::put_new;
use tempfile::NamedTempFile;

use crate::{
    failure::{Failure, Result},
    shown::shown,
};

/// Refuses what cannot be written. Where a link leads to the file that is replaced, which that is.
pub(crate) fn check(path: &Path, force: bool) -> Result<Option<PathBuf>> {
    let Ok(named) = path.symlink_metadata() else { return can_write_into(folder_of(path)).map(|()| None) };
    if !force {
        return Err(exists(path, "name another file with -o, or replace it with --force"));
    }
    let name = text(path);
    let seen = path.metadata().map_err(|error| Failure::usage(format!("{name} leads nowhere ({error})")))?;
    if seen.is_dir() {
        return Err(Failure::usage(format!("{name} is a folder: name a file in it")));
    }
    if !seen.is_file() {
        return Ok(None);
    }
    let real = path.canonicalize().map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    can_write_into(folder_of(&real))?;
    Ok(named.is_symlink().then_some(real))
}

/// The same for a folder, which need not be there.
pub(crate) fn check_folder(folder: &Path) -> Result {
    let there = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok());
    can_write_into(there.unwrap_or(Path::new(".")))
}

pub(crate) fn exists(path: &Path, advice: &str) -> Failure {
    Failure::usage(format!("{} exists: {advice}", text(path)))
}

/// A new file of its owner alone: complete, or not there; never in the place of one that is there.
pub(crate) fn write_new(path: &Path, content: &str) -> Result {
    let write = || {
        let mut file = NamedTempFile::with_prefix_in(".hospital-record-", folder_of(path))?;
        file.write_all(content.as_bytes())?;
        file.as_file().sync_all()?;
        put_new(file.into_temp_path(), path)
    };
    write().map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path, "name another file with -o"),
        _ => Failure::file(path, &error),
    })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Only trying tells: rights, read-only file systems, quotas.
fn can_write_into(folder: &Path) -> Result {
    let probe = NamedTempFile::with_prefix_in(".hospital-record-", folder);
    // Its own words name a file that nobody asked for.
    let reason = |error: io::Error| error.kind().to_string();
    probe
        .map(drop)
        .map_err(|error| Failure::usage(format!("nothing can be written into {}: {}", text(folder), reason(error))))
}

fn text(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::{fs::MetadataExt, fs::symlink, net::UnixListener},
    };

    use super::*;
    use crate::failure::Kind;

    #[test]
    fn what_cannot_be_written_is_a_usage_error_beforehand() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "precious").unwrap();
        fs::create_dir(at("folder")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("dangling")).unwrap();
        symlink(at("folder"), at("to-folder")).unwrap();
        symlink(at("loop"), at("loop")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        let cases = [
            ("new", true, true),
            ("folder/new", true, true),
            ("file", false, true),
            ("link", false, true),
            ("folder", false, false),
            ("to-folder", false, false),
            ("dangling", false, false),
            ("loop", false, false),
            ("missing/new", false, false),
            ("file/new", false, false),
        ];
        for (name, free, forced) in cases {
            for (force, good) in [(false, free), (true, forced)] {
                match check(&at(name), force) {
                    Ok(_) => assert!(good, "{name} {force}"),
                    Err(failure) => assert!(!good && failure.kind == Kind::Usage, "{name} {force}: {failure}"),
                }
            }
        }
        assert_eq!(check(&at("link"), true).unwrap().unwrap(), at("file").canonicalize().unwrap());
        assert_eq!(check(&at("file"), true).unwrap(), None);
        assert_eq!(check(Path::new("/dev/null"), true).unwrap(), None);
        for (folder, good) in [("folder", true), ("a/b/c", true), ("file", false), ("file/a", false)] {
            assert_eq!(check_folder(&at(folder)).is_ok(), good, "{folder}");
        }
        assert!(check(Path::new("/proc/new"), true).is_err_and(|failure| failure.kind == Kind::Usage));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7, "looking leaves nothing behind");
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "precious");
    }

    #[test]
    fn new_file_is_of_its_owner_alone_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("end.txt");
        write_new(&path, "one\ntwo\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(write_new(&path, "three").unwrap_err().message.contains("exists"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}
