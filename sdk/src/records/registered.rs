//! Finds the record on chain that a handle names.

use alloy::primitives::{Address, B256};
use hospital_record_core::{block::Verified, record::manifest::Manifest};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result, fail},
        record_ref::RecordRef,
    },
    ledger::Record,
};

/// Refuses a person who is not the patient of this record.
pub(crate) fn owns(person: &Person, record: &RecordRef) -> Result<()> {
    is_here(person, record)?;
    match person.is_me(record.patient) {
        true => Ok(()),
        false => fail!(Denied, "only its patient can grant or end access to a record"),
    }
}

fn is_here(person: &Person, record: &RecordRef) -> Result<()> {
    match record.deployment == person.deployment {
        true => Ok(()),
        false => fail!(Invalid, "{record} belongs to another chain or contract than this system"),
    }
}

/// The record on chain, by the author who signed its manifest.
pub(crate) async fn on_chain(person: &Person, record: &RecordRef) -> Result<Record> {
    let records = all_with_id(person, record).await?;
    if let [one] = &records[..] {
        return Ok(one.clone());
    }
    // Another account added the same id. The signature of the manifest shows which one is the author.
    let manifest: Verified<Manifest> = person.signed(record.id.into()).await?;
    of_author(&records, manifest.issuer().0.into()).ok_or_else(|| none(record))
}

/// The record on chain, for an act that changes it. A handle names no author, and any contributor can register a copied
/// id. The patient must then name the author; other accounts can change only their own record.
pub(crate) async fn to_change(person: &Person, record: &RecordRef, author: Option<Address>) -> Result<Record> {
    let records = all_with_id(person, record).await?;
    let own =
        || of_author(&records, person.address()).filter(|_| !person.is_me(record.patient)).map(|own| own.state.author);
    match (author.or_else(own), &records[..]) {
        (Some(author), _) => of_author(&records, author).ok_or_else(|| {
            Error::NotFound(format!("{author} has not added {} to {}", record.id, record.patient).into())
        }),
        (None, [one]) => Ok(one.clone()),
        (None, several) => {
            let authors: Vec<String> = several.iter().map(|record| record.state.author.to_string()).collect();
            fail!(
                Invalid,
                "{record} was added by {}: all but one copied its id; name the author of the record that you mean",
                authors.join(" and by ")
            )
        }
    }
}

/// All records on chain with this id, one for each author who added it; at least one.
async fn all_with_id(person: &Person, record: &RecordRef) -> Result<Vec<Record>> {
    is_here(person, record)?;
    let journal = person.journals.of(record.patient).await?;
    let id = B256::from(record.id.0);
    let records: Vec<Record> = journal.state().records.values().filter(|record| record.id == id).cloned().collect();
    if records.is_empty() { Err(none(record)) } else { Ok(records) }
}

fn of_author(records: &[Record], author: Address) -> Option<Record> {
    records.iter().find(|record| record.state.author == author).cloned()
}

fn none(record: &RecordRef) -> Error {
    Error::NotFound(format!("{} has no such record: {}", record.patient, record.id).into())
}
