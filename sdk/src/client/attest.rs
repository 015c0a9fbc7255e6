//! Attestation: a professional's word for a document, and how far a reader insists on one.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};

use super::{Client, Confirmed};
use crate::{
    Error, Result,
    ledger::{PatientState, Record, Status, record_key},
    record_ref::RecordRef,
};

/// FHIR DocumentReference.docStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocStatus {
    /// Nobody has attested it.
    Preliminary,
    /// Attested.
    Final,
    /// Attested, in the place of one that was.
    Amended,
    /// Entered in error: it stays in the history and is not to be relied on.
    EnteredInError,
}

/// FHIR's code.
impl fmt::Display for DocStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preliminary => "preliminary",
            Self::Final => "final",
            Self::Amended => "amended",
            Self::EnteredInError => "entered-in-error",
        })
    }
}

impl DocStatus {
    pub(super) fn of(record: &Record, state: &PatientState) -> Self {
        let attested = |key: &B256| state.records.get(key).is_some_and(|record| record.state.attested);
        match (record.state.status, record.state.attested) {
            (Status::EnteredInError, _) => Self::EnteredInError,
            (_, false) => Self::Preliminary,
            (_, true) if record.replaces.as_ref().is_some_and(attested) => Self::Amended,
            (_, true) => Self::Final,
        }
    }

    /// Whether a professional vouches for it.
    pub fn is_attested(self) -> bool {
        matches!(self, Self::Final | Self::Amended)
    }
}

/// A professional's word for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttestedBy {
    /// Whose. The patient gave this account the right to attest; who it is, is for the reader to know.
    pub account: Address,
    /// When, by the chain's clock.
    pub at: SystemTime,
}

impl AttestedBy {
    pub(super) fn of(record: &Record) -> Option<Self> {
        let word = record.attestation?;
        Some(Self { account: word.by, at: UNIX_EPOCH + Duration::from_secs(word.time) })
    }
}

impl Client {
    /// Attests a record as a professional: by an account to which the patient gave that right on its folder. Once, and
    /// for good.
    ///
    /// # Errors
    /// [`Error::Denied`] without that right, [`Error::Conflict`] when it is attested already.
    pub async fn attest(&self, record: &RecordRef) -> Result<Confirmed> {
        let known = self.on_chain(record).await?;
        let key = record_key(known.author, known.id);
        let receipt = self.send(self.system().contract().attest(record.patient, key)).await?;
        self.confirm(record.patient, receipt.transaction, |state| {
            state.records.get(&key).is_some_and(|known| known.state.attested)
        })
        .await?;
        Ok(receipt.into())
    }

    /// Refuses what nobody vouches for, where that is asked.
    pub(super) async fn require_attested(&self, record: &RecordRef, key: B256) -> Result<()> {
        let journal = self.system().journal(record.patient).await?;
        let status = journal.state().records.get(&key).map(|known| DocStatus::of(known, journal.state()));
        match status {
            Some(status) if status.is_attested() => Ok(()),
            Some(status) => Err(Error::Denied(format!(
                "the record is {status}: nobody vouches for it; ask a professional to attest it, or open it without \
                 insisting on that"
            ))),
            None => Err(Error::NotFound(format!("{} has no such record", record.patient))),
        }
    }
}
