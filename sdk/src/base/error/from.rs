//! What the errors of the parts mean to an app. Every one is decided here: no match has a wildcard.

use hospital_record_contracts::{
    IHospitalRecord::IHospitalRecordErrors, boards::IBoard::IBoardErrors, vouching::IVouching::IVouchingErrors,
};
use hospital_record_core::error::{CoreError, DagError, IdError, SealError};

use crate::{
    base::error::{Error, RANDOM},
    ledger::{BesideErrors, LedgerError},
    store::StoreError,
};

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        let text = error.to_string();
        match error {
            LedgerError::Url { .. } => Self::Invalid(text),
            LedgerError::Unreachable { host, reason } => Self::Unreachable { service: host, reason: checked(&reason) },
            LedgerError::TimedOut { host, after } => Self::TimedOut { service: host, after },
            LedgerError::RateLimited { host } => {
                let reason = "it limits how often it is asked; wait a minute and repeat, or use another RPC";
                Self::Unreachable { service: host, reason: reason.into() }
            }
            LedgerError::TooDear { .. } | LedgerError::TooMuchGas { .. } => {
                Self::Refused { service: "this client".into(), reason: text }
            }
            LedgerError::Unfunded { account, needed } => Self::Unfunded { account, needed },
            LedgerError::Integrity(_) | LedgerError::Malformed { .. } => Self::Integrity(text),
            // The same question has an answer elsewhere, or later.
            LedgerError::Behind { .. } => Self::NotAvailable(text),
            LedgerError::WrongChain { .. }
            | LedgerError::NoContract { .. }
            | LedgerError::NotDeployed { .. }
            | LedgerError::OtherCode { .. } => Self::WrongContract(text),
            LedgerError::Contract(refusal) => refused(*refusal, text),
            LedgerError::Board(refusal) => refused_by_board(*refusal, text),
            LedgerError::Beside(refusal) => refused_beside(&refusal, text),
            // It was possible when it was signed, and not any more when it was mined.
            LedgerError::Failed { .. } | LedgerError::Overtaken { .. } | LedgerError::LeftBehind { .. } => {
                Self::Conflict(text)
            }
            LedgerError::Rejected { host, transaction, reason, .. } => {
                Self::Withheld { service: host, transaction, reason }
            }
            LedgerError::Refused { host, reason, .. } | LedgerError::TooManyLogs { host, reason } => {
                Self::Refused { service: host, reason }
            }
            LedgerError::TooLong { host, most } => {
                let reason = format!("its answer of more than {most} bytes was not read; use another provider");
                Self::Refused { service: host, reason }
            }
            LedgerError::Reverted(_) => Self::Refused { service: "the chain".into(), reason: text },
            LedgerError::Signer { reason } => Self::Refused { service: "the signer".into(), reason },
            LedgerError::Outbox { reason } => Self::cache(reason),
        }
    }
}

/// What to do where a service cannot be reached.
fn checked(reason: &str) -> String {
    format!("{reason}; check that it runs and that the address is right")
}

fn refused(refusal: IHospitalRecordErrors, text: String) -> Error {
    use IHospitalRecordErrors as Refusal;
    match refusal {
        Refusal::StaleKeys(_) => Error::StaleKeys,
        Refusal::NotPermitted(_)
        | Refusal::WiderThanOwn(_)
        | Refusal::GrantedByAnother(_)
        | Refusal::Barred(_)
        | Refusal::InvalidSignature(_) => Error::Denied(text),
        Refusal::NoSuchRecord(_) | Refusal::NoSuchGrant(_) => Error::NotFound(text),
        Refusal::RecordExists(_) => Error::Exists(text),
        Refusal::Empty(_)
        | Refusal::InvalidFolder(_)
        | Refusal::InvalidRights(_)
        | Refusal::InvalidGrantee(_)
        | Refusal::ExpiryNotInFuture(_)
        | Refusal::StatusNotAllowed(_)
        | Refusal::NotAttestable(_)
        | Refusal::NotRelayable(_)
        | Refusal::KeysNotAscending(_)
        | Refusal::NotBarring(_) => Error::Invalid(text),
        Refusal::AlreadyAttested(_)
        | Refusal::TooManyAttestations(_)
        | Refusal::DeadlinePassed(_)
        | Refusal::NonceUsed(_)
        | Refusal::AlreadyMade(_)
        | Refusal::OutdatedRevocation(_) => Error::Conflict(text),
    }
}

fn refused_by_board(refusal: IBoardErrors, text: String) -> Error {
    use IBoardErrors as Refusal;
    match refusal {
        Refusal::NotAMember(_)
        | Refusal::NotOptedIn(_)
        | Refusal::OwnCase(_)
        | Refusal::ReviewOwed(_)
        | Refusal::NotForReview(_)
        | Refusal::NotEntitled(_)
        | Refusal::InvalidSignature(_) => Error::Denied(text),
        Refusal::InvalidGrantee(_)
        | Refusal::InvalidDuration(_)
        | Refusal::NoReason(_)
        | Refusal::TooFewMembers(_)
        | Refusal::NotRelayable(_) => Error::Invalid(text),
        Refusal::BoardClosed(_)
        | Refusal::CaseExists(_)
        | Refusal::NotAtStage(_)
        | Refusal::WindowClosed(_)
        | Refusal::AcknowledgedAlready(_)
        | Refusal::NonceUsed(_)
        | Refusal::DeadlinePassed(_) => Error::Conflict(text),
    }
}

fn refused_beside(refusal: &BesideErrors, text: String) -> Error {
    match refusal {
        BesideErrors::Vouching(IVouchingErrors::NotVouched(_)) => Error::NotFound(text),
        BesideErrors::Vouching(_) | BesideErrors::AccessRequests(_) | BesideErrors::Boards(_) => Error::Invalid(text),
    }
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
        SealError::EpochAhead { .. }
        | SealError::NoEntry
        | SealError::NoShare { .. }
        | SealError::TooFewShares { .. } => Error::Denied(text),
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
        | SealError::WrongShare { .. }
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
            StoreError::Unreachable { url, reason } => Self::Unreachable { service: url, reason: checked(&reason) },
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
    use alloy::primitives::B256;

    use super::*;
    use crate::base::error::ErrorKind;

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
        let limited = Error::from(LedgerError::RateLimited { host: host.clone() });
        assert_eq!(limited.kind(), ErrorKind::Unreachable);
        assert!(limited.to_string().ends_with("wait a minute and repeat, or use another RPC"), "{limited}");
        let down = Error::from(LedgerError::Unreachable { host, reason: reason.clone() }).to_string();
        assert_eq!(down, "h cannot be reached: r; check that it runs and that the address is right");
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
