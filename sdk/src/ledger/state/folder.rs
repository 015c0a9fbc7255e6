//! Where the keys of one folder stand.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256};

/// A keyring that counted: the folder's keys were those of its epoch from its entry on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keyring {
    /// Epoch of the keys in it.
    pub epoch: u16,
    /// SHA-256 of its block.
    pub digest: B256,
    /// When it landed, seconds since 1970.
    pub time: u64,
    /// Position of its entry.
    pub entry: usize,
}

/// The keys of one folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderKeys {
    /// The epoch from here on; 0 before the first keyring.
    pub epoch: u16,
    /// Oldest first, by rising epochs.
    pub keyrings: Vec<Keyring>,
    /// Who may hold the state of this epoch: the readers when it began, and whoever was let in since.
    pub holders: BTreeSet<Address>,
}

impl FolderKeys {
    /// The newest keyring.
    #[must_use]
    pub fn keyring(&self) -> Option<&Keyring> {
        self.keyrings.last()
    }
}
