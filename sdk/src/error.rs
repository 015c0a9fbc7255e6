//! One error for everything an app can meet.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::{Address, B256, U256};
use hospital_record_contracts::IHospitalRecord::IHospitalRecordErrors;
use hospital_record_core::error::{CoreError, DagError, IdError, SealError};

use crate::{ledger::LedgerError, store::StoreError};

pub(crate) const RANDOM: &str = "the system's random generator";

/// The result of everything this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in words for people; [`kind`](Error::kind) is for programs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Access was not given, or has ended.
    #[error("access denied: {0}")]
    Denied(String),
    /// There is no such record, grant, contact or profile.
    #[error("not found: {0}")]
    NotFound(String),
    /// It exists, but its blocks cannot be had right now.
    #[error("not available: {0}")]
    NotAvailable(String),
    /// Something that was received is not what it claims to be. Nothing of it was used.
    #[error("integrity failure: {0}")]
    Integrity(String),
    /// The account cannot pay for the transaction.
    #[error("{account} cannot pay for this transaction: it must hold at least {} ether; send it some and repeat", ether(*.needed))]
    Unfunded {
        /// Who has to pay.
        account: Address,
        /// What the transaction may cost at most, in wei.
        needed: U256,
    },
    /// The keys of a person are not those that were seen before, and nothing that person signed leads to them.
    #[error(
        "the keys of {account} changed from {known} to {found}, and the new ones are not signed as their successor: \
         ask the person, and exchange cards again"
    )]
    KeyChanged {
        /// Whose keys.
        account: Address,
        /// Digest of the profile that was known.
        known: B256,
        /// Digest of the profile that was offered.
        found: B256,
    },
    /// A service did not answer at all.
    #[error("{service} cannot be reached: {reason}; check that it runs and that the address is right")]
    Unreachable {
        /// The store's or node's name.
        service: String,
        /// What the network said.
        reason: String,
    },
    /// A service did not answer in time.
    #[error("{service} gave no answer within {} s; what was sent may still take effect: `resume` finds out", .after.as_secs())]
    TimedOut {
        /// The store's or node's name.
        service: String,
        /// How long was waited.
        after: Duration,
    },
    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Something else happened at the same time.
    #[error("{0}")]
    Conflict(String),
    /// A record is there already: another program of this person was faster.
    #[error("{0}; `resume` tidies up")]
    Exists(String),
    /// The patient's keys moved on several times while this was prepared.
    #[error("the patient's keys moved on while this was prepared: repeat it")]
    StaleKeys,
    /// A local file cannot be read or written.
    #[error("{}: {reason}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: String,
        /// Its kind, as the system names it.
        kind: std::io::ErrorKind,
    },
    /// The chain or contract is not the one that was configured.
    #[error("{0}")]
    WrongContract(String),
    /// Everything else a service refused.
    #[error("{service} refused: {reason}")]
    Refused {
        /// The store's or node's name.
        service: String,
        /// What it said.
        reason: String,
    },
}

/// What an app matches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Access was not given, or has ended.
    Denied,
    /// There is no such thing.
    NotFound,
    /// It exists, but cannot be had right now.
    NotAvailable,
    /// What was received is not what it claims to be.
    Integrity,
    /// The account cannot pay.
    Unfunded,
    /// A person's keys changed without a signature.
    KeyChanged,
    /// No answer from a service.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The request itself is wrong.
    Invalid,
    /// Something else happened at the same time: look again, then repeat.
    Conflict,
    /// A local file.
    File,
    /// Wrong chain, no contract, or another contract.
    WrongContract,
    /// A service refused.
    Refused,
}

