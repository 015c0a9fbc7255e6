//! Text that comes from a file, or from stdin for `-`.

use std::{fs, io::Read, path::Path};

use tokio::io::AsyncReadExt;

use crate::failure::{Failure, Kind, Result};

/// More than a thousand signed requests.
const LONGEST: u64 = 2 << 20;

/// What a file says, which holds `what`; nothing for `-`: stdin is read once the password was typed.
pub(crate) fn of_file(path: &Path, what: &str) -> Result<Option<String>> {
    if path == Path::new("-") {
        return Ok(None);
    }
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.map(|_| Some(text)).map_err(|error| unreadable(path, what, &error))
}

pub(crate) async fn of_stdin(what: &str) -> Result<String> {
    let mut text = String::new();
    let read = tokio::io::stdin().take(LONGEST).read_to_string(&mut text).await;
    read.map(|_| text).map_err(|error| unreadable(Path::new("stdin"), what, &error))
}

/// What a file said, else what stdin says.
pub(crate) async fn or_stdin(from_file: Option<String>, what: &str) -> Result<String> {
    match from_file {
        Some(text) => Ok(text),
        None => of_stdin(what).await,
    }
}

fn unreadable(path: &Path, what: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        std::io::ErrorKind::InvalidData | std::io::ErrorKind::IsADirectory => {
            Failure::new(Kind::Usage, format!("{} does not hold {what}", path.display()))
        }
        _ => Failure::file(path, error),
    }
}
