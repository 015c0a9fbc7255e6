//! A folder as one tar file whose bytes depend only on names, contents and executable bits.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use tar::{Builder, EntryType, Header};
use tokio::{io::AsyncRead, sync::mpsc};
use tokio_util::io::StreamReader;

use crate::failure::{Failure, Kind, Result};

const CHUNK: usize = 256 * 1024;

/// The files and empty folders under one folder, in the byte order of their names.
#[derive(Debug)]
pub(crate) struct Bundle {
    files: Vec<Seen>,
    /// Plaintext bytes of the files together.
    pub(crate) size: u64,
}

/// A file as it was found.
#[derive(Debug)]
struct Seen {
    /// Its name in the tar file.
    name: String,
    path: PathBuf,
    metadata: Metadata,
}

impl Bundle {
    /// Everything below `folder`. Refuses what a tar file of plain files cannot hold faithfully.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let metadata = fs::metadata(folder).map_err(|error| Failure::file(folder, &error))?;
        if !metadata.is_dir() {
            return Err(Failure::usage(format!("{} is not a folder: add it without --bundle", folder.display())));
        }
        let mut bundle = Self { files: Vec::new(), size: 0 };
        bundle.collect(folder, &metadata, "")?;
        if !bundle.files.iter().any(|seen| seen.metadata.is_file()) {
            return Err(Failure::usage(format!("{} holds no files", folder.display())));
        }
        bundle.files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(bundle)
    }

    /// `seen` is the folder's metadata from before it was entered.
    fn collect(&mut self, folder: &Path, seen: &Metadata, prefix: &str) -> Result {
        let before = self.files.len();
        for entry in fs::read_dir(folder).map_err(|error| Failure::file(folder, &error))? {
            let path = entry.map_err(|error| Failure::file(folder, &error))?.path();
            let metadata = fs::symlink_metadata(&path).map_err(|error| Failure::file(&path, &error))?;
            let name = format!("{prefix}{}", name_of(&path)?);
            if metadata.is_dir() {
                self.collect(&path, &metadata, &format!("{name}/"))?;
            } else if metadata.is_file() {
                self.size += metadata.len();
                self.files.push(Seen { name, path, metadata });
            } else {
                return Err(refused(&path, "is a link or a device; a bundle holds files"));
            }
        }
        // A link may have replaced the folder, so that its target was listed.
        let now = if prefix.is_empty() { fs::metadata(folder) } else { fs::symlink_metadata(folder) };
        let now_seen = now.map_err(|error| Failure::file(folder, &error))?;
        match same(seen, &now_seen) {
            true if self.files.len() == before && !prefix.is_empty() => {
                self.files.push(Seen { name: prefix.to_owned(), path: folder.into(), metadata: now_seen });
                Ok(())
            }
            true => Ok(()),
            false => Err(refused(folder, "was replaced while it was read: add it again")),
        }
    }

    /// The tar file as a stream. A file that changes while it is packed ends it with an error, never early.
    pub(crate) fn into_reader(self) -> impl AsyncRead + Send + 'static {
        let (sender, receiver) = mpsc::channel(4);
        std::thread::spawn(move || {
            let mut pipe = Pipe { sender, buffer: Vec::with_capacity(CHUNK) };
            let last = match self.pack(&mut pipe).and_then(|()| pipe.flush()) {
                Ok(()) => Piece::End,
                Err(error) => Piece::Failed(error),
            };
            // If the reader is gone, nobody needs this result.
            drop(pipe.sender.blocking_send(last));
        });
        StreamReader::new(Box::pin(pieces(receiver)))
    }

    fn pack(&self, writer: &mut dyn Write) -> io::Result<()> {
        let mut tar = Builder::new(writer);
        for seen @ Seen { name, path, metadata } in &self.files {
            let in_path = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            if metadata.is_dir() {
                let mut header = header(0, 0o755);
                header.set_entry_type(EntryType::Directory);
                tar.append_data(&mut header, name, io::empty()).map_err(in_path)?;
                continue;
            }
            let mut file = Watched::open(seen).map_err(in_path)?;
            tar.append_data(&mut header(file.size(), mode(&file.before)), name, &mut file).map_err(in_path)?;
        }
        tar.finish()
    }
}

/// Keeps only the owner's executable bit of a mode.
#[cfg(unix)]
fn mode(file: &Metadata) -> u32 {
    let runs = std::os::unix::fs::MetadataExt::mode(file) & 0o100 != 0;
    if runs { 0o755 } else { 0o644 }
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o644
}

/// No data of the machine or the time: no owner, no times, one of two modes.
fn header(size: u64, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn name_of(path: &Path) -> Result<&str> {
    path.file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| refused(path, "has a name that is not UTF-8; a bundle needs names that every system reads"))
}

fn refused(path: &Path, why: &str) -> Failure {
    Failure::new(Kind::File, format!("{} {why}", path.display()))
}

/// Whether both describe the same file or folder, as far as the system shows.
fn same(one: &Metadata, other: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if (one.dev(), one.ino()) != (other.dev(), other.ino()) {
            return false;
        }
    }
    one.file_type() == other.file_type()
}

/// A file that must not change while it is read.
struct Watched {
    file: File,
    before: Metadata,
    read: u64,
}

impl Watched {
    /// Opening follows links, so the opened file must be the listed one. It is also checked before: opening a pipe
    /// waits, and opening a device may have effects.
    fn open(seen: &Seen) -> io::Result<Self> {
        let exchanged = || io::Error::other("it is not the file that was listed: add it again");
        if !same(&seen.metadata, &fs::symlink_metadata(&seen.path)?) {
            return Err(exchanged());
        }
        let file = File::open(&seen.path)?;
        let before = file.metadata()?;
        if !same(&seen.metadata, &before) {
            return Err(exchanged());
        }
        Ok(Self { file, before, read: 0 })
    }

    fn size(&self) -> u64 {
        self.before.len()
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read += read as u64;
        let at_end = read == 0 && !buffer.is_empty();
        let changed = || -> io::Result<bool> {
            let now = self.file.metadata()?;
            Ok(now.len() != self.size()
                || now.modified().ok() != self.before.modified().ok()
                || self.read != self.size())
        };
        if self.read > self.size() || (at_end && changed()?) {
            return Err(io::Error::other("the file changed while it was read: add it again"));
        }
        Ok(read)
    }
}

enum Piece {
    Bytes(Vec<u8>),
    Failed(io::Error),
    End,
}

/// The writing end, on its own thread.
struct Pipe {
    sender: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.sender.blocking_send(Piece::Bytes(bytes)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// A writer that ends without a result is an error: half a tar file must not pass for a whole one.
fn pieces(receiver: mpsc::Receiver<Piece>) -> impl futures::Stream<Item = io::Result<io::Cursor<Vec<u8>>>> {
    futures::stream::unfold(Some(receiver), async |receiver| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Piece::Bytes(bytes)) => Some((Ok(io::Cursor::new(bytes)), Some(receiver))),
            Some(Piece::Failed(error)) => Some((Err(error), None)),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::other("the bundle was cut off")), None)),
        }
    })
}

#[cfg(test)]
mod tests;
