//! Events as words, in the order in which the contract hashes them.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolEvent,
};

use crate::ledger::event::{Event, Purpose, Rights, Status, Via};
use hospital_record_contracts::IHospitalRecord as Sol;

impl Event {
    /// The hash of the event's signature.
    #[must_use]
    pub fn topic(&self) -> B256 {
        match self {
            Self::ProfileSet { .. } => Sol::ProfileSet::SIGNATURE_HASH,
            Self::CheckpointMade { .. } => Sol::CheckpointMade::SIGNATURE_HASH,
            Self::RecordAdded { .. } => Sol::RecordAdded::SIGNATURE_HASH,
            Self::RecordStatusChanged { .. } => Sol::RecordStatusChanged::SIGNATURE_HASH,
            Self::AccessGranted { .. } => Sol::AccessGranted::SIGNATURE_HASH,
            Self::RecordAttested { .. } => Sol::RecordAttested::SIGNATURE_HASH,
            Self::AccessPassedOn { .. } => Sol::AccessPassedOn::SIGNATURE_HASH,
            Self::AccessRevoked { .. } => Sol::AccessRevoked::SIGNATURE_HASH,
            Self::AccessWithdrawn { .. } => Sol::AccessWithdrawn::SIGNATURE_HASH,
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
            Self::CheckpointMade { digest } => vec![digest],
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
            Self::RecordAttested { key, by } => vec![key, by.into_word()],
            Self::AccessPassedOn { scope, grantee, giver, via, rights, purpose, expires_at, epoch, envelope } => vec![
                scope,
                grantee.into_word(),
                word(rights.bits()),
                word(purpose as u8),
                word(expires_at),
                word(epoch),
                envelope,
                giver.into_word(),
                word(via as u8),
            ],
            Self::AccessRevoked { scope, grantee, epoch, keyring, barred } => {
                vec![scope, grantee.into_word(), word(epoch), keyring, word(u8::from(barred))]
            }
            Self::AccessWithdrawn { scope, grantee, giver } => {
                vec![scope, grantee.into_word(), giver.into_word()]
            }
            Self::AccessRenounced { scope, grantee } => vec![scope, grantee.into_word()],
            Self::KeysRotated { folder, epoch, keyring } => vec![word(folder), word(epoch), keyring],
            Self::RecordAccessed { key, reader, purpose, note } => {
                vec![key, reader.into_word(), word(purpose as u8), note]
            }
        }
    }

    /// Decodes the event with this topic and these fields; `None` unless they encode one exactly.
    #[must_use]
    pub fn from_words(topic: B256, words: &[B256]) -> Option<Self> {
        Self::of_records(topic, words).or_else(|| Self::of_grants(topic, words)).or_else(|| Self::of_ends(topic, words))
    }

    fn of_records(topic: B256, words: &[B256]) -> Option<Self> {
        Some(match (topic, words) {
            (Sol::ProfileSet::SIGNATURE_HASH, &[profile]) => Self::ProfileSet { profile },
            (Sol::CheckpointMade::SIGNATURE_HASH, &[digest]) => Self::CheckpointMade { digest },
            (Sol::RecordAdded::SIGNATURE_HASH, &[folder, author, id]) => {
                Self::RecordAdded { folder: number(folder, 40)?, author: account(author)?, id }
            }
            (Sol::RecordStatusChanged::SIGNATURE_HASH, &[key, by, status, replacement]) => {
                Self::RecordStatusChanged { key, by: account(by)?, status: status_of(status)?, replacement }
            }
            (Sol::RecordAttested::SIGNATURE_HASH, &[key, by]) => Self::RecordAttested { key, by: account(by)? },
            (Sol::RecordAccessed::SIGNATURE_HASH, &[key, reader, purpose, note]) => {
                Self::RecordAccessed { key, reader: account(reader)?, purpose: purpose_of(purpose)?, note }
            }
            _ => return None,
        })
    }

    fn of_grants(topic: B256, words: &[B256]) -> Option<Self> {
        Some(match (topic, words) {
            (Sol::AccessGranted::SIGNATURE_HASH, &[scope, grantee, rights, purpose, expires_at, epoch, envelope]) => {
                let (grantee, rights) = (account(grantee)?, Rights::from_bits(small(rights)?)?);
                let (purpose, expires_at, epoch) = (purpose_of(purpose)?, number(expires_at, 40)?, small(epoch)?);
                Self::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope }
            }
            (
                Sol::AccessPassedOn::SIGNATURE_HASH,
                &[scope, grantee, rights, purpose, expires_at, epoch, envelope, giver, via],
            ) => {
                let (grantee, giver, via) = (account(grantee)?, account(giver)?, via_of(via)?);
                let (rights, purpose) = (Rights::from_bits(small(rights)?)?, purpose_of(purpose)?);
                let (expires_at, epoch) = (number(expires_at, 40)?, small(epoch)?);
                Self::AccessPassedOn { scope, grantee, giver, via, rights, purpose, expires_at, epoch, envelope }
            }
            _ => return None,
        })
    }

    fn of_ends(topic: B256, words: &[B256]) -> Option<Self> {
        Some(match (topic, words) {
            (Sol::AccessRevoked::SIGNATURE_HASH, &[scope, grantee, epoch, keyring, barred]) => {
                let (grantee, epoch, barred) = (account(grantee)?, small(epoch)?, number(barred, 1)? == 1);
                Self::AccessRevoked { scope, grantee, epoch, keyring, barred }
            }
            (Sol::AccessWithdrawn::SIGNATURE_HASH, &[scope, grantee, giver]) => {
                Self::AccessWithdrawn { scope, grantee: account(grantee)?, giver: account(giver)? }
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

pub(super) fn number(word: B256, bits: u32) -> Option<u64> {
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

fn via_of(word: B256) -> Option<Via> {
    Via::try_from(small::<u8>(word)?).ok()
}
