//! Things to put into records.

use std::path::PathBuf;

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit, StreamCipher},
};
use sha2::{Digest, Sha256};

use crate::process::repository;

/// 1 MiB, the length of a sealed segment.
pub const MIB: usize = 1 << 20;

/// Bytes that do not compress and are the same in every run.
pub fn bytes(seed: &str, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    ChaCha20::new(&Sha256::digest(seed), &[0; 12].into()).apply_keystream(&mut bytes);
    bytes
}

/// One of the demo's inputs: `ct-chest.dcm`, `lab-report.json`, `discharge-letter.pdf`.
pub fn sample(name: &str) -> PathBuf {
    repository().join("examples/data").join(name)
}
