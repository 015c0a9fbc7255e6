//! The contract's events as plain values, and the link of each one in its patient's journal.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolValue,
};
use hospital_record_contracts::IHospitalRecord as Sol;

mod words;

use crate::ledger::event::words::number;
pub use Sol::{Purpose, Status, Via};

/// The rights of a grant: any combination of four.
///
/// See the [guide](crate::grant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u8);

impl Rights {
    /// Open the records in the scope.
    pub const READ: Self = Self(1);
    /// Add records to the folder.
    pub const CONTRIBUTE: Self = Self(2);
    /// Open and add records.
    pub const READ_AND_CONTRIBUTE: Self = Self(3);
    /// Delegate the grant's access.
    pub const DELEGATE: Self = Self(4);
    /// Attest the folder's records.
    pub const ATTEST: Self = Self(8);

    /// Decodes the contract's bits; `None` if they are invalid.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        (bits <= 15).then_some(Self(bits))
    }

    /// The contract's bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Combines these rights with `other`.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `READ` is among them.
    #[must_use]
    pub fn reads(self) -> bool {
        self.contains(Self::READ)
    }

    /// Whether `CONTRIBUTE` is among them.
    #[must_use]
    pub fn contributes(self) -> bool {
        self.contains(Self::CONTRIBUTE)
    }

    /// Whether `DELEGATE` is among them.
    #[must_use]
    pub fn delegates(self) -> bool {
        self.contains(Self::DELEGATE)
    }

    /// Whether `ATTEST` is among them.
    #[must_use]
    pub fn attests(self) -> bool {
        self.contains(Self::ATTEST)
    }

    /// Whether all of `other` are among them.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }
}

/// The scope of a folder, which is its number as a word.
#[must_use]
pub fn folder_scope(folder: u64) -> B256 {
    B256::from(U256::from(folder))
}

/// The folder that a scope names; `None` if it names a record.
#[must_use]
pub fn folder_of(scope: B256) -> Option<u64> {
    number(scope, 40).filter(|folder| *folder != 0)
}

/// A record's key, which is also its scope: the hash of its author and its id.
#[must_use]
pub fn record_key(author: Address, id: B256) -> B256 {
    keccak256((author, id).abi_encode())
}

/// An event of the contract. Its patient and time are in its [`Entry`](crate::ledger::entry::Entry).
///
/// See the [guide](crate::history).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The patient published public keys.
    ProfileSet {
        /// SHA-256 of the profile block.
        profile: B256,
    },
    /// A record was added.
    RecordAdded {
        /// Its folder.
        folder: u64,
        /// The account that added it.
        author: Address,
        /// SHA-256 of its manifest.
        id: B256,
    },
    /// A record's status changed.
    RecordStatusChanged {
        /// The record's key.
        key: B256,
        /// The account that changed it.
        by: Address,
        /// The new status.
        status: Status,
        /// Key of the record that replaces it, or zero.
        replacement: B256,
    },
    /// The patient recorded the digest of a block that summarises the history before it.
    CheckpointMade {
        /// SHA-256 of the block.
        digest: B256,
    },
    /// A professional attested a record.
    RecordAttested {
        /// The record's key.
        key: B256,
        /// Who.
        by: Address,
    },
    /// The patient granted rights. They replace all rights that the grantee had on the scope.
    AccessGranted {
        /// The folder or record.
        scope: B256,
        /// The account that gets access.
        grantee: Address,
        /// The rights.
        rights: Rights,
        /// The purpose.
        purpose: Purpose,
        /// The expiry: not live from this second on. [`NO_END`](crate::ledger::NO_END) means no end.
        expires_at: u64,
        /// The epoch of the folder keys in the envelope.
        epoch: u16,
        /// SHA-256 of the envelope.
        envelope: B256,
    },
    /// A delegate granted rights that it has. They replace all rights that the grantee had on the scope.
    AccessPassedOn {
        /// The folder or record.
        scope: B256,
        /// The account that gets access.
        grantee: Address,
        /// The delegate that gave it.
        giver: Address,
        /// Which grant of the giver it relies on.
        via: Via,
        /// The rights.
        rights: Rights,
        /// The purpose.
        purpose: Purpose,
        /// The expiry: not live from this second on. [`NO_END`](crate::ledger::NO_END) means no end.
        expires_at: u64,
        /// The epoch of the folder keys in the envelope.
        epoch: u16,
        /// SHA-256 of the envelope.
        envelope: B256,
    },
    /// The patient revoked all rights on the scope.
    AccessRevoked {
        /// The folder or record.
        scope: B256,
        /// Whose.
        grantee: Address,
        /// The new epoch of the folder keys, if there is a keyring.
        epoch: u16,
        /// SHA-256 of the keyring, or zero.
        keyring: B256,
        /// Whether only the patient can grant this scope to the grantee again.
        barred: bool,
    },
    /// A delegate withdrew access that it had granted.
    AccessWithdrawn {
        /// The folder or record.
        scope: B256,
        /// The account that lost its rights.
        grantee: Address,
        /// The delegate that withdrew them.
        giver: Address,
    },
    /// The grantee renounced all its rights on the scope.
    AccessRenounced {
        /// The folder or record.
        scope: B256,
        /// Who.
        grantee: Address,
    },
    /// The patient rotated a folder's keys.
    KeysRotated {
        /// The folder.
        folder: u64,
        /// The new epoch of its keys.
        epoch: u16,
        /// SHA-256 of the keyring.
        keyring: B256,
    },
    /// An account logged that it reads a record.
    RecordAccessed {
        /// The record's key.
        key: B256,
        /// Who.
        reader: Address,
        /// The purpose.
        purpose: Purpose,
        /// SHA-256 of a sealed block with details, or zero.
        note: B256,
    },
}
