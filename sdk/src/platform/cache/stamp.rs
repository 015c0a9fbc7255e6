//! Detects that a file was replaced or changed since the last use.

use std::{fs::Metadata, io, time::SystemTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(Option<Seen>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    file: [u64; 2],
    access: [u32; 2],
    length: u64,
    changed: Option<SystemTime>,
}

impl Stamp {
    /// The stamp of a file; empty if there is none, or if its metadata cannot be read.
    pub(crate) fn of(file: io::Result<Metadata>) -> Self {
        Self(file.ok().map(|file| Seen {
            file: which(&file),
            access: access(&file),
            length: file.len(),
            changed: file.modified().ok(),
        }))
    }

    /// Whether both are stamps of one file with different content.
    pub(crate) fn is_rewritten(&self, before: &Self) -> bool {
        let (Some(now), Some(before)) = (self.0, before.0) else { return false };
        now.file == before.file && (now.length, now.changed) != (before.length, before.changed)
    }
}

#[cfg(unix)]
fn which(file: &Metadata) -> [u64; 2] {
    use std::os::unix::fs::MetadataExt;
    [file.dev(), file.ino()]
}

/// The permissions and the owner of the file.
#[cfg(unix)]
fn access(file: &Metadata) -> [u32; 2] {
    use std::os::unix::fs::MetadataExt;
    [file.mode(), file.uid()]
}

#[cfg(not(unix))]
fn which(_: &Metadata) -> [u64; 2] {
    [0; 2]
}

#[cfg(not(unix))]
fn access(_: &Metadata) -> [u32; 2] {
    [0; 2]
}
