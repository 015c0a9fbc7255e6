//! Replaces a record: adds the new version and marks the old one as superseded, in one transaction.

use alloy::primitives::{Address, B256};
use futures::TryStreamExt;
use hospital_record_core::{error::CoreError, id::Folder};
use tokio_util::io::StreamReader;

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::{
        builder::{awaitable, with_fresh_keys},
        cancel::{Control, control_setters},
        error::{Error, Result, fail},
        progress::{Progress, Reporter},
        record_ref::RecordRef,
        task::{MaybeSend, MaybeSync},
    },
    keys::unlock,
    ledger::{PatientState, Record, Status},
    records::{
        add::{Added, added},
        details::{Details, own_details, shared_details},
        open, registered,
        source::Source,
        target::{self, FolderChoice},
        write::{self, metadata},
    },
};

/// Replaces a record; made by [`Client::replace`](crate::Client::replace).
///
/// The [guide](crate::record) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Replace {
    person: Person,
    record: RecordRef,
    author: Option<Address>,
    source: Source,
    details: Details,
    control: Control,
}

shared_details!(Replace);
own_details!(Replace);
control_setters!(Replace, control);

pub(crate) fn replace(person: &Person, record: &RecordRef, source: impl Into<Source>) -> Replace {
    let details = Details::default();
    let control = Control::default();
    Replace { person: person.clone(), record: *record, author: None, source: source.into(), details, control }
}

pub(crate) fn mark_entered_in_error(person: &Person, record: &RecordRef) -> MarkInError {
    MarkInError { person: person.clone(), record: *record, author: None }
}

/// Replaces a record by itself under new keys, so that keys which a former reader kept do not open the new version.
pub(crate) async fn reencrypt(person: &Person, record: &RecordRef) -> Result<Added> {
    person.can_pay(1).await?;
    with_fresh_keys!(reencrypt_once(person, record).await)
}

async fn reencrypt_once(person: &Person, record: &RecordRef) -> Result<Added> {
    let old = open::open(person, record).unlogged().prepare().await?;
    let content = old.content(&person.stores)?.map_err(std::io::Error::other);
    let mut source = Source::reader(old.metadata().name.clone(), StreamReader::new(content));
    let author = Some(old.author());
    put_in_place(person, record, author, &mut source, &Details::default(), &Control::default()).await
}

/// Adds `source` as the new version of `record`.
async fn put_in_place(
    person: &Person,
    record: &RecordRef,
    author: Option<Address>,
    source: &mut Source,
    details: &Details,
    control: &Control,
) -> Result<Added> {
    let current = registered::to_change(person, record, author).await?;
    require_replaceable(person, record, &current)?;
    let old = match unlock::unlocked(person, record, &current).await {
        Ok(old) => Some(old.metadata),
        // An account that can contribute but not read replaces its own record without the old metadata.
        Err(Error::Denied(_)) if !person.is_me(record.patient) => None,
        Err(error) => return Err(error),
    };
    let folder = Folder::new(current.state.folder).map_err(CoreError::from)?;
    let (name, level) = old.as_ref().map(|old| (old.folder_name.clone(), old.confidentiality)).unwrap_or_default();
    let target = target::target(person, record.patient, &FolderChoice::Of(folder, name, level)).await?;
    let metadata = metadata(&target, source, details, old.map(Details::from).unwrap_or_default())?;
    let key = current.key();
    let stored = [write::store(person, &target, source, &metadata, Some(key), control).await?];
    let id = B256::from(stored[0].id.0);
    let call = person.contract.replace(record.patient, key, id, target.key_changes);
    let receipt = write::register_stored(person, &target, &stored, call, control).await?;
    Ok(added(person, &target, &stored[0], &receipt, 1))
}

/// Refuses before the upload what the contract would refuse after it.
fn require_replaceable(person: &Person, record: &RecordRef, current: &Record) -> Result<()> {
    match current.state.status {
        Status::Current => {}
        Status::Superseded => {
            return fail!(Invalid, "{record} was replaced already: replace its newest version");
        }
        _ => {
            return fail!(Invalid, "{record} was entered in error: add the right one as a new record");
        }
    }
    if person.is_me(record.patient) || person.is_me(current.state.author) {
        return Ok(());
    }
    fail!(Denied, "only {} and its author {} can replace this record", record.patient, current.state.author)
}

impl Replace {
    /// The author of the record, needed if another account added the same id. See
    /// [`Listed::author`](crate::records::list::Listed::author).
    pub fn author(mut self, author: Address) -> Self {
        self.author = Some(author);
        self
    }

    async fn run(self) -> Result<Added> {
        let Self { person, record, author, mut source, details, control } = self;
        person.can_pay(1).await?;
        with_fresh_keys!(put_in_place(&person, &record, author, &mut source, &details, &control).await)
    }
}

awaitable!(Replace => Added);

/// Marks a record as entered in error; made by [`Client::mark_entered_in_error`](crate::Client::mark_entered_in_error).
///
/// The [guide](crate::record) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct MarkInError {
    person: Person,
    record: RecordRef,
    author: Option<Address>,
}

impl MarkInError {
    /// The author of the record, needed if another account added the same id. See
    /// [`Listed::author`](crate::records::list::Listed::author).
    pub fn author(mut self, author: Address) -> Self {
        self.author = Some(author);
        self
    }

    async fn run(self) -> Result<Confirmed> {
        let Self { person, record, author } = self;
        let current = registered::to_change(&person, &record, author).await?;
        let patient = record.patient;
        let key = current.key();
        let status = Status::EnteredInError;
        let receipt = person.send(person.contract.set_status(patient, key, status)).await?;
        let shows = |state: &PatientState| state.records.get(&key).is_some_and(|record| record.state.status == status);
        person.confirm(patient, receipt.transaction, shows).await?;
        Ok(receipt)
    }
}

awaitable!(MarkInError => Confirmed);
