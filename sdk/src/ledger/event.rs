//! The events of the contract in plain values, and the link each one makes in its patient's journal.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolValue,
};
use hospital_record_contracts::IHospitalRecord as Sol;

mod words;

use crate::ledger::event::words::number;
pub use Sol::{Purpose, Status, Via};

/// What a grant allows: any of four rights.
///
/// See the [guide](crate::grant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u8);

impl Rights {
    /// Open what is in the scope.
    pub const READ: Self = Self(1);
    /// Add to the folder.
    pub const CONTRIBUTE: Self = Self(2);
    /// Open, and add.
    pub const READ_AND_CONTRIBUTE: Self = Self(3);
    /// Pass on what the grant gives.
    pub const DELEGATE: Self = Self(4);
    /// Attest the folder's records.
    pub const ATTEST: Self = Self(8);

    /// From the contract's bits; `None` where they mean nothing.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        (bits <= 15).then_some(Self(bits))
    }

    /// The contract's bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// These and `other`.
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

/// The scope of a folder: its number as a word.
#[must_use]
pub fn folder_scope(folder: u64) -> B256 {
    B256::from(U256::from(folder))
}

/// The folder that a scope names; `None` when it names a record.
#[must_use]
pub fn folder_of(scope: B256) -> Option<u64> {
    number(scope, 40).filter(|folder| *folder != 0)
}

/// A record's key, which is also its scope: the hash of its author and its id.
#[must_use]
pub fn record_key(author: Address, id: B256) -> B256 {
    keccak256((author, id).abi_encode())
}

/// What happened, without patient and time, which its [`Entry`](crate::ledger::entry::Entry) has.
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
        /// Who added it.
        author: Address,
        /// SHA-256 of its manifest.
        id: B256,
    },
    /// A record's status moved on.
    RecordStatusChanged {
        /// The record's key.
        key: B256,
        /// Who did it.
        by: Address,
        /// The status from now on.
        status: Status,
        /// Key of the record that takes its place, or zero.
        replacement: B256,
    },
    /// The patient recorded the digest of a block that sums up the history before it.
    CheckpointMade {
        /// SHA-256 of the block.
        digest: B256,
    },
    /// A professional vouches for a record.
    RecordAttested {
        /// The record's key.
        key: B256,
        /// Who.
        by: Address,
    },
    /// The patient gave rights; they take the place of all that the grantee had on the scope.
    AccessGranted {
        /// Folder or record.
        scope: B256,
        /// To whom.
        grantee: Address,
        /// Which.
        rights: Rights,
        /// What for.
        purpose: Purpose,
        /// Not live from this second on; [`NO_END`](crate::ledger::NO_END) has no end.
        expires_at: u64,
        /// Of the folder keys in the envelope.
        epoch: u16,
        /// SHA-256 of the envelope.
        envelope: B256,
    },
    /// A grantee passed on what it has; it takes the place of all that the grantee had on the scope.
    AccessPassedOn {
        /// Folder or record.
        scope: B256,
        /// To whom.
        grantee: Address,
        /// By whom.
        giver: Address,
        /// By which grant of the giver.
        via: Via,
        /// Which.
        rights: Rights,
        /// What for.
        purpose: Purpose,
        /// Not live from this second on; [`NO_END`](crate::ledger::NO_END) has no end.
        expires_at: u64,
        /// Of the folder keys in the envelope.
        epoch: u16,
        /// SHA-256 of the envelope.
        envelope: B256,
    },
    /// The patient ended all rights on the scope.
    AccessRevoked {
        /// Folder or record.
        scope: B256,
        /// Whose.
        grantee: Address,
        /// Of the folder keys from here on, when there is a keyring.
        epoch: u16,
        /// SHA-256 of the keyring, or zero.
        keyring: B256,
        /// Whether nobody but the patient can give the grantee this scope again.
        barred: bool,
    },
    /// A giver took back what it had passed on.
    AccessWithdrawn {
        /// Folder or record.
        scope: B256,
        /// Whose rights ended.
        grantee: Address,
        /// Who took them back.
        giver: Address,
    },
    /// The grantee gave up all its rights on the scope.
    AccessRenounced {
        /// Folder or record.
        scope: B256,
        /// Who.
        grantee: Address,
    },
    /// The patient moved a folder's keys on.
    KeysRotated {
        /// The folder.
        folder: u64,
        /// Of its keys from here on.
        epoch: u16,
        /// SHA-256 of the keyring.
        keyring: B256,
    },
    /// Somebody says that it reads a record.
    RecordAccessed {
        /// The record's key.
        key: B256,
        /// Who.
        reader: Address,
        /// What for.
        purpose: Purpose,
        /// SHA-256 of a sealed block that says more, or zero.
        note: B256,
    },
}
