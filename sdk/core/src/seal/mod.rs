//! All functions that seal and open bytes.

pub mod envelope;
pub mod keyring;
pub mod lock;
pub mod ratchet;
pub mod request;
pub mod stream;
pub mod wrap;

mod content_key;
pub(crate) mod context;
pub(crate) mod gcm;
pub(crate) mod padding;
pub(crate) mod payload;
