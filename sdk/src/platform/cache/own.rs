//! A cache in memory that the app provides, for example in a browser, which has no folders.

use std::{fmt, io, sync::Arc};

use redb::StorageBackend;

/// Random-access bytes that outlive the process, for [`own_memory`](crate::Config::own_memory).
///
/// One system at a time may use them. Their content is public or sealed. Anyone who can change them can make a person
/// forget which keys of others were accepted. Blocks have a separate trait: see the [guide](crate::store).
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
}

#[derive(Debug)]
pub(crate) struct Own(pub(crate) Arc<dyn Memory>);

impl StorageBackend for Own {
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
