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
pub(crate) mod into_error;
mod kubo;
mod object;
mod open;
mod options;
mod place;
mod seam;
pub(crate) mod stores;
#[cfg(test)]
mod tests;
mod until_silent;

pub use checked::checked;
pub use dag::{MAX_BLOCK, links};
pub use error::StoreError;
pub use hospital_record_core::record::dag::Block;
pub use open::open;
#[cfg(feature = "s3")]
pub use options::S3Access;
pub use options::StoreOptions;
pub use place::StoreUrl;
pub use seam::{Blocks, Store};
pub(crate) use until_silent::until_silent;
