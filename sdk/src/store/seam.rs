//! What a store is.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures::stream::BoxStream;
use hospital_record_core::record::dag::Block;

use crate::store::error::StoreError;

/// Blocks on their way into a store; an error in the stream ends the `put` and is what it returns.
pub type Blocks<'a> = BoxStream<'a, Result<Block, StoreError>>;

/// A place for content-addressed blocks.
///
/// Implementations need not check hashes: [`checked`](crate::store::checked) does it for all of them. Every call ends before a deadline of
/// the store's own; none retries. Dropping a future is safe: what it had written is not pinned.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// Where this is, for people: no password, no token.
    fn url(&self) -> &str;

    /// Stores a stream of blocks and tells how many there were. They are durable, but not pinned.
    ///
    /// Memory does not grow with the stream: it is read only as fast as blocks are taken. Putting a block again is
    /// no error. After an error nothing is pinned, and what was already taken may be gone.
    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError>;

    /// One block, at most [`MAX_BLOCK`](crate::store::MAX_BLOCK) bytes. [`StoreError::NotFound`] when the store does not have it.
    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError>;

    /// Whether the store itself holds the block; asks nobody else.
    async fn has(&self, cid: &Cid) -> Result<bool, StoreError>;

    /// Keeps `root` and all it links to until [`unpin`](Store::unpin). Idempotent.
    ///
    /// [`StoreError::NotFound`] names a block that is missing below `root`; then nothing is pinned.
    async fn pin(&self, root: &Cid) -> Result<(), StoreError>;

    /// Lets go of `root`; blocks that another pin reaches stay. Idempotent.
    async fn unpin(&self, root: &Cid) -> Result<(), StoreError>;

    /// Removes blocks that no pin reaches and that were last put at least `older_than` ago; tells how many.
    ///
    /// Choose it longer than the longest upload takes from its first block to its pin. A store that collects its
    /// own garbage (Kubo) does nothing and says 0.
    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        let _ = older_than;
        Ok(0)
    }
}
