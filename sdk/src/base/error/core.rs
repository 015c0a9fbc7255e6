//! Maps every error of the core to one of this crate. No match has a wildcard, so none is left out.

use hospital_record_core::error::{CoreError, DagError, IdError, LoginError, SealError};

use crate::base::error::{Error, RANDOM, reason::Reason};

impl From<CoreError> for Error {
    fn from(error: CoreError) -> Self {
        let (text, cause) = (Reason::from(error.to_string()), error.clone());
        let error = match error {
            CoreError::Id(error) => of_id(error, text),
            CoreError::Seal(error) => of_seal(error, text),
            // Own blocks are checked before they are made, so these errors are about blocks of others.
            CoreError::Block(_) => Self::Integrity(text),
            CoreError::Dag(error) => of_dag(error, text),
            CoreError::Login(error) => of_login(error, text),
        };
        error.because(cause)
    }
}

fn of_id(error: IdError, text: Reason) -> Error {
    match error {
        // Only people type these ids.
        IdError::NotHex { .. } | IdError::Confidentiality(_) | IdError::NotARecordCid(_) => Error::Invalid(text),
        IdError::Length { .. } | IdError::FolderOutOfRange(_) => Error::Integrity(text),
    }
}

fn of_seal(error: SealError, text: Reason) -> Error {
    match error {
        SealError::Randomness(reason) => Error::Refused { service: RANDOM.into(), reason: reason.into() },
        // These are about blocks that are made here.
        SealError::StreamTooLong(_)
        | SealError::EpochsExhausted
        | SealError::TooLarge { .. }
        | SealError::TooManyGrantees { .. } => Error::Invalid(text),
        // The keys are right, but do not open this.
        SealError::EpochAhead { .. }
        | SealError::NoEntry
        | SealError::NoShare { .. }
        | SealError::TooFewShares { .. } => Error::Denied(text),
        // These are about blocks of others. A suite of a later version is one of them: by publishing one, nobody may
        // stop a patient's work.
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

fn of_login(error: LoginError, text: Reason) -> Error {
    match error {
        LoginError::Randomness(reason) => Error::Refused { service: RANDOM.into(), reason: reason.into() },
        LoginError::Memory => Error::Refused { service: "this machine".into(), reason: text },
        LoginError::Message(_) => Error::Integrity(text),
        LoginError::Refused => Error::Denied(text),
    }
}

fn of_dag(error: DagError, text: Reason) -> Error {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::kind::ErrorKind;

    fn kind(error: impl Into<Error>) -> ErrorKind {
        error.into().kind()
    }

    #[test]
    fn own_invalid_input_is_not_an_integrity_failure() {
        let too_large = SealError::TooLarge { what: "the metadata", size: 2, max: 1 };
        assert_eq!(kind(CoreError::Seal(too_large)), ErrorKind::Invalid);
        assert_eq!(kind(CoreError::Seal(SealError::EpochsExhausted)), ErrorKind::Invalid);
        assert_eq!(kind(CoreError::Seal(SealError::TooManyGrantees { found: 2, max: 1 })), ErrorKind::Invalid);
        assert_eq!(kind(CoreError::Seal(SealError::Randomness("no".into()))), ErrorKind::Refused);
        assert_eq!(kind(CoreError::Seal(SealError::NoEntry)), ErrorKind::Denied);
        assert_eq!(kind(CoreError::Seal(SealError::Commitment)), ErrorKind::Integrity);
        assert_eq!(kind(CoreError::Dag(DagError::Range { start: 2, end: 1, total: 0 })), ErrorKind::Invalid);
    }
}
