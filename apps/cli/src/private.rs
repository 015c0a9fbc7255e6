//! Files, folders and memory that only their owner may read.

use std::{
    fs::{self, File, Metadata},
    io::Read,
    path::Path,
};

use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Kind, Result},
    text,
};

/// A secret that was put into a file; longer ones are cut.
const LONGEST_SECRET: u64 = 64 * 1024;

/// A secret in a file, unless others can read it too. A pipe has no such readers.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<String>> {
    let failed = |error: std::io::Error| Failure::file(path, &error);
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_file() {
        refuse_shared(path, &metadata)?;
    }
    // Full capacity from the start: growing would leave copies that nothing wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET as usize + 1));
    file.take(LONGEST_SECRET).read_to_end(&mut bytes).map_err(failed)?;
    text::decoded(&bytes).ok_or_else(|| {
        let why = format!("{} is neither UTF-8 nor UTF-16: save it as UTF-8 text", path.display());
        Failure::new(Kind::File, why)
    })
}

/// Refuses a file that others can read or replace, or that belongs to another user.
#[cfg(unix)]
pub(crate) fn refuse_shared(path: &Path, metadata: &Metadata) -> Result {
    use std::os::unix::fs::MetadataExt;
    refuse_foreign(path, metadata)?;
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        let (file, path) = (path, path.display());
        return Err(Failure::key_file(format!(
            "{path} can be read by others (mode {mode:03o}): change the secret in it if they may have read it, and {}",
            way_out(can_change_mode(file, metadata), "600", file)
        )));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let metadata = fs::metadata(folder).map_err(|error| Failure::file(folder, &error))?;
    refuse_foreign(folder, &metadata)?;
    // In a sticky folder, such as /tmp, users can replace only their own files.
    if metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0 {
        let advice = match can_change_mode(folder, &metadata) {
            true => format!("run `chmod go-w {}`", folder.display()),
            false => way_out(false, "600", path),
        };
        let file = path.display();
        return Err(Failure::key_file(format!("others can replace {file}: check that it is yours, and {advice}")));
    }
    Ok(())
}

/// Advice for the place of the file.
#[cfg(unix)]
fn way_out(can_change: bool, mode: &str, file: &Path) -> String {
    let file = file.display();
    match can_change {
        true => format!("run `chmod {mode} {file}`"),
        false => format!(
            "copy it to a place where its mode can be changed (`install -m {mode} {file} ~/NAME`) and \
             name the copy; a password can also come through a pipe (`--password-file <(cat {file})`). In Kubernetes an \
             init container copies a secret into an `emptyDir` of medium `Memory`"
        ),
    }
}

/// Modes cannot be changed on root's files (a service's secrets), read-only mounts, and mounts without modes.
#[cfg(unix)]
fn can_change_mode(path: &Path, metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid().as_raw();
    let writable =
        rustix::fs::statvfs(path).is_ok_and(|mount| !mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY));
    (metadata.uid() == me || me == 0) && writable && !is_modeless(path)
}

