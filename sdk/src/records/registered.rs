//! From a record's handle to what the chain has under its id.

use alloy::primitives::{Address, B256};
use hospital_record_core::{block::Verified, record::manifest::Manifest};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result},
        record_ref::RecordRef,
    },
    journal::registered::RegisteredRecord,
};

/// Access to a record is given and ended by the patient whom its handle names.
pub(crate) fn owns(person: &Person, record: &RecordRef) -> Result<()> {
    is_here(person, record)?;
    match person.is_me(record.patient) {
        true => Ok(()),
        false => Err(Error::Denied("only its patient grants and ends access to a record".into())),
    }
}

fn is_here(person: &Person, record: &RecordRef) -> Result<()> {
    match record.deployment == person.deployment() {
        true => Ok(()),
        false => {
            Err(Error::Invalid(format!("{record} is on another chain or in another contract than this system").into()))
        }
    }
}

/// The record as the chain has it, found by the author that its manifest names.
pub(crate) async fn on_chain(person: &Person, record: &RecordRef) -> Result<RegisteredRecord> {
    let found = registered(person, record).await?;
    if let [one] = found[..] {
        return Ok(one);
    }
    // Somebody else added the same id: the manifest says whose it is.
    let manifest: Verified<Manifest> = person.signed(record.id.into()).await?;
    of_author(&found, manifest.issuer().0.into()).ok_or_else(|| none(record))
}

/// The record as the chain has it, for what changes it for good. A handle names no author, and anybody who may
/// contribute can add another's id: then the author must be named. Who is not the patient can only mean their own.
pub(crate) async fn to_change(
    person: &Person,
    record: &RecordRef,
    author: Option<Address>,
) -> Result<RegisteredRecord> {
    let found = registered(person, record).await?;
    let own = || of_author(&found, person.address()).filter(|_| !person.is_me(record.patient)).map(|own| own.author);
    match (author.or_else(own), &found[..]) {
        (Some(author), _) => of_author(&found, author).ok_or_else(|| {
            Error::NotFound(format!("{author} has not added {} to {}", record.id, record.patient).into())
        }),
        (None, [one]) => Ok(*one),
        (None, several) => {
            let authors: Vec<String> = several.iter().map(|known| known.author.to_string()).collect();
            Err(Error::Invalid(
                format!(
                    "{record} was added by {}: all but one of them copied its id; name the author whose is meant",
                    authors.join(" and by ")
                )
                .into(),
            ))
        }
    }
}

/// What the chain has under the id of a record: one for each author who added it, and at least one.
async fn registered(person: &Person, record: &RecordRef) -> Result<Vec<RegisteredRecord>> {
    is_here(person, record)?;
    let journal = person.journals().of(record.patient).await?;
    let id = B256::from(record.id.0);
    let found = journal.state().records.values().filter(|known| known.id == id).map(RegisteredRecord::from);
    let found: Vec<RegisteredRecord> = found.collect();
    if found.is_empty() { Err(none(record)) } else { Ok(found) }
}

fn of_author(found: &[RegisteredRecord], author: Address) -> Option<RegisteredRecord> {
    found.iter().find(|known| known.author == author).copied()
}

fn none(record: &RecordRef) -> Error {
    Error::NotFound(format!("{} has no such record: {}", record.patient, record.id).into())
}