impl Error {
    /// The class of this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Denied(_) => ErrorKind::Denied,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::NotAvailable(_) => ErrorKind::NotAvailable,
            Self::Integrity(_) => ErrorKind::Integrity,
            Self::Unfunded { .. } => ErrorKind::Unfunded,
            Self::KeyChanged { .. } => ErrorKind::KeyChanged,
            Self::Unreachable { .. } => ErrorKind::Unreachable,
            Self::TimedOut { .. } => ErrorKind::TimedOut,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Conflict(_) | Self::Exists(_) | Self::StaleKeys => ErrorKind::Conflict,
            Self::File { .. } => ErrorKind::File,
            Self::WrongContract(_) => ErrorKind::WrongContract,
            Self::Refused { .. } => ErrorKind::Refused,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::File { path: path.into(), reason: error.to_string(), kind: error.kind() }
    }

    /// What a reader said; an error of this crate that came through it is itself again.
    pub(crate) fn of_io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|error| Self::file(path, &error))
    }

    /// For a stream of blocks that goes into a store.
    pub(crate) fn into_store(self) -> StoreError {
        StoreError::Input(Box::new(self))
    }

    pub(crate) fn cache(error: impl std::fmt::Display) -> Self {
        Self::Refused { service: "the state directory".into(), reason: error.to_string() }
    }
}

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        let text = error.to_string();
        match error {
            LedgerError::Url { .. } => Self::Invalid(text),
            LedgerError::Unreachable { host, reason } => Self::Unreachable { service: host, reason },
            LedgerError::TimedOut { host, after } => Self::TimedOut { service: host, after },
            LedgerError::RateLimited { host } => Self::Unreachable { service: host, reason: text },
            LedgerError::Unfunded { account, needed } => Self::Unfunded { account, needed },
            LedgerError::Integrity(_) | LedgerError::Malformed { .. } => Self::Integrity(text),
            // The same question has an answer elsewhere, or later.
            LedgerError::Behind { .. } => Self::NotAvailable(text),
            LedgerError::WrongChain { .. } | LedgerError::NoContract { .. } | LedgerError::OtherCode { .. } => {
                Self::WrongContract(text)
            }
            LedgerError::Contract(refusal) => refused(*refusal, text),
            // It was possible when it was signed, and not any more when it was mined.
            LedgerError::Failed { .. } => Self::Conflict(text),
            LedgerError::Refused { host, reason, .. }
            | LedgerError::Rejected { host, reason }
            | LedgerError::TooManyLogs { host, reason } => Self::Refused { service: host, reason },
            LedgerError::Reverted(_) => Self::Refused { service: "the chain".into(), reason: text },
            LedgerError::Signer { reason } => Self::Refused { service: "the signer".into(), reason },
            LedgerError::Outbox { reason } => Self::cache(reason),
        }
    }
}

fn refused(refusal: IHospitalRecordErrors, text: String) -> Error {
    use IHospitalRecordErrors as Refusal;
    match refusal {
        Refusal::StaleKeys(_) => Error::StaleKeys,
        Refusal::NotPermitted(_) => Error::Denied(text),
        Refusal::NoSuchRecord(_) | Refusal::NoSuchGrant(_) => Error::NotFound(text),
        Refusal::RecordExists(_) => Error::Exists(text),
        Refusal::Empty(_)
        | Refusal::InvalidFolder(_)
        | Refusal::InvalidRights(_)
        | Refusal::InvalidGrantee(_)
        | Refusal::ExpiryNotInFuture(_)
        | Refusal::StatusNotAllowed(_) => Error::Invalid(text),
    }
}

fn ether(wei: U256) -> String {
    alloy::primitives::utils::format_ether(wei)
}

impl From<CoreError> for Error {
    fn from(error: CoreError) -> Self {
        let text = error.to_string();
        match error {
            CoreError::Id(error) => of_id(error, text),
            CoreError::Seal(error) => of_seal(error, text),
            // A block of one's own is checked before it is made: these are about what others made.
            CoreError::Block(_) => Self::Integrity(text),
            CoreError::Dag(error) => of_dag(error, text),
        }
    }
}

fn of_id(error: IdError, text: String) -> Error {
    match error {
        // Only people write these.
        IdError::NotHex { .. } | IdError::Confidentiality(_) | IdError::NotARecordCid(_) => Error::Invalid(text),
        IdError::Length { .. } | IdError::FolderOutOfRange(_) => Error::Integrity(text),
    }
}

