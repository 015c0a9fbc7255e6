//! Files and folders that nobody but their owner may read.

use std::{
    fs::{self, File, Metadata},
    io::Read,
    path::Path,
};

use zeroize::Zeroizing;

use crate::failure::{Failure, Result};

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
    // Room for all of it: growing would leave copies behind that nobody wipes.
    let size = metadata.len().clamp(1024, LONGEST_SECRET) as usize;
    let mut text = Zeroizing::new(String::with_capacity(size + 1));
    file.take(LONGEST_SECRET).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(unix)]
pub(crate) fn refuse_shared(path: &Path, metadata: &Metadata) -> Result {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let path = path.display();
        return Err(Failure::key_file(format!(
            "{path} can be read by others (mode {mode:03o}): run `chmod 600 {path}`, and change the secret in it if they may have"
        )));
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_shared(_: &Path, _: &Metadata) -> Result {
    Ok(())
}

/// Makes a folder with all above it.
#[cfg(unix)]
pub(crate) fn create_folder(path: &Path) -> Result {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| Failure::file(path, &error))
}

#[cfg(not(unix))]
pub(crate) fn create_folder(path: &Path) -> Result {
    fs::create_dir_all(path).map_err(|error| Failure::file(path, &error))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::failure::Kind;

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
