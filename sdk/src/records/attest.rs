//! Attestations: statements by professionals that a record is right, and the attesters that count for a reader.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    time::SystemTime,
};

use alloy::primitives::{Address, B256};

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::{
        error::{Error, Result, fail},
        record_ref::RecordRef,
        time::instant,
    },
    ledger::{Attestation, PatientState, Record, Status},
    people::vouching::walk::Walk,
    records::registered,
};

/// FHIR DocumentReference.docStatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocStatus {
    /// Nobody has attested it.
    Preliminary,
    /// Attested.
    Final,
    /// Attested, and it replaces a record that was attested.
    Amended,
    /// Entered in error: it stays in the history. Do not rely on it.
    EnteredInError,
}

/// Writes the FHIR code.
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
    pub(crate) fn of(record: &Record, state: &PatientState, trusted: &TrustedAttesters) -> Self {
        let attested = |key: &B256| state.records.get(key).is_some_and(|record| trusted.attest(record));
        match (record.state.status, trusted.attest(record)) {
            (Status::EnteredInError, _) => Self::EnteredInError,
            (_, false) => Self::Preliminary,
            (_, true) if record.replaces.as_ref().is_some_and(attested) => Self::Amended,
            (_, true) => Self::Final,
        }
    }

    /// Whether an account that counts for the reader attested it.
    pub fn is_attested(self) -> bool {
        matches!(self, Self::Final | Self::Amended)
    }
}

/// An attestation of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttestedBy {
    /// The account that attested, which had the right to. Whether to trust this account is the reader's decision.
    pub account: Address,
    /// When it attested, by the chain's clock.
    pub at: SystemTime,
    /// Whether the patient gave this account the right to attest. If not, a delegate gave it.
    pub chosen_by_patient: bool,
    /// Whether this attestation counts for the reader: see [`List::trusted_by`](crate::records::list::List::trusted_by).
    pub counts: bool,
}

/// The accounts whose attestations count for a reader.
pub(crate) enum TrustedAttesters {
    /// Accounts to which the patient gave the right to attest.
    ChosenByPatient,
    /// These accounts, because the reader's authorities vouch for them.
    These(HashSet<Address>),
}

impl TrustedAttesters {
    fn attest(&self, record: &Record) -> bool {
        record.attestations.iter().any(|attestation| self.counts(attestation))
    }

    fn counts(&self, attestation: &Attestation) -> bool {
        match self {
            Self::ChosenByPatient => attestation.chosen_by_patient,
            Self::These(accounts) => accounts.contains(&attestation.by),
        }
    }

    /// The attestations of a record, oldest first.
    pub(crate) fn attestations_of(&self, record: &Record) -> Vec<AttestedBy> {
        let attestations = record.attestations.iter().map(|attestation| AttestedBy {
            account: attestation.by,
            at: instant(attestation.time),
            chosen_by_patient: attestation.chosen_by_patient,
            counts: self.counts(attestation),
        });
        attestations.collect()
    }
}

pub(crate) async fn attest(person: &Person, record: &RecordRef) -> Result<Confirmed> {
    if person.is_me(record.patient) {
        let why = "patients cannot attest their own records: grant a professional the right to attest";
        return Err(Error::Denied(why.into()));
    }
    let key = registered::on_chain(person, record).await?.key();
    let receipt = person.send(person.contract.attest(record.patient, key)).await?;
    person
        .confirm(record.patient, receipt.transaction, |state| {
            let record = state.records.get(&key);
            record.is_some_and(|record| record.attestations.iter().any(|attestation| person.is_me(attestation.by)))
        })
        .await?;
    Ok(receipt)
}

/// The attesters of these records whose attestations count for a reader with these authorities.
///
/// Without authorities only accounts that the patient chose count, because a delegate can pass the right on to anybody.
pub(crate) async fn trusted_attesters<'a>(
    person: &Person,
    authorities: &[Address],
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<TrustedAttesters> {
    if authorities.is_empty() {
        return Ok(TrustedAttesters::ChosenByPatient);
    }
    let attestations = records.into_iter().flat_map(|record| &record.attestations);
    let attesters: BTreeSet<Address> = attestations.map(|attestation| attestation.by).collect();
    let mut trusted = HashSet::new();
    if attesters.is_empty() {
        return Ok(TrustedAttesters::These(trusted));
    }
    let walk = Walk::new(&person.people(), authorities).await?;
    for account in attesters {
        if walk.why(account).await?.is_ok() {
            trusted.insert(account);
        }
    }
    Ok(TrustedAttesters::These(trusted))
}

/// Refuses a record without an attestation that counts.
pub(crate) async fn require_attested(
    person: &Person,
    record: &RecordRef,
    key: B256,
    authorities: &[Address],
) -> Result<()> {
    let journal = person.journals.of(record.patient).await?;
    let current = journal.state().records.get(&key);
    let current = current.ok_or_else(|| Error::NotFound(format!("{} has no such record", record.patient).into()))?;
    let previous = current.replaces.and_then(|key| journal.state().records.get(&key));
    let trusted = trusted_attesters(person, authorities, [current].into_iter().chain(previous)).await?;
    match DocStatus::of(current, journal.state(), &trusted) {
        status if status.is_attested() => Ok(()),
        DocStatus::EnteredInError => fail!(
            Denied,
            "the record was entered in error: do not rely on it; to open it all the same, do not require an \
             attestation"
        ),
        _ => Err(Error::Denied(not_attested(current, authorities).into())),
    }
}

fn not_attested(record: &Record, authorities: &[Address]) -> String {
    let others = match (record.attestations.len(), authorities.is_empty()) {
        (0, _) => "nobody attested it".to_owned(),
        (others, true) => format!("{others} attested it, but the patient gave none of them the right to attest"),
        (others, false) => format!("{others} attested it, but your authorities vouch for none of them"),
    };
    format!(
        "the record is preliminary: {others}; ask a professional to attest it, or open it without requiring an attestation"
    )
}
