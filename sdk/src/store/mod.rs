#![doc = include_str!("../../guides/store.md")]

mod car;
mod checked;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod dag;
mod error;
#[cfg(test)]
mod faults;
mod gateway;
pub(crate) mod into_error;
#[cfg(not(target_family = "wasm"))]
mod kubo;
mod node;
mod object;
mod open;
mod options;
mod place;
mod seam;
mod server;
pub(crate) mod stores;
#[cfg(test)]
mod tests;
mod until_unreachable;
mod upload;

pub use car::{CarError, read_car, write_car};
pub use checked::checked;
pub use dag::{MAX_BLOCK, links};
pub use error::StoreError;
pub use hospital_record_core::record::dag::Block;
pub use open::open;
#[cfg(feature = "s3")]
pub use options::S3Access;
pub use options::StoreOptions;
pub use place::StoreUrl;
pub use seam::{Blocks, Sessions, Store};
pub(crate) use until_unreachable::until_unreachable;
