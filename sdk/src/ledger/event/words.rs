//! Events as words, in the order in which the contract hashes them.

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    sol_types::SolEvent,
};

use crate::ledger::event::{Event, Purpose, Rights, Status, Via};
use hospital_record_contracts::IHospitalRecord as Sol;

/// Each event with its fields in order.
macro_rules! events {
    ($($event:ident { $($field:ident),* })*) => {
        impl Event {
            /// The hash of the event's signature.
            #[must_use]
            pub fn topic(&self) -> B256 {
                match self {
                    $(Self::$event { .. } => Sol::$event::SIGNATURE_HASH,)*
                }
            }

            /// The event's fields in order, without the patient before and the previous head after them.
            #[must_use]
            pub fn words(&self) -> Vec<B256> {
                match *self {
                    $(Self::$event { $($field),* } => vec![$($field.to_word()),*],)*
                }
            }

            /// Decodes the event with this topic and these fields; `None` unless they encode one exactly.
            #[must_use]
            pub fn from_words(topic: B256, words: &[B256]) -> Option<Self> {
                Some(match (topic, words) {
                    $((Sol::$event::SIGNATURE_HASH, &[$($field),*]) => {
                        Self::$event { $($field: Word::from_word($field)?),* }
                    })*
                    _ => return None,
                })
            }
        }
    };
}

events! {
    ProfileSet { profile }
    CheckpointMade { digest }
    RecordAdded { folder, author, id }
    RecordStatusChanged { key, by, status, replacement }
    RecordAttested { key, by }
    RecordAccessed { key, reader, purpose, note }
    AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope }
    AccessPassedOn { scope, grantee, rights, purpose, expires_at, epoch, envelope, giver, via }
    AccessRevoked { scope, grantee, epoch, keyring, barred }
    AccessWithdrawn { scope, grantee, giver }
    AccessRenounced { scope, grantee }
    KeysRotated { folder, epoch, keyring }
}

impl Event {
    /// The first 24 bytes of the head after this event (the `link` of the contract's manual).
    #[must_use]
    pub fn link(&self, previous: B256, time: u64, patient: Address) -> [u8; 24] {
        let mut text = Vec::with_capacity(32 * 11);
        for word in [previous, time.to_word(), self.topic(), patient.into_word()] {
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

/// A field of an event as a word.
trait Word: Sized {
    fn to_word(self) -> B256;

    /// `None` unless the word encodes a value exactly.
    fn from_word(word: B256) -> Option<Self>;
}

macro_rules! words {
    ($($field:ty: |$value:ident| $to:expr, |$word:ident| $from:expr;)*) => {$(
        impl Word for $field {
            fn to_word(self) -> B256 {
                let $value = self;
                $to
            }

            fn from_word($word: B256) -> Option<Self> {
                $from
            }
        }
    )*};
}

words! {
    B256: |value| value, |word| Some(word);
    Address: |value| value.into_word(), |word| Some(Self::from_word(word)).filter(|value| value.into_word() == word);
    u64: |value| B256::from(U256::from(value)), |word| number(word, 40);
    u16: |value| u64::from(value).to_word(), |word| number(word, 16)?.try_into().ok();
    u8: |value| u64::from(value).to_word(), |word| number(word, 8)?.try_into().ok();
    bool: |value| u64::from(value).to_word(), |word| Some(number(word, 1)? == 1);
    Rights: |value| value.bits().to_word(), |word| Self::from_bits(Word::from_word(word)?);
    Purpose: |value| (value as u8).to_word(), |word| Self::try_from(<u8 as Word>::from_word(word)?).ok();
    Status: |value| (value as u8).to_word(), |word| Self::try_from(<u8 as Word>::from_word(word)?).ok();
    Via: |value| (value as u8).to_word(), |word| Self::try_from(<u8 as Word>::from_word(word)?).ok();
}

pub(super) fn number(word: B256, bits: u32) -> Option<u64> {
    u64::try_from(U256::from_be_bytes(word.0)).ok().filter(|value| value >> bits == 0)
}
