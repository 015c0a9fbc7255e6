//! A cache in memory that the app provides, for example in a browser, which has no folders.

#[cfg(feature = "conformance")]
pub(crate) mod conformance;

use std::{fmt, future::ready, io, sync::Arc};

use redb::{Database, StorageBackend};

use crate::base::{
    error::{Error, Result},
    task::{BoxFuture, FutureInBox},
};

/// What errors call it.
const NAME: &str = "the app's own memory";

/// Random-access bytes that outlive the process, for [`own_memory`](crate::Config::own_memory).
///
/// One system at a time may use them. Their content is public or sealed. Anyone who can change them can make a person
/// forget which keys of others were accepted. Blocks have a separate trait: see the [guide](crate::store).
/// With the feature `conformance`, `browser::memory_conformance` checks an implementation.
pub trait Memory: fmt::Debug + Send + Sync + 'static {
    /// The number of bytes; zero at first.
    fn size(&self) -> io::Result<u64>;

    /// Fills `out` with the bytes that start at `offset`.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Truncates to this many bytes, or extends to it with zeros.
    fn resize(&self, size: u64) -> io::Result<()>;

    /// Returns when all previous writes would survive a loss of power.
    fn sync(&self) -> io::Result<()>;

    /// Writes these bytes at `offset`.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// The second half of [`sync`](Self::sync), where a platform can only write asynchronously: returns when everything
    /// that was synced would survive. The client awaits it before it relies on what it wrote. All of it is saved, or
    /// nothing.
    fn saved(&self) -> BoxFuture<'_, io::Result<()>> {
        ready(Ok(())).in_box()
    }
}

#[derive(Debug)]
struct Backend(Arc<dyn Memory>);

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.resize(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}

/// A database in the app's memory.
pub(crate) struct Own {
    memory: Arc<dyn Memory>,
    /// `None` after an error. Then the next use opens it again: room may have been made meanwhile.
    database: Option<Database>,
}

impl Own {
    pub(crate) fn open(memory: Arc<dyn Memory>) -> Result<Self> {
        let mut own = Self { memory, database: None };
        own.with(|_| Ok(()))?;
        Ok(own)
    }

    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&Database) -> Result<R, redb::Error>) -> Result<R> {
        let worked = || {
            let database = match self.database.take() {
                Some(database) => database,
                None => Database::builder().create_with_backend(Backend(self.memory.clone()))?,
            };
            let done = work(&database)?;
            self.database = Some(database);
            Ok(done)
        };
        worked().map_err(|error| match error {
            redb::Error::Io(error) => of_io(error),
            error => Error::cache(error),
        })
    }

    pub(crate) fn memory(&self) -> Arc<dyn Memory> {
        self.memory.clone()
    }
}

pub(crate) fn of_io(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ResourceBusy => Error::Conflict(error.to_string().into()),
        io::ErrorKind::StorageFull | io::ErrorKind::NotFound => Error::file(NAME, error),
        _ => Error::cache(error),
    }
}
