//! Keys, sealing and formats of `hospital-record`: pure functions from bytes to bytes.
//!
//! No I/O, no clock, no chain, no async. Randomness comes from `getrandom` alone; in a browser
//! (`wasm32-unknown-unknown`) the application turns on its feature `wasm_js`.
//!
//! | step | module |
//! |---|---|
//! | one seed becomes all of a person's secrets | [`identity`] |
//! | content becomes ciphertext, 1 MiB at a time | [`seal::stream`] |
//! | ciphertext becomes a DAG with one root | [`record::dag`], read by [`record::walker`] |
//! | name, type and times become sealed metadata | [`record::metadata`] |
//! | the content key becomes locks | [`seal::lock`] |
//! | all of it becomes one signed manifest | [`record::manifest`], [`block`] |
//! | an account says which keys are its own | [`profile`] |
//! | a grant becomes an envelope | [`seal::envelope`] |
//! | a wish for access becomes a request | [`seal::request`] |
//! | a revocation becomes a new epoch and a keyring | [`seal::ratchet`], [`seal::keyring`] |
//! | keys for k of n people together become a deal, and its shares | [`board`] |
//!
//! Values that anybody may see are in [`id`]; what can be wrong is in [`error`]. Secrets are wiped when they are
//! dropped and cannot be printed. Everything read from outside is parsed once, strictly: one value has one encoding,
//! sizes have limits, and nothing foreign makes it panic. (Sealing to a public key does where the operating system
//! gives no randomness; everything else reports that.)
//!
//! ```
//! use hospital_record_core::seal::stream::{self, ContentKey};
//!
//! let key = ContentKey::random()?;
//! let sealed = stream::seal(&key, b"heart rate 72 /min")?;
//! assert_eq!(stream::open(&key, &sealed)?, b"heart rate 72 /min");
//! assert!(stream::open(&ContentKey::random()?, &sealed).is_err());
//! # Ok::<(), hospital_record_core::error::SealError>(())
//! ```

pub mod block;
pub mod board;
pub mod error;
pub mod id;
pub mod identity;
pub mod profile;
pub mod record;
pub mod seal;

mod cbor;

pub use cid::Cid;
