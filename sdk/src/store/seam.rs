//! The trait of stores.

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use hospital_record_core::record::dag::Block;

use crate::{
    base::task::{BoxStream, MaybeSend, MaybeSync},
    store::error::StoreError,
};

/// A stream of blocks into a store. An error in the stream ends the `put`, which returns it.
pub type Blocks<'a> = BoxStream<'a, Result<Block, StoreError>>;

/// Proves to a store's server on whose behalf blocks are written.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Sessions: MaybeSend + MaybeSync + Debug {
    /// A bearer token for the server at this host (with its port, if that is not the scheme's own). It is the same for
    /// some minutes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the account's signer refuses.
    async fn token(&self, host: &str) -> Result<String, StoreError>;
}

/// A place for content-addressed blocks.
///
/// Implementations need not check hashes: [`checked`](crate::store::checked) does it for all of them. Every call has a
/// deadline, which the store sets, and no call retries. Dropping a future is safe: blocks that it wrote are not pinned.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Store: MaybeSend + MaybeSync + Debug {
    /// The address, for people, without password or token.
    fn url(&self) -> &str;

    /// Stores a stream of blocks and returns their number. The blocks are durable, but not pinned.
    ///
    /// Memory use does not grow with the stream, which is read only as fast as blocks are stored. A block may be put
    /// again. After an error nothing is pinned, and blocks of this put may be lost.
    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError>;

    /// Returns one block of at most [`MAX_BLOCK`](crate::store::MAX_BLOCK) bytes, or [`StoreError::NotFound`] if the
    /// store does not have it.
    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError>;

    /// Whether the store itself has the block. It asks no peers.
    async fn has(&self, cid: &Cid) -> Result<bool, StoreError>;

    /// Keeps `root` and everything below it until [`unpin`](Store::unpin). It is idempotent.
    ///
    /// If a block below `root` is missing, [`StoreError::NotFound`] names it and nothing is pinned.
    async fn pin(&self, root: &Cid) -> Result<(), StoreError>;

    /// Removes the pin of `root`. Blocks below another pin stay. It is idempotent.
    async fn unpin(&self, root: &Cid) -> Result<(), StoreError>;

    /// Removes blocks that are below no pin and were last put at least `older_than` ago. Returns their number.
    ///
    /// Choose it longer than the longest upload takes from its first block to its pin. A store with its own garbage
    /// collection (Kubo) does nothing and returns 0.
    async fn sweep(&self, older_than: Duration) -> Result<u64, StoreError> {
        let _ = older_than;
        Ok(0)
    }

    /// The same store, written on behalf of one account. `None` if the store has no accounts.
    fn for_account(&self, sessions: &Arc<dyn Sessions>) -> Option<Arc<dyn Store>> {
        let _ = sessions;
        None
    }
}
