//! What is remembered, in a place that an app brings: a browser has no folders.

use std::{fmt, io, sync::Arc};

use redb::StorageBackend;

/// Bytes that outlive the process, read and written at any place: what [`own_memory`](crate::Config::own_memory) takes.
///
/// They belong to one system at a time. What they hold is public or sealed, but whoever changes them can make a person
/// forget which keys of others were accepted. What blocks are kept in is another seam: see the [guide](crate::store).
pub trait Memory: fmt::Debug + Send + Sync + 'static {
    /// How many bytes there are; none at first.
    fn size(&self) -> io::Result<u64>;

    /// Fills `out` with the bytes from `offset` on.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Cuts it to this many bytes, or adds zeros up to there.
    fn resize(&self, size: u64) -> io::Result<()>;

    /// Returns when all that was written would survive a loss of power.
    fn sync(&self) -> io::Result<()>;

    /// Writes these bytes from `offset` on.
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
