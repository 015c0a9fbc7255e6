//! Adding records.

use alloy::primitives::{Address, B256};
use hospital_record_core::{id::Confidentiality, identity::folder_name, record::metadata::Metadata};

use crate::{
    acts::{batch::RECORDS, confirm::Confirmed, person::Person},
    base::{
        builder::{awaitable, with_fresh_keys},
        cancel::{Control, control_setters},
        error::{Error, Result, fail},
        names,
        progress::{Progress, Reporter},
        record_ref::RecordRef,
        task::{MaybeSend, MaybeSync},
    },
    records::{
        details::{Details, own_details, shared_details},
        source::Source,
        target::{self, FolderChoice, Target},
        write::{self, StoredRecord, metadata},
    },
};

/// The folder of a verb that names none.
pub const DEFAULT_FOLDER: &str = "personal";

/// A record that was added.
///
/// See the [guide](crate::record).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Added {
    /// The record's handle.
    pub record: RecordRef,
    /// The folder's name.
    pub folder: String,
    /// Size of the plaintext in bytes.
    pub size: u64,
    /// The media type in the metadata.
    pub media_type: String,
    /// Hash of the transaction. `None` if a relay carried it and no transaction is known.
    pub transaction: Option<B256>,
    /// Gas of the transaction, divided by the number of records that it added.
    pub gas: u64,
    /// Readers who were left out of a key rotation before this add, because their keys are not available or not trusted.
    /// Grant to them again.
    pub left_out: Vec<Address>,
}

/// Adds one record; made by [`Client::add`](crate::Client::add).
///
/// The [guide](crate::record) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Add {
    person: Person,
    source: Source,
    details: Details,
    common: CommonOptions,
}

/// Adds several records to one folder; made by [`Client::add_many`](crate::Client::add_many).
///
/// The [guide](crate::record) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct AddMany {
    person: Person,
    sources: Vec<Source>,
    details: Details,
    common: CommonOptions,
}

/// What [`Add`] and [`AddMany`] have in common.
struct CommonOptions {
    patient: Address,
    folder: String,
    confidentiality: Confidentiality,
    control: Control,
}

pub(crate) fn add(person: &Person, source: impl Into<Source>) -> Add {
    let details = Details::default();
    let common = CommonOptions::new(person.address());
    Add { person: person.clone(), source: source.into(), details, common }
}

pub(crate) fn add_many(person: &Person, sources: impl IntoIterator<Item = impl Into<Source>>) -> AddMany {
    let sources = sources.into_iter().map(Into::into).collect();
    let details = Details::default();
    let common = CommonOptions::new(person.address());
    AddMany { person: person.clone(), sources, details, common }
}

impl CommonOptions {
    fn new(patient: Address) -> Self {
        let folder = DEFAULT_FOLDER.to_owned();
        let confidentiality = Confidentiality::default();
        Self { patient, folder, confidentiality, control: Control::default() }
    }

    fn choice(&self) -> FolderChoice {
        FolderChoice::Named(folder_name(&self.folder), self.confidentiality)
    }
}

macro_rules! common_setters {
    ($builder:ident) => {
        impl $builder {
            /// Adds to this folder.
            pub fn folder(mut self, name: impl Into<String>) -> Self {
                self.common.folder = name.into();
                self
            }

            /// The folder's confidentiality (HL7 v3 Confidentiality). Name and confidentiality together select the folder.
            /// Neither is public.
            pub fn confidentiality(mut self, level: Confidentiality) -> Self {
                self.common.confidentiality = level;
                self
            }

            /// Adds for another patient, who granted this person the right to contribute to that folder.
            pub fn patient(mut self, patient: Address) -> Self {
                self.common.patient = patient;
                self
            }
        }
    };
}
common_setters!(Add);
common_setters!(AddMany);
control_setters!(Add, common.control);
control_setters!(AddMany, common.control);

shared_details!(Add);
own_details!(Add);
shared_details!(AddMany);

impl Add {
    async fn run(self) -> Result<Added> {
        let Self { person, source, details, common } = self;
        let mut added = add_all(&person, vec![source], &details, &common).await?;
        added.pop().ok_or_else(|| Error::Invalid("nothing to add".into()))
    }
}

impl AddMany {
    /// The most records of one call. They fit into one transaction, far below the gas limit of a block.
    ///
    /// For more records, call it several times. The records of a call that returned are on chain, even if the next fails.
    pub const BATCH: usize = 100;

    async fn run(self) -> Result<Vec<Added>> {
        let Self { person, sources, details, common } = self;
        if sources.is_empty() {
            return fail!(Invalid, "nothing to add: name at least one file");
        }
        if sources.len() > Self::BATCH {
            return fail!(
                Invalid,
                "{} records are too many for one call: add at most {} at a time, so that you know which were added if a \
                 later call fails",
                sources.len(),
                Self::BATCH
            );
        }
        add_all(&person, sources, &details, &common).await
    }
}

awaitable!(Add => Added);
awaitable!(AddMany => Vec<Added>);

async fn add_all(
    person: &Person,
    mut sources: Vec<Source>,
    details: &Details,
    common: &CommonOptions,
) -> Result<Vec<Added>> {
    names::checked("a folder's name", &common.folder)?;
    let at_once = person.at_once(&RECORDS).await?;
    person.can_pay(sources.len()).await?;
    person.published().await?;
    let mut records = Vec::with_capacity(sources.len());
    for part in sources.chunks_mut(at_once) {
        match with_fresh_keys!(add_once(person, part, details, common).await) {
            Ok(added) => records.extend(added),
            Err(error) => {
                let last = records.last().map(|last: &Added| last.transaction);
                return Err(error.after_part(last).and_earlier(earlier_part(records.len())));
            }
        }
    }
    Ok(records)
}

fn earlier_part(count: usize) -> Option<String> {
    (count > 0).then(|| format!("the first {count} are added: repeat it with the others alone"))
}

async fn add_once(
    person: &Person,
    sources: &mut [Source],
    details: &Details,
    common: &CommonOptions,
) -> Result<Vec<Added>> {
    let target = target::target(person, common.patient, &common.choice()).await?;
    let metadata: Vec<Metadata> = sources
        .iter_mut()
        .map(|source| metadata(&target, source, details, Details::default()))
        .collect::<Result<_>>()?;
    let mut stored = Vec::with_capacity(sources.len());
    for (source, metadata) in sources.iter_mut().zip(&metadata) {
        match write::store(person, &target, source, metadata, None, &common.control).await {
            Ok(record) => stored.push(record),
            Err(error) => {
                write::discard(person, target.patient, &stored).await;
                return Err(error);
            }
        }
    }
    let ids: Vec<B256> = stored.iter().map(|record| B256::from(record.id.0)).collect();
    let call = person.contract.add_records(target.patient, target.folder.number(), &ids, target.key_changes);
    let receipt = write::register_stored(person, &target, &stored, call, &common.control).await?;
    Ok(stored.iter().map(|record| added(person, &target, record, &receipt, stored.len())).collect())
}

pub(crate) fn added(
    person: &Person,
    target: &Target,
    stored: &StoredRecord,
    receipt: &Confirmed,
    count: usize,
) -> Added {
    Added {
        record: person.record(target.patient, stored.id),
        folder: target.name.clone(),
        size: stored.size,
        media_type: stored.media_type.clone(),
        transaction: receipt.transaction,
        gas: receipt.gas / count.max(1) as u64,
        left_out: target.left_out.clone(),
    }
}