/// FAT, exFAT, NTFS, shares of Windows and of virtual machines.
#[cfg(target_os = "linux")]
fn is_modeless(path: &Path) -> bool {
    const MAGIC: [u32; 8] =
        [0x4d44, 0x2011_bab0, 0x5346_544e, 0x7366_746e, 0x0102_1997, 0xff53_4d42, 0xfe53_4d42, 0x786f_4256];
    rustix::fs::statfs(path).is_ok_and(|system| MAGIC.contains(&(system.f_type as u32)))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_modeless(_: &Path) -> bool {
    false
}

/// Why no key file is made in a folder: a new file of mode 0600 was refused there.
pub(crate) fn refuse_modeless(folder: &Path, new: &Metadata, why: Failure) -> Failure {
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::mode(new) & 0o077 == 0 {
        return why;
    }
    Failure::key_file(format!(
        "{} is on a file system without modes, such as FAT and some shares: others could read a key file there, so \
         none is made. Name a home folder elsewhere with --home or HOSPITAL_RECORD_HOME",
        folder.display()
    ))
}

/// The owner of a file or folder can open it to others at any time, and change its content.
#[cfg(unix)]
pub(crate) fn refuse_foreign(path: &Path, metadata: &Metadata) -> Result {
    use std::os::unix::fs::MetadataExt;
    let (owner, me, path) = (metadata.uid(), rustix::process::geteuid().as_raw(), path.display());
    match is_foreign(owner, me) {
        false => Ok(()),
        true => Err(Failure::key_file(format!(
            "{path} belongs to another user (uid {owner}, you are {me}): act as that user, or, if the content is \
             yours, run `chown {me} {path}` as root"
        ))),
    }
}

/// Root can read and replace everything anyway, and provides the secrets of services.
#[cfg(unix)]
fn is_foreign(owner: u32, me: u32) -> bool {
    owner != me && owner != 0
}

#[cfg(not(unix))]
pub(crate) fn refuse_shared(_: &Path, _: &Metadata) -> Result {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_foreign(_: &Path, _: &Metadata) -> Result {
    Ok(())
}

/// Turns off core dumps, and debuggers of the same user. Both only remove rights, which no system refuses.
pub(crate) fn close_memory() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Makes a folder with its parents.
#[cfg(unix)]
pub(crate) fn create_folder(path: &Path) -> Result {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| Failure::file(path, &error).or_elsewhere())
}

#[cfg(not(unix))]
pub(crate) fn create_folder(path: &Path) -> Result {
    fs::create_dir_all(path).map_err(|error| Failure::file(path, &error).or_elsewhere())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;
    use crate::failure::Kind;

    fn me() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    fn secret(dir: &tempfile::TempDir) -> std::path::PathBuf {
        let path = dir.path().join("token");
        fs::write(&path, "sesame").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_closed_to_core_dumps_and_debuggers() {
        use rustix::process::{DumpableBehavior, Resource, Rlimit, dumpable_behavior, getrlimit};
        close_memory();
        assert_eq!(getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }

    #[test]
    fn hint_works_where_modes_cannot_be_changed() {
        let path = Path::new("/run/secrets/password");
        assert_eq!(way_out(true, "600", path), "run `chmod 600 /run/secrets/password`");
        let hint = way_out(false, "600", path);
        assert!(!hint.contains("chmod") && hint.contains("install -m 600") && hint.contains("Kubernetes"), "{hint}");
        let dir = tempfile::tempdir().unwrap();
        let file = secret(&dir);
        assert!(can_change_mode(&file, &file.metadata().unwrap()));
        // A file of root's, and one on a read-only mount.
        let version = Path::new("/proc/version");
        assert!(me() == 0 || !can_change_mode(version, &version.metadata().unwrap()));
    }

    #[test]
    fn no_key_file_is_made_where_new_files_are_open_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = secret(&dir);
        let why = || Failure::key_file("the folder");
        assert_eq!(refuse_modeless(dir.path(), &file.metadata().unwrap(), why()).message, "the folder");
        for mode in [0o755, 0o777, 0o640] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let failure = refuse_modeless(dir.path(), &file.metadata().unwrap(), why());
            assert!(failure.message.contains("--home") && !failure.message.contains("chmod"), "{failure}");
        }
    }

    #[test]
    fn file_of_another_user_except_root_is_foreign() {
        for (owner, me, foreign) in
            [(1000, 1000, false), (0, 1000, false), (0, 0, false), (1001, 1000, true), (1000, 0, true)]
        {
            assert_eq!(is_foreign(owner, me), foreign, "{owner} {me}");
        }
    }

    /// Needs root, because only root can change the owner of a file.
    #[test]
    fn a_secret_in_a_file_or_folder_of_another_user_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = secret(&dir);
        if me() != 0 {
            return;
        }
        for foreign in [path.as_path(), dir.path()] {
            chown(foreign, Some(12345), None).unwrap();
            let failure = read_secret(&path).unwrap_err();
            assert_eq!(failure.kind, Kind::KeyFile);
            assert!(failure.message.contains("uid 12345") && failure.message.contains("chown 0"), "{failure}");
            chown(foreign, Some(0), None).unwrap();
        }
        assert_eq!(*read_secret(&path).unwrap(), "sesame");
    }

    #[test]
    fn secret_that_others_can_replace_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = secret(&dir);
        for (mode, read) in [(0o700, true), (0o755, true), (0o775, false), (0o757, false), (0o1777, true)] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            match read_secret(&path) {
                Ok(_) => assert!(read, "{mode:o}"),
                Err(failure) => assert!(!read && failure.message.contains("chmod go-w"), "{mode:o}: {failure}"),
            }
        }
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        fs::write(&path, "sesame\n").unwrap();
        for (mode, read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match read_secret(&path) {
                Ok(text) => assert!(read && *text == "sesame\n", "{mode:o}"),
                Err(failure) => assert!(!read && failure.kind == Kind::KeyFile, "{mode:o}: {failure}"),
            }
        }
        assert_eq!(read_secret(&dir.path().join("none")).unwrap_err().kind, Kind::NotFound);
    }
}
