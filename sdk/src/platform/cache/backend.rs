//! The database's access to the file, until another program has written to the file.

use std::{
    fs::File,
    io,
    ops::Bound,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use redb::{BackendError, DatabaseError, StorageBackend, backends::FileBackend};

/// After `cut` is set, no write reaches the file, as if this process had died.
#[derive(Debug)]
pub(crate) struct Backend {
    file: FileBackend,
    cut: Arc<AtomicBool>,
}

impl Backend {
    pub(crate) fn new(file: File, cut: Arc<AtomicBool>) -> Result<Self, DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, cut })
    }

    fn unless_cut(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.cut.load(Relaxed) { Ok(()) } else { write() }
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.unless_cut(|| self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.unless_cut(|| self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.unless_cut(|| self.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
