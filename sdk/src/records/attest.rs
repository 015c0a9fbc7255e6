//! Attestation: a professional's word for a document, and how far a reader insists on one.

use std::{
    collections::{BTreeSet, HashSet},
    fmt,
    time::SystemTime,
};

use alloy::primitives::{Address, B256};

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::{
        error::{Error, Result},
        record_ref::RecordRef,
        time::instant,
    },
    ledger::{Attestation, PatientState, Record, Status, record_key},
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
    pub(crate) fn of(record: &Record, state: &PatientState, believed: &Believed) -> Self {
        let attested = |key: &B256| state.records.get(key).is_some_and(|record| believed.attest(record));
        match (record.state.status, believed.attest(record)) {
            (Status::EnteredInError, _) => Self::EnteredInError,
            (_, false) => Self::Preliminary,
            (_, true) if record.replaces.as_ref().is_some_and(attested) => Self::Amended,
            (_, true) => Self::Final,
        }
    }

    /// Whether somebody whose word counts vouches for it.
    pub fn is_attested(self) -> bool {
        matches!(self, Self::Final | Self::Amended)
    }
}

/// A professional's word for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttestedBy {
    /// Whose. It had the right to attest; who it is, is for the reader to know.
    pub account: Address,
    /// When, by the chain's clock.
    pub at: SystemTime,
    /// Whether the patient gave this account the right to attest. Otherwise a delegate passed it on.
    pub chosen_by_patient: bool,
    /// Whether this word counts for the reader: see [`List::trusted_by`](crate::records::list::List::trusted_by).
    pub counts: bool,
}

/// Whose attestations count for a reader.
pub(crate) enum Believed {
    /// Of accounts to which the patient gave the right to attest.
    ChosenByPatient,
    /// Of these, for whom the reader's authorities vouch.
    These(HashSet<Address>),
}

impl Believed {
    fn attest(&self, record: &Record) -> bool {
        record.attestations.iter().any(|word| self.counts(word))
    }

    fn counts(&self, word: &Attestation) -> bool {
        match self {
            Self::ChosenByPatient => word.chosen_by_patient,
            Self::These(accounts) => accounts.contains(&word.by),
        }
    }

    /// All that vouch for a record, oldest first.
    pub(crate) fn words_for(&self, record: &Record) -> Vec<AttestedBy> {
        let words = record.attestations.iter().map(|word| AttestedBy {
            account: word.by,
            at: instant(word.time),
            chosen_by_patient: word.chosen_by_patient,
            counts: self.counts(word),
        });
        words.collect()
    }
}

pub(crate) async fn attest(person: &Person, record: &RecordRef) -> Result<Confirmed> {
    if person.is_me(record.patient) {
        let why = "a patient's own records are attested by others: grant a professional the right to attest";
        return Err(Error::Denied(why.into()));
    }
    let known = registered::on_chain(person, record).await?;
    let key = record_key(known.author, known.id);
    let receipt = person.send(person.contract().attest(record.patient, key)).await?;
    person
        .confirm(record.patient, receipt.transaction, |state| {
            let record = state.records.get(&key);
            record.is_some_and(|known| known.attestations.iter().any(|word| person.is_me(word.by)))
        })
        .await?;
    Ok(receipt)
}

/// Whose word counts for somebody who trusts these authorities, of those who attested any of these records. Without
/// authorities the patient's own choice counts: a delegate may pass the right to attest on to whom it likes.
pub(crate) async fn believed<'a>(
    person: &Person,
    authorities: &[Address],
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<Believed> {
    if authorities.is_empty() {
        return Ok(Believed::ChosenByPatient);
    }
    let words = records.into_iter().flat_map(|record| &record.attestations);
    let attesters: BTreeSet<Address> = words.map(|word| word.by).collect();
    let mut trusted = HashSet::new();
    if attesters.is_empty() {
        return Ok(Believed::These(trusted));
    }
    let walk = Walk::new(&person.people(), authorities).await?;
    for account in attesters {
        if walk.why(account).await?.is_ok() {
            trusted.insert(account);
        }
    }
    Ok(Believed::These(trusted))
}

/// Refuses what nobody vouches for whose word counts.
pub(crate) async fn require_attested(
    person: &Person,
    record: &RecordRef,
    key: B256,
    authorities: &[Address],
) -> Result<()> {
    let journal = person.journals().of(record.patient).await?;
    let known = journal.state().records.get(&key);
    let known = known.ok_or_else(|| Error::NotFound(format!("{} has no such record", record.patient).into()))?;
    let before = known.replaces.and_then(|key| journal.state().records.get(&key));
    let believed = believed(person, authorities, [known].into_iter().chain(before)).await?;
    match DocStatus::of(known, journal.state(), &believed) {
        status if status.is_attested() => Ok(()),
        DocStatus::EnteredInError => Err(Error::Denied(
            "the record was entered in error: nothing is to be relied on; open it without insisting on an \
             attestation"
                .into(),
        )),
        _ => Err(Error::Denied(not_attested(known, authorities).into())),
    }
}

fn not_attested(record: &Record, authorities: &[Address]) -> String {
    let others = match (record.attestations.len(), authorities.is_empty()) {
        (0, _) => "nobody vouches for it".to_owned(),
        (others, true) => format!("{others} vouch for it, but none to whom the patient gave the right to attest"),
        (others, false) => format!("{others} vouch for it, but none for whom your authorities vouch"),
    };
    format!(
        "the record is preliminary: {others}; ask a professional to attest it, or open it without insisting on that"
    )
}
