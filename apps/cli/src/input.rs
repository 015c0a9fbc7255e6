//! The input of `add`: files, stdin, or a folder as a bundle; checked before anything is sent.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use hospital_record::{Source, names::readable_name};

use crate::{
    bundle::Bundle,
    failure::{Failure, Result},
    shown::shown,
};

/// A record to add.
pub(crate) struct Input {
    pub(crate) source: Source,
    pub(crate) name: String,
    /// The file's own name. Its extension gives the kind if nothing else does.
    pub(crate) found_as: String,
    /// The media type if it is certain; otherwise it is detected while the file is read.
    pub(crate) media_type: Option<&'static str>,
    /// LOINC code, if one was named.
    pub(crate) document_type: Option<String>,
}

impl Input {
    fn new(source: Source, name: String) -> Self {
        Self { source, found_as: name.clone(), name, media_type: None, document_type: None }
    }
}

/// A named input, checked before a password is asked for.
pub(crate) enum Named {
    OnDisk(Box<Input>),
    /// Read after the password was asked for, so that the prompt does not interrupt typing.
    Stdin,
}

impl Named {
    pub(crate) fn read(self) -> Input {
        match self {
            Self::OnDisk(input) => *input,
            Self::Stdin => Input {
                found_as: String::new(),
                ..Input::new(Source::reader("stdin", tokio::io::stdin()), "stdin".into())
            },
        }
    }
}

/// Stdin by any of its names.
fn is_stdin(path: &Path) -> bool {
    ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"].iter().any(|name| path == Path::new(name))
}

/// A file, or stdin for `-`, recorded under `name` if that was given.
pub(crate) fn file(path: &Path, name: Option<&str>) -> Result<Named> {
    if is_stdin(path) {
        return must_be_named(path, name).map(|()| Named::Stdin);
    }
    on_disk(path, name).map(Box::new).map(Named::OnDisk)
}

/// Pipes and devices need a given name: a shell's `<(command)` is called 63.
fn must_be_named(path: &Path, name: Option<&str>) -> Result {
    match name {
        Some(_) => Ok(()),
        None => Err(Failure::usage(format!(
            "{} is not a file, so it has no name: give the record one with --name",
            shown(&path.to_string_lossy())
        ))),
    }
}

/// Checks all of them before the first is read to its end.
pub(crate) fn files(paths: &[PathBuf], name: Option<&str>) -> Result<Vec<Named>> {
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Failure::usage("stdin (-) can be added once"));
    }
    paths.iter().map(|path| file(path, name)).collect()
}

/// Everything in a folder as one tar file.
pub(crate) fn bundle(folder: &Path) -> Result<Input> {
    let bundle = Bundle::of(folder)?;
    let resolved = fs::canonicalize(folder).map_err(|error| Failure::file(folder, &error))?;
    let name = resolved.file_name().map_or("bundle".into(), readable_name);
    let name = format!("{name}.tar");
    let source = Source::reader(name.clone(), bundle.into_reader());
    Ok(Input { media_type: Some("application/x-tar"), ..Input::new(source, name) })
}

fn on_disk(path: &Path, given: Option<&str>) -> Result<Input> {
    let fail = |error: std::io::Error| Failure::file(path, &error);
    let metadata = fs::metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        let path = path.display();
        return Err(Failure::usage(format!(
            "{path} is a folder: name its files, or add it as one record with --bundle {path}"
        )));
    }
    // An unreadable file fails before anything is sent. A pipe or a device can be read only once.
    if metadata.is_file() {
        File::open(path).and_then(|mut file| file.read(&mut [0])).map_err(fail)?;
    } else {
        must_be_named(path, given)?;
    }
    let name = path.file_name().map(readable_name).unwrap_or_default();
    Ok(Input::new(Source::from(path), name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn kind(path: &Path) -> Kind {
        file(path, None).err().unwrap().kind
    }

    #[test]
    fn pipe_or_device_needs_a_given_name() {
        for nameless in ["-", "/dev/stdin", "/dev/null"] {
            assert_eq!(kind(Path::new(nameless)), Kind::Usage, "{nameless}");
            assert!(file(Path::new(nameless), Some("result.txt")).is_ok(), "{nameless}");
        }
    }

    #[test]
    fn path_that_is_not_a_file_is_refused_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(kind(dir.path()), Kind::Usage);
        assert_eq!(kind(&dir.path().join("nothing")), Kind::NotFound);
        assert_eq!(files(&["-".into(), "-".into()], Some("x")).err().unwrap().kind, Kind::Usage);
    }

    #[cfg(unix)]
    #[test]
    fn pipe_is_not_read_before_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (done, looked) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(file(&pipe, Some("x")).is_ok()));
        assert_eq!(looked.recv_timeout(std::time::Duration::from_secs(60)), Ok(true), "nobody writes into it");
    }

    #[test]
    fn file_and_bundle_have_names() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lab result.json");
        fs::write(&path, "{}").unwrap();
        let input = file(&path, None).unwrap().read();
        assert_eq!((input.name.as_str(), input.media_type), ("lab result.json", None));
        let input = bundle(dir.path()).unwrap();
        assert!(input.name.ends_with(".tar") && input.media_type == Some("application/x-tar"), "{}", input.name);
    }

    #[test]
    fn stdin_is_stdin_by_any_name() {
        for name in ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"] {
            assert!(matches!(file(Path::new(name), Some("x")), Ok(Named::Stdin)), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_in_another_encoding_stay_distinct() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let names = [&b"Ren\xe9.txt"[..], b"Ren\xe8.txt"].map(|name| {
            let path = dir.path().join(std::ffi::OsStr::from_bytes(name));
            fs::write(&path, "x").unwrap();
            file(&path, None).unwrap().read().name
        });
        assert_eq!(names, ["Ren%E9.txt", "Ren%E8.txt"]);
    }
}
