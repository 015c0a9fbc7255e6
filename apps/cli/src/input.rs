//! What is added: files, stdin, or a folder as a bundle; looked at before anything is sent.

use std::{
    fs::{self, File},
    io::{Cursor, Read},
    path::{Path, PathBuf},
};

use hospital_record::Source;
use tokio::io::AsyncReadExt;

use crate::{
    bundle::Bundle,
    failure::{Failure, Result},
    media,
};

/// One record to be.
pub(crate) struct Input {
    pub(crate) source: Source,
    pub(crate) name: String,
    pub(crate) media_type: String,
    /// LOINC code, when one was named.
    pub(crate) document_type: Option<String>,
}

impl Input {
    fn new(source: Source, name: String, media_type: impl Into<String>) -> Self {
        Self { source, name, media_type: media_type.into(), document_type: None }
    }
}

/// What was named, looked at before a password is asked for.
pub(crate) enum Named {
    OnDisk(Box<Input>),
    /// Read later: who types it has said who they are, and is not asked in the middle of it.
    Stdin,
}

impl Named {
    pub(crate) async fn read(self) -> Result<Input> {
        match self {
            Self::OnDisk(input) => Ok(*input),
            Self::Stdin => stdin().await,
        }
    }
}

/// A file, or stdin for `-`.
pub(crate) fn file(path: &Path) -> Result<Named> {
    if path == Path::new("-") { Ok(Named::Stdin) } else { on_disk(path).map(Box::new).map(Named::OnDisk) }
}

/// Checks all of them before the first is read to its end.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<Named>> {
    if paths.iter().filter(|path| *path == Path::new("-")).count() > 1 {
        return Err(Failure::usage("stdin (-) can be added once"));
    }
    paths.iter().map(|path| file(path)).collect()
}

/// Everything in a folder as one tar file.
pub(crate) fn bundle(folder: &Path) -> Result<Input> {
    let bundle = Bundle::of(folder)?;
    let resolved = fs::canonicalize(folder).map_err(|error| Failure::file(folder, &error))?;
    let name = resolved.file_name().map_or("bundle".into(), |name| name.to_string_lossy());
    let name = format!("{name}.tar");
    let source = Source::reader(name.clone(), bundle.into_reader());
    Ok(Input::new(source, name, "application/x-tar"))
}

fn on_disk(path: &Path) -> Result<Input> {
    let fail = |error: std::io::Error| Failure::file(path, &error);
    let metadata = fs::metadata(path).map_err(fail)?;
    if metadata.is_dir() {
        let path = path.display();
        return Err(Failure::usage(format!(
            "{path} is a folder: name its files, or add it as one record with --bundle {path}"
        )));
    }
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // A pipe can be read only once, and not by us.
    let head = if metadata.is_file() { head(path).map_err(fail)? } else { Vec::new() };
    let media_type = media::detect(&head, &name);
    Ok(Input::new(Source::from(path), name, media_type))
}

fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(media::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

async fn stdin() -> Result<Input> {
    let mut stdin = tokio::io::stdin();
    let mut head = Vec::new();
    let read = (&mut stdin).take(media::HEAD as u64).read_to_end(&mut head).await;
    read.map_err(|error| Failure::file(Path::new("stdin"), &error))?;
    let (name, media_type) = ("stdin", media::detect(&head, ""));
    let source = Source::reader(name, AsyncReadExt::chain(Cursor::new(head), stdin));
    Ok(Input::new(source, name.to_owned(), media_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn kind(path: &Path) -> Kind {
        file(path).err().unwrap().kind
    }

    #[test]
    fn what_is_not_a_file_is_refused_before_anything_is_sent() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(kind(dir.path()), Kind::Usage);
        assert_eq!(kind(&dir.path().join("nothing")), Kind::NotFound);
        assert_eq!(files(&["-".into(), "-".into()]).err().unwrap().kind, Kind::Usage);
    }

    #[tokio::test]
    async fn a_file_has_a_name_and_a_kind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lab result.json");
        fs::write(&path, "{\"resourceType\":\"Bundle\"}").unwrap();
        let input = file(&path).unwrap().read().await.unwrap();
        assert_eq!((input.name.as_str(), input.media_type.as_str()), ("lab result.json", "application/fhir+json"));
        let input = bundle(dir.path()).unwrap();
        assert!(input.name.ends_with(".tar") && input.media_type == "application/x-tar", "{}", input.name);
    }
}
