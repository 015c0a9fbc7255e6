//! A file that a database may change in memory alone; the file itself stays as it is.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;

#[derive(Debug)]
pub(crate) struct Overlay(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    /// The length of the file that is still valid; later bytes are zeros.
    base: u64,
    len: u64,
    /// Oldest first.
    writes: Vec<(u64, Vec<u8>)>,
}

impl Overlay {
    pub(crate) fn new(file: File, len: u64) -> Self {
        Self(Mutex::new(Inner { file, base: len, len, writes: Vec::new() }))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut inner = self.inner();
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= inner.len);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        out.fill(0);
        let kept = inner.base.min(end).saturating_sub(offset) as usize;
        inner.file.seek(SeekFrom::Start(offset))?;
        inner.file.read_exact(&mut out[..kept])?;
        for (start, bytes) in &inner.writes {
            let (from, to) = (offset.max(*start), end.min(start + bytes.len() as u64));
            if from < to {
                let place = (from - offset) as usize..(to - offset) as usize;
                out[place].copy_from_slice(&bytes[(from - start) as usize..(to - start) as usize]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut inner = self.inner();
        (inner.base, inner.len) = (inner.base.min(len), len);
        inner.writes.iter_mut().for_each(|(start, bytes)| bytes.truncate(len.saturating_sub(*start) as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        inner.len = inner.len.max(offset.saturating_add(data.len() as u64));
        inner.writes.push((offset, data.to_vec()));
        Ok(())
    }
}
