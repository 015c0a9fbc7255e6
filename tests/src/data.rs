//! Things to put into records.

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::process::repository;

/// 1 MiB, the length of a sealed segment.
pub const MIB: usize = 1 << 20;

/// Bytes that do not compress and are the same in every run: SplitMix64, fast even where nothing is optimised.
pub fn bytes(seed: &str, length: usize) -> Vec<u8> {
    let mut state = Sha256::digest(seed).iter().fold(0_u64, |state, byte| state.rotate_left(8) ^ u64::from(*byte));
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// One of the demo's inputs: `ct-chest.dcm`, `lab-report.json`, `discharge-letter.pdf`.
pub fn sample(name: &str) -> PathBuf {
    repository().join("examples/data").join(name)
}
