//! Adding records.

use std::time::SystemTime;

use alloy::primitives::{Address, B256, U256};
use hospital_record_core::{id::Confidentiality, identity::folder_name};

use super::{
    Client, awaitable,
    contacts::check_name,
    write::{ATTEMPTS, Details, Place, Stored, Target},
};
use crate::{
    Error, Result,
    ledger::Receipt,
    progress::{Progress, Reporter},
    record_ref::RecordRef,
    source::Source,
};

/// The folder that is meant when none is named.
pub const DEFAULT_FOLDER: &str = "personal";

/// Gas that a write takes at most, for asking whether the account can pay before anything is uploaded.
const GAS_AT_MOST: u64 = 150_000;
/// And for each further record of the same transaction.
const GAS_A_RECORD: u64 = 40_000;
/// Records of one transaction: together they stay far below what a block holds.
const BATCH: usize = 100;

/// What was added.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Added {
    /// The record's handle.
    pub record: RecordRef,
    /// The folder's name.
    pub folder: String,
    /// Bytes of plaintext.
    pub size: u64,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction, divided among the records it added.
    pub gas: u64,
}

/// Adds one record; made by [`Client::add`].
#[must_use = "nothing happens until it is awaited"]
pub struct Add {
    pub(super) client: Client,
    pub(super) source: Source,
    pub(super) common: Common,
}

/// Adds several records to one folder, a hundred in a transaction; made by [`Client::add_many`].
#[must_use = "nothing happens until it is awaited"]
pub struct AddMany {
    client: Client,
    sources: Vec<Source>,
    common: Common,
}

pub(super) struct Common {
    patient: Address,
    folder: String,
    confidentiality: Confidentiality,
    pub(super) details: Details,
    pub(super) report: Reporter,
}

impl Client {
    /// Encrypts a source, stores it, and registers it as a record of this person, or of
    /// [`patient`](Add::patient) where this person may contribute.
    ///
    /// Returns when the record is pinned in the store, was read back, and is confirmed on chain. Defaults: the folder
    /// "personal" of confidentiality N, the source's own name, `application/octet-stream`.
    pub fn add(&self, source: impl Into<Source>) -> Add {
        Add { client: self.clone(), source: source.into(), common: Common::new(self.address()) }
    }

    /// Like [`add`](Client::add) for several sources: one transaction for each hundred, all of them or none.
    pub fn add_many(&self, sources: impl IntoIterator<Item = impl Into<Source>>) -> AddMany {
        let sources = sources.into_iter().map(Into::into).collect();
        AddMany { client: self.clone(), sources, common: Common::new(self.address()) }
    }

    /// Fails early when the account has too little for a transaction: an upload may take an hour.
    pub(super) async fn can_pay(&self, records: usize) -> Result<()> {
        let fees = self.system().ledger().fees().await?;
        let needed = U256::from(fees.max_fee) * U256::from(GAS_AT_MOST + GAS_A_RECORD * records as u64);
        if self.balance().await? < needed {
            return Err(Error::Unfunded { account: self.address(), needed });
        }
        Ok(())
    }
}

impl Common {
    fn new(patient: Address) -> Self {
        let (folder, confidentiality) = (DEFAULT_FOLDER.to_owned(), Confidentiality::default());
        Self { patient, folder, confidentiality, details: Details::default(), report: Reporter::default() }
    }

    fn place(&self) -> Place {
        Place::Named(folder_name(&self.folder), self.confidentiality)
    }
}

macro_rules! common_setters {
    ($builder:ident) => {
        impl $builder {
            /// Into this folder.
            pub fn folder(mut self, name: impl Into<String>) -> Self {
                self.common.folder = name.into();
                self
            }

            /// Of this confidentiality (HL7 v3 Confidentiality). It is part of which folder is meant, and not public.
            pub fn confidentiality(mut self, level: Confidentiality) -> Self {
                self.common.confidentiality = level;
                self
            }

            /// For another patient, who has given this person the right to contribute to that folder.
            pub fn patient(mut self, patient: Address) -> Self {
                self.common.patient = patient;
                self
            }
        }
    };
}
common_setters!(Add);
common_setters!(AddMany);

