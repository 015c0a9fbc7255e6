//! Checks where a result is written, before anything is asked, logged or paid.

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

/// Treatment of an existing file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Existing {
    Replaced,
    /// Kept unless `--force` is set.
    Kept,
    /// Kept: the verb has no `--force`.
    AlwaysKept,
}

/// Refuses a path that cannot be written. Returns the target of a link whose target is replaced.
pub(crate) fn check(path: &Path, existing: Existing) -> Result<Option<PathBuf>> {
    let name = text(path);
    if path.is_dir() {
        return Err(Failure::usage(format!("{name} is a folder: name a file in it")));
    }
    if names_a_folder(path) {
        return Err(Failure::usage(format!("{name} names a folder: name a file in it")));
    }
    let Ok(named) = path.symlink_metadata() else { return can_write_into(folder_of(path)).map(|()| None) };
    let seen = path.metadata().map_err(|error| Failure::usage(format!("{name} leads nowhere ({error})")))?;
    match existing {
        Existing::Replaced => {}
        Existing::Kept => return Err(exists(path, "name another file with -o, or replace it with --force")),
        Existing::AlwaysKept => return Err(exists(path, "name another file with -o")),
    }
    if !seen.is_file() {
        return Ok(None);
    }
    let real = path.canonicalize().map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    can_write_into(folder_of(&real))?;
    Ok(named.is_symlink().then_some(real))
}

/// The same for a folder of results. It is made only in an existing folder, so that a mistyped path makes nothing.
pub(crate) fn check_new_folder(folder: &Path) -> Result {
    match folder.symlink_metadata() {
        Ok(_) => can_write_into(folder),
        Err(_) => can_write_into(folder_of(folder)),
    }
}

/// The same for a folder that is made with its parents.
pub(crate) fn check_folder(folder: &Path) -> Result {
    let there = folder.ancestors().find(|folder| folder.symlink_metadata().is_ok());
    can_write_into(there.unwrap_or(Path::new(".")))
}

pub(crate) fn exists(path: &Path, advice: &str) -> Failure {
    Failure::usage(format!("{} exists: {advice}", text(path)))
}

/// Writes a new file that only its owner can read: whole or not at all, and never over an existing one.
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

/// `results/` and `..` are folders, even if they do not exist yet.
fn names_a_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.last().is_none_or(|last| std::path::is_separator(char::from(*last))) || path.file_name().is_none()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Tries to write: only that shows rights, read-only file systems and quotas.
fn can_write_into(folder: &Path) -> Result {
    let probe = NamedTempFile::with_prefix_in(".hospital-record-", folder);
    probe.map(drop).map_err(|error| Failure::usage(unwritable(folder, &error)))
}

/// Has its own words: those of the error name a temporary file.
fn unwritable(folder: &Path, error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let name = text(folder);
    let why = match error.kind() {
        // A broken link exists, but it is not a folder.
        Kind::NotFound if folder.symlink_metadata().is_err() => return format!("there is no folder {name}"),
        Kind::NotFound | Kind::NotADirectory => return format!("{name} is not a folder"),
        Kind::PermissionDenied => "this user may not write there",
        Kind::ReadOnlyFilesystem => "it is read-only",
        Kind::StorageFull => "the disk is full",
        Kind::QuotaExceeded => "this user's quota on that disk is used up",
        Kind::InvalidFilename => "its name is too long",
        other => &other.to_string(),
    };
    format!("nothing can be written into {name}: {why}")
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
    fn unwritable_path_is_a_usage_error_beforehand() {
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
            ("file/", false, false),
            ("missing/", false, false),
            ("folder/..", false, false),
            ("folder/missing/", false, false),
            ("folder/.", false, false),
        ];
        for (name, free, forced) in cases {
            for (existing, good) in [(Existing::AlwaysKept, free), (Existing::Kept, free), (Existing::Replaced, forced)]
            {
                match check(&at(name), existing) {
                    Ok(_) => assert!(good, "{name} {existing:?}"),
                    Err(failure) => {
                        assert!(!good && failure.kind == Kind::Usage, "{name} {existing:?}: {failure}");
                        // The message names `--force` only if it helps.
                        let helps = forced && existing == Existing::Kept;
                        assert_eq!(failure.message.contains("--force"), helps, "{name} {existing:?}: {failure}");
                    }
                }
            }
        }
        assert_eq!(check(&at("link"), Existing::Replaced).unwrap().unwrap(), at("file").canonicalize().unwrap());
        assert_eq!(check(&at("file"), Existing::Replaced).unwrap(), None);
        assert_eq!(check(Path::new("/dev/null"), Existing::Replaced).unwrap(), None);
        for (folder, good, new) in [
            ("folder", true, true),
            ("folder/new", true, true),
            ("folder/new/", true, true),
            ("a/b/c", true, false),
            ("file", false, false),
            ("file/a", false, false),
            ("dangling", false, false),
        ] {
            assert_eq!(check_folder(&at(folder)).is_ok(), good, "{folder}");
            assert_eq!(check_new_folder(&at(folder)).is_ok(), new, "{folder}");
        }
        for (name, told) in [
            ("missing/new", "there is no folder DIR/missing"),
            ("missing/new/x", "there is no folder DIR/missing/new"),
            ("file/new", "DIR/file is not a folder"),
            ("dangling/new", "DIR/dangling is not a folder"),
            ("missing/", "DIR/missing/ names a folder: name a file in it"),
            ("file/", "DIR/file/ names a folder: name a file in it"),
            ("folder/", "DIR/folder/ is a folder: name a file in it"),
            ("folder", "DIR/folder is a folder: name a file in it"),
        ] {
            let failure = check(&at(name), Existing::Kept).unwrap_err();
            assert_eq!(failure.message, told.replace("DIR", dir.path().to_str().unwrap()), "{name}");
        }
        assert!(check(Path::new("/proc/new"), Existing::Replaced).is_err_and(|failure| failure.kind == Kind::Usage));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 7, "looking leaves nothing behind");
        assert_eq!(fs::read_to_string(at("file")).unwrap(), "precious");
    }

    #[test]
    fn reason_of_a_failed_write_is_in_plain_words() {
        use rustix::io::Errno;
        for (errno, told) in [
            (Errno::NOENT, "there is no folder /nowhere"),
            (Errno::NOTDIR, "/nowhere is not a folder"),
            (Errno::ACCESS, "this user may not write there"),
            (Errno::PERM, "this user may not write there"),
            (Errno::ROFS, "it is read-only"),
            (Errno::NOSPC, "the disk is full"),
            (Errno::DQUOT, "quota on that disk is used up"),
            (Errno::NAMETOOLONG, "too long"),
        ] {
            let words = unwritable(Path::new("/nowhere"), &errno.into());
            assert!(words.contains(told) && !words.contains("entity") && !words.contains("os error"), "{words}");
        }
    }

    #[test]
    fn new_file_is_readable_by_its_owner_only_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("end.txt");
        write_new(&path, "one\ntwo\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert!(write_new(&path, "three").unwrap_err().message.contains("exists"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    }
}
