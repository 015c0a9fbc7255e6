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

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Existing {
    Replaced,
    /// Unless the person says `--force`.
    Kept,
    /// The verb has no `--force`.
    AlwaysKept,
}

/// Refuses what cannot be written. Where a link leads to the file that is replaced, which that is.
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

/// The same for a folder of results, which is made where the one around it is there: what is mistyped is not.
pub(crate) fn check_new_folder(folder: &Path) -> Result {
    match folder.symlink_metadata() {
        Ok(_) => can_write_into(folder),
        Err(_) => can_write_into(folder_of(folder)),
    }
}

/// The same for a folder that is made with all around it.
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

/// `results/` and `..` are folders, also where nothing is there yet.
fn names_a_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    bytes.last().is_none_or(|last| std::path::is_separator(char::from(*last))) || path.file_name().is_none()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Only trying tells: rights, read-only file systems, quotas.
fn can_write_into(folder: &Path) -> Result {
    let probe = NamedTempFile::with_prefix_in(".hospital-record-", folder);
    probe.map(drop).map_err(|error| Failure::usage(unwritable(folder, &error)))
}

/// In words of its own: those of the error name a file that nobody asked for.
fn unwritable(folder: &Path, error: &io::Error) -> String {
    use io::ErrorKind as Kind;
    let name = text(folder);
    let why = match error.kind() {
        // A link that leads nowhere is there, and no folder.
        Kind::NotFound if folder.symlink_metadata().is_err() => return format!("there is no folder {name}"),
        Kind::NotFound | Kind::NotADirectory => return format!("{name} is not a folder"),
        Kind::PermissionDenied => "this user may not write there",
        Kind::ReadOnlyFilesystem => "it is read-only",
        Kind::StorageFull => "the disk is full",
        Kind::QuotaExceeded => "this user may keep no more on that disk",
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
                        // Nobody is sent to a flag that would not help, or that is not there.
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
    fn why_nothing_can_be_written_is_told_in_plain_words() {
        use rustix::io::Errno;
        for (errno, told) in [
            (Errno::NOENT, "there is no folder /nowhere"),
            (Errno::NOTDIR, "/nowhere is not a folder"),
            (Errno::ACCESS, "this user may not write there"),
            (Errno::PERM, "this user may not write there"),
            (Errno::ROFS, "it is read-only"),
            (Errno::NOSPC, "the disk is full"),
            (Errno::DQUOT, "may keep no more"),
            (Errno::NAMETOOLONG, "too long"),
        ] {
            let words = unwritable(Path::new("/nowhere"), &errno.into());
            assert!(words.contains(told) && !words.contains("entity") && !words.contains("os error"), "{words}");
        }
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
