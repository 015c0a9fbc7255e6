//! Keys, sealing and formats of `hospital-record`: pure functions from bytes to bytes.
//!
//! This crate has no I/O, no clock, no chain and no async. Randomness comes from `getrandom` alone. In a browser
//! (`wasm32-unknown-unknown`) the application enables its feature `wasm_js`.
//!
//! | step | module |
//! |---|---|
//! | one seed becomes all secrets of a person | [`identity`] |
//! | content becomes ciphertext, 1 MiB at a time | [`seal::stream`] |
//! | ciphertext becomes a DAG with one root | [`record::dag`], read by [`record::walker`] |
//! | name, type and times become sealed metadata | [`record::metadata`] |
//! | the content key becomes locks | [`seal::lock`] |
//! | all of it becomes one signed manifest | [`record::manifest`], [`block`] |
//! | an account publishes its keys | [`profile`] |
//! | a grant becomes an envelope | [`seal::envelope`] |
//! | a request for access becomes a sealed block | [`seal::request`] |
//! | a revocation becomes a new epoch and a keyring | [`seal::ratchet`], [`seal::keyring`] |
//! | keys for k of n people become a deal and its shares | [`board`] |
//! | a password opens a person's vault at a node | [`vault`] |
//!
//! Public values are in [`id`], errors in [`error`]. Secrets are wiped when they are dropped and cannot be printed. All
//! input is parsed once and strictly: one value has one encoding, sizes have limits, and no input causes a panic. Only
//! sealing to a public key panics if the operating system gives no randomness; all other functions report that.
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
pub mod vault;

mod cbor;

pub use cid::Cid;
