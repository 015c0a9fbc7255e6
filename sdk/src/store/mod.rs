//! Where encrypted blocks live.
//!
//! A [`Store`] keeps content-addressed blocks and pins. It is never trusted: it sees ciphertext only, and [`open`] and
//! [`checked`] wrap every store in a decorator that hashes each block against its CID, on the way in and on the way out.
//!
//! ```
//! # use futures::{StreamExt, stream};
//! use hospital_record::store::{Block, StoreOptions, open};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), hospital_record::store::StoreError> {
//! let store = open("memory:", &StoreOptions::default())?;
//! let block = Block::leaf("ciphertext");
//! store.put(stream::iter([Ok(block.clone())]).boxed()).await?;
//! store.pin(&block.cid).await?;
//! assert_eq!(store.get(&block.cid).await?, block.bytes);
//! # Ok(())
//! # }
//! ```

mod checked;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod dag;
mod error;
#[cfg(test)]
mod faults;
mod kubo;
mod object;
mod options;
mod place;
mod until_silent;

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use cid::Cid;
use futures::stream::BoxStream;

pub use checked::checked;
pub use dag::{MAX_BLOCK, links};
pub use error::StoreError;
pub use hospital_record_core::record::dag::Block;
pub use options::StoreOptions;
pub use place::StoreUrl;
pub(crate) use until_silent::until_silent;

/// Blocks on their way into a store; an error in the stream ends the `put` and is what it returns.
pub type Blocks<'a> = BoxStream<'a, Result<Block, StoreError>>;

/// A place for content-addressed blocks.
///
/// Implementations need not check hashes: [`checked`] does it for all of them. Every call ends before a deadline of
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

    /// One block, at most [`MAX_BLOCK`] bytes. [`StoreError::NotFound`] when the store does not have it.
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

/// Opens the store that `url` names, with every block checked.
///
/// | URL | is |
/// |---|---|
/// | `memory:` | a new, empty store that lives as long as what is returned |
/// | `file:///path` | a directory, created readable by its owner alone; `%23` is a `#` in its name, `%20` a space |
/// | `kubo+http://host:5001`, `kubo+https://…` | the RPC of a Kubo node; `user:password@` for basic authorisation |
///
/// Connects to nothing yet.
///
/// # Errors
/// [`StoreError::Url`] when the URL or the options cannot be used, [`StoreError::Refused`] when a directory cannot.
pub fn open(url: &str, options: &StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    let place: StoreUrl = url.parse()?;
    options.check(&place)?;
    let store: Arc<dyn Store> = match &place.0 {
        place::Kind::Memory => Arc::new(object::Objects::memory()),
        place::Kind::Directory(path) => Arc::new(object::Objects::directory(path, options)?),
        place::Kind::Kubo(url) => Arc::new(kubo::Kubo::new(url, options)?),
    };
    Ok(checked(store))
}

pub(crate) mod stores;
#[cfg(test)]
mod tests;