fn of_seal(error: SealError, text: String) -> Error {
    match error {
        SealError::Randomness(reason) => Error::Refused { service: RANDOM.into(), reason },
        // About what is to be made here.
        SealError::StreamTooLong(_)
        | SealError::EpochsExhausted
        | SealError::TooLarge { .. }
        | SealError::TooManyGrantees { .. } => Error::Invalid(text),
        // The keys are right, but they reach no further.
        SealError::EpochAhead { .. } | SealError::NoEntry => Error::Denied(text),
        // About what others made. A suite of a later version is among them: nobody must be able to stop a patient's
        // work by publishing one.
        SealError::Header { .. }
        | SealError::HeaderMismatch
        | SealError::SegmentLength { .. }
        | SealError::Segment { .. }
        | SealError::PublicKey(_)
        | SealError::UnknownSuite(_)
        | SealError::Unopenable(_)
        | SealError::Commitment
        | SealError::Mismatch { .. }
        | SealError::Payload { .. } => Error::Integrity(text),
    }
}

fn of_dag(error: DagError, text: String) -> Error {
    match error {
        DagError::Range { .. } => Error::Invalid(text),
        DagError::Integrity(_)
        | DagError::Cid(_)
        | DagError::Node { .. }
        | DagError::Leaf { .. }
        | DagError::Empty
        | DagError::NotAsked(_) => Error::Integrity(text),
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::Url { .. } => Self::Invalid(text),
            StoreError::NotFound { .. } => Self::NotAvailable(text),
            StoreError::Integrity { .. } => Self::Integrity(text),
            StoreError::Unreachable { url, reason } => Self::Unreachable { service: url, reason },
            StoreError::TimedOut { url, after } => Self::TimedOut { service: url, after },
            // What went into the store came from here: its own error says why it could not.
            StoreError::Input(cause) => match cause.downcast::<Self>() {
                Ok(error) => *error,
                Err(_) => Self::Conflict(text),
            },
            StoreError::Full { url } => Self::Refused { service: url, reason: "it is full; free some space".into() },
            StoreError::Refused { url, reason } | StoreError::Failed { url, reason } => {
                Self::Refused { service: url, reason }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn kind(error: impl Into<Error>) -> ErrorKind {
        error.into().kind()
    }

    #[test]
    fn what_is_to_be_made_here_is_no_integrity_failure() {
        let too_large = SealError::TooLarge { what: "the metadata", size: 2, max: 1 };
        assert_eq!(kind(CoreError::Seal(too_large)), ErrorKind::Invalid);
        assert_eq!(kind(CoreError::Seal(SealError::EpochsExhausted)), ErrorKind::Invalid);
        assert_eq!(kind(CoreError::Seal(SealError::TooManyGrantees { found: 2, max: 1 })), ErrorKind::Invalid);
        assert_eq!(kind(CoreError::Seal(SealError::Randomness("no".into()))), ErrorKind::Refused);
        assert_eq!(kind(CoreError::Seal(SealError::NoEntry)), ErrorKind::Denied);
        assert_eq!(kind(CoreError::Seal(SealError::Commitment)), ErrorKind::Integrity);
        assert_eq!(kind(CoreError::Dag(DagError::Range { start: 2, end: 1, total: 0 })), ErrorKind::Invalid);
    }

    #[test]
    fn what_the_chain_says_is_told_apart() {
        let (host, reason) = (String::from("h"), String::from("r"));
        assert_eq!(kind(LedgerError::Url { reason: reason.clone() }), ErrorKind::Invalid);
        assert_eq!(kind(LedgerError::Outbox { reason: reason.clone() }), ErrorKind::Refused);
        assert_eq!(kind(LedgerError::Behind { host: host.clone(), newest: 1, known: 2 }), ErrorKind::NotAvailable);
        assert_eq!(kind(LedgerError::Failed { transaction: B256::ZERO }), ErrorKind::Conflict);
        let told = Error::from(LedgerError::Signer { reason }).to_string();
        assert!(told.contains("the signer"), "{told}");
    }

    #[test]
    fn an_error_keeps_its_kind_on_the_way_through_a_stream_or_a_store() {
        let through_a_store = Error::Denied("no".into()).into_store();
        assert_eq!(kind(through_a_store), ErrorKind::Denied);
        let through_a_reader = std::io::Error::other(Error::NotAvailable("no".into()));
        assert_eq!(Error::of_io("x", through_a_reader).kind(), ErrorKind::NotAvailable);
        assert_eq!(Error::of_io("x", std::io::ErrorKind::StorageFull.into()).kind(), ErrorKind::File);
    }
}
