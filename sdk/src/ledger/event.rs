//! The events of the contract in plain values, and the link each one makes in its patient's journal.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::{SolEvent, SolValue},
};
use hospital_record_contracts::IHospitalRecord as Sol;

pub use Sol::{Purpose, Status};

/// The expiry of a grant without an end: the largest the contract can hold.
pub const NO_END: u64 = (1 << 40) - 1;

/// What a grant allows. It may carry both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rights(u8);

impl Rights {
    /// Open what is in the scope.
    pub const READ: Self = Self(1);
    /// Add to the folder.
    pub const CONTRIBUTE: Self = Self(2);
    /// Both.
    pub const READ_AND_CONTRIBUTE: Self = Self(3);

    /// From the contract's bits; `None` where they mean nothing.
    #[must_use]
    pub fn from_bits(bits: u8) -> Option<Self> {
        (bits <= 3).then_some(Self(bits))
    }

    /// The contract's bits.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
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

/// What happened, without patient and time, which its [`Entry`](super::Entry) has.
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
        /// Not live from this second on; [`NO_END`] has no end.
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
    },
}

impl Event {
    /// The hash of the event's signature.
    #[must_use]
    pub fn topic(&self) -> B256 {
        match self {
            Self::ProfileSet { .. } => Sol::ProfileSet::SIGNATURE_HASH,
            Self::RecordAdded { .. } => Sol::RecordAdded::SIGNATURE_HASH,
            Self::RecordStatusChanged { .. } => Sol::RecordStatusChanged::SIGNATURE_HASH,
            Self::AccessGranted { .. } => Sol::AccessGranted::SIGNATURE_HASH,
            Self::AccessRevoked { .. } => Sol::AccessRevoked::SIGNATURE_HASH,
            Self::AccessRenounced { .. } => Sol::AccessRenounced::SIGNATURE_HASH,
            Self::KeysRotated { .. } => Sol::KeysRotated::SIGNATURE_HASH,
            Self::RecordAccessed { .. } => Sol::RecordAccessed::SIGNATURE_HASH,
        }
    }

    /// The event's fields in order, without the patient before and the previous head after them.
    #[must_use]
    pub fn words(&self) -> Vec<B256> {
        match *self {
            Self::ProfileSet { profile } => vec![profile],
            Self::RecordAdded { folder, author, id } => vec![word(folder), author.into_word(), id],
            Self::RecordStatusChanged { key, by, status, replacement } => {
                vec![key, by.into_word(), word(status as u8), replacement]
            }
            Self::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope } => vec![
                scope,
                grantee.into_word(),
                word(rights.bits()),
                word(purpose as u8),
                word(expires_at),
                word(epoch),
                envelope,
            ],
            Self::AccessRevoked { scope, grantee, epoch, keyring } => {
                vec![scope, grantee.into_word(), word(epoch), keyring]
            }
            Self::AccessRenounced { scope, grantee } => vec![scope, grantee.into_word()],
            Self::KeysRotated { folder, epoch, keyring } => vec![word(folder), word(epoch), keyring],
            Self::RecordAccessed { key, reader, purpose } => vec![key, reader.into_word(), word(purpose as u8)],
        }
    }

    /// The event with this topic and these fields; `None` unless they encode one exactly.
    #[must_use]
    pub fn from_words(topic: B256, words: &[B256]) -> Option<Self> {
        Self::of_records(topic, words).or_else(|| Self::of_access(topic, words))
    }

    fn of_records(topic: B256, words: &[B256]) -> Option<Self> {
        Some(match (topic, words) {
            (Sol::ProfileSet::SIGNATURE_HASH, &[profile]) => Self::ProfileSet { profile },
            (Sol::RecordAdded::SIGNATURE_HASH, &[folder, author, id]) => {
                Self::RecordAdded { folder: number(folder, 40)?, author: account(author)?, id }
            }
            (Sol::RecordStatusChanged::SIGNATURE_HASH, &[key, by, status, replacement]) => {
                Self::RecordStatusChanged { key, by: account(by)?, status: status_of(status)?, replacement }
            }
            (Sol::RecordAccessed::SIGNATURE_HASH, &[key, reader, purpose]) => {
                Self::RecordAccessed { key, reader: account(reader)?, purpose: purpose_of(purpose)? }
            }
            _ => return None,
        })
    }

    fn of_access(topic: B256, words: &[B256]) -> Option<Self> {
        Some(match (topic, words) {
            (Sol::AccessGranted::SIGNATURE_HASH, &[scope, grantee, rights, purpose, expires_at, epoch, envelope]) => {
                let (grantee, rights) = (account(grantee)?, Rights::from_bits(small(rights)?)?);
                let (purpose, expires_at, epoch) = (purpose_of(purpose)?, number(expires_at, 40)?, small(epoch)?);
                Self::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope }
            }
            (Sol::AccessRevoked::SIGNATURE_HASH, &[scope, grantee, epoch, keyring]) => {
                Self::AccessRevoked { scope, grantee: account(grantee)?, epoch: small(epoch)?, keyring }
            }
            (Sol::AccessRenounced::SIGNATURE_HASH, &[scope, grantee]) => {
                Self::AccessRenounced { scope, grantee: account(grantee)? }
            }
            (Sol::KeysRotated::SIGNATURE_HASH, &[folder, epoch, keyring]) => {
                Self::KeysRotated { folder: number(folder, 40)?, epoch: small(epoch)?, keyring }
            }
            _ => return None,
        })
    }

    /// The first 24 bytes of the head after this event (the `link` of the contract's manual).
    #[must_use]
    pub fn link(&self, previous: B256, time: u64, patient: Address) -> [u8; 24] {
        let mut text = Vec::with_capacity(32 * 11);
        for word in [previous, word(time), self.topic(), patient.into_word()] {
            text.extend_from_slice(word.as_slice());
        }
        for word in self.words() {
            text.extend_from_slice(word.as_slice());
        }
        let mut link = [0; 24];
        link.copy_from_slice(&keccak256(text)[..24]);
        link
    }
}

fn word(value: impl Into<u64>) -> B256 {
    B256::from(U256::from(value.into()))
}

fn number(word: B256, bits: u32) -> Option<u64> {
    u64::try_from(U256::from_be_bytes(word.0)).ok().filter(|value| value >> bits == 0)
}

fn small<T: TryFrom<u64>>(word: B256) -> Option<T> {
    T::try_from(number(word, 32)?).ok()
}

fn account(word: B256) -> Option<Address> {
    let account = Address::from_word(word);
    (account.into_word() == word).then_some(account)
}

fn status_of(word: B256) -> Option<Status> {
    Status::try_from(small::<u8>(word)?).ok()
}

fn purpose_of(word: B256) -> Option<Purpose> {
    Purpose::try_from(small::<u8>(word)?).ok()
}
