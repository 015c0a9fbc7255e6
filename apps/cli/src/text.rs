//! Text that comes from a file, or from stdin for `-`.

use std::{fs, io::Read, path::Path};

use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use crate::failure::{Failure, Kind, Result};

/// More than a thousand signed requests.
const LONGEST: u64 = 2 << 20;

/// The text of a file that holds `what`; `None` for `-`, because stdin is read after the password.
pub(crate) fn of_file(path: &Path, what: &str) -> Result<Option<String>> {
    if path == Path::new("-") {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    read.and_then(|_| utf8(&bytes)).map(Some).map_err(|error| unreadable(path, what, &error))
}

pub(crate) async fn of_stdin(what: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let read = tokio::io::stdin().take(LONGEST).read_to_end(&mut bytes).await;
    read.and_then(|_| utf8(&bytes)).map_err(|error| unreadable(Path::new("stdin"), what, &error))
}

fn utf8(bytes: &[u8]) -> std::io::Result<String> {
    let text = decoded(bytes).ok_or(std::io::ErrorKind::InvalidData)?;
    Ok(text.trim_start_matches(MARK).to_owned())
}

/// The byte order mark at the beginning of some UTF-8 files.
pub(crate) const MARK: char = '\u{feff}';

/// Text of a file: UTF-8, or UTF-16 with a byte order mark, as editors on Windows write it.
pub(crate) fn decoded(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let unit = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return std::str::from_utf8(bytes).ok().map(|text| Zeroizing::new(text.to_owned())),
    };
    let (pairs, odd) = bytes[2..].as_chunks::<2>();
    // Full capacity from the start: growing would leave copies that nothing wipes.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for c in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(c.ok()?);
    }
    odd.is_empty().then_some(text)
}

/// The text of the file, or else of stdin.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("{MARK}{text}").encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn text_of_any_editor_is_read() {
        for text in ["", "pass word\n", "Müller 山田 👩\n"] {
            let marked = format!("{MARK}{text}");
            for bytes in
                [text.into(), marked.into_bytes(), utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)]
            {
                assert_eq!(utf8(&bytes).unwrap(), text, "{bytes:?}");
            }
        }
        for wrong in [&b"caf\xe9"[..], b"\xff\xfe\x00", b"\xff\xfe\x00\xd8", b"\xfe\xff\xdc\x00", b"\xc3"] {
            assert!(decoded(wrong).is_none(), "{wrong:?}");
        }
    }
}
