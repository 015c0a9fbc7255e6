//! The keys of one folder.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};

/// A keyring that counted. From its entry on, the folder's keys are those of its epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyring {
    /// Epoch of the keys in it.
    pub epoch: u16,
    /// SHA-256 of its block.
    pub digest: B256,
    /// When it was mined, seconds since 1970.
    pub time: u64,
    /// Position of its entry.
    pub entry: usize,
}

/// The keys of one folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderKeys {
    /// The current epoch; 0 before the first keyring.
    pub epoch: u16,
    /// The keyrings, oldest first, by rising epochs.
    pub keyrings: Vec<Keyring>,
    /// The accounts that may hold the state of this epoch: its first readers, and those admitted since.
    pub holders: BTreeSet<Address>,
}

impl FolderKeys {
    /// The newest keyring.
    #[must_use]
    pub fn keyring(&self) -> Option<&Keyring> {
        self.keyrings.last()
    }
}