macro_rules! detail_setters {
    ($builder:ident) => {
        impl $builder {
            /// IANA media type, such as `application/dicom`.
            pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
                self.common.details.media_type = Some(media_type.into());
                self
            }

            /// LOINC code of the kind of document, such as `11502-2`.
            pub fn document_type(mut self, loinc: impl Into<String>) -> Self {
                self.common.details.document_type = Some(loinc.into());
                self
            }

            /// When the content came to be.
            pub fn created(mut self, time: SystemTime) -> Self {
                self.common.details.created = Some(time);
                self
            }

            /// Free keywords.
            pub fn keywords(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
                self.common.details.keywords = words.into_iter().map(Into::into).collect();
                self
            }

            /// Calls back as the work goes on.
            pub fn progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
                self.common.report = Reporter::new(tell);
                self
            }
        }
    };
}
detail_setters!(Add);
detail_setters!(AddMany);

impl Add {
    /// Another name than the source's.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.common.details.name = Some(name.into());
        self
    }

    /// A title for people.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.common.details.title = Some(title.into());
        self
    }

    /// A description for people.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.common.details.description = Some(description.into());
        self
    }

    async fn run(self) -> Result<Added> {
        let Self { client, source, common } = self;
        let mut added = add_all(&client, vec![source], &common).await?;
        added.pop().ok_or_else(|| Error::Invalid("nothing to add".into()))
    }
}

impl AddMany {
    async fn run(self) -> Result<Vec<Added>> {
        if self.sources.is_empty() {
            return Err(Error::Invalid("nothing to add: name at least one file".into()));
        }
        let (mut sources, mut added) = (self.sources.into_iter(), Vec::new());
        loop {
            let batch: Vec<Source> = sources.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(added);
            }
            added.extend(add_all(&self.client, batch, &self.common).await?);
        }
    }
}

awaitable!(Add => Added);
awaitable!(AddMany => Vec<Added>);

async fn add_all(client: &Client, mut sources: Vec<Source>, common: &Common) -> Result<Vec<Added>> {
    check_name("a folder's name", common.folder.trim())?;
    client.can_pay(sources.len()).await?;
    client.published().await?;
    let mut attempt = 1;
    loop {
        match add_once(client, &mut sources, common).await {
            Err(error) if error.is_stale_keys() && attempt < ATTEMPTS => attempt += 1,
            other => return other,
        }
    }
}

async fn add_once(client: &Client, sources: &mut [Source], common: &Common) -> Result<Vec<Added>> {
    let target = client.target(common.patient, &common.place()).await?;
    let mut stored = Vec::with_capacity(sources.len());
    for source in sources {
        let record = client.store(&target, source, &common.details, None, &common.report).await;
        match record {
            Ok(record) => stored.push(record),
            Err(error) => {
                client.discard(target.patient, &stored).await;
                return Err(error);
            }
        }
    }
    let ids: Vec<B256> = stored.iter().map(|record| B256::from(record.id.0)).collect();
    let call =
        client.system().contract().add_records(target.patient, target.folder.number(), &ids, target.key_changes());
    let receipt = client.register_stored(&target, &stored, call).await?;
    Ok(stored.iter().map(|record| added(client, &target, record, &receipt, stored.len())).collect())
}

pub(super) fn added(client: &Client, target: &Target, stored: &Stored, receipt: &Receipt, among: usize) -> Added {
    Added {
        record: client.record(target.patient, stored.id),
        folder: target.name.clone(),
        size: stored.size,
        transaction: receipt.transaction,
        gas: receipt.gas_used / among.max(1) as u64,
    }
}
