//! Adding records.

use alloy::primitives::{Address, B256, U256};
use hospital_record_core::{id::Confidentiality, identity::folder_name, record::metadata::Metadata};

use crate::{
    acts::batch::Price,
    base::{
        builder::{awaitable, with_fresh_keys},
        error::{Error, Result},
        names,
        progress::{Progress, Reporter},
        record_ref::RecordRef,
    },
    client::Client,
    ledger::Receipt,
    records::{
        details::{Details, own_details, shared_details},
        source::Source,
        target::{Place, Target},
        write::{Stored, metadata},
    },
};

/// The folder that is meant when none is named.
pub const DEFAULT_FOLDER: &str = "personal";

/// Gas that records take at most, for asking whether the account can pay, and a block hold them, before anything is
/// uploaded.
const PRICE: Price = Price { base: 150_000, each: 40_000, most: AddMany::BATCH };

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
    /// The media type that is recorded.
    pub media_type: String,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction, divided among the records it added.
    pub gas: u64,
    /// Where the folder's keys had to move on first: readers who remain but whose keys could not be had or are not to
    /// be trusted. Grant to them again.
    pub left_out: Vec<Address>,
}

/// Adds one record; made by [`Client::add`].
#[must_use = "nothing happens until it is awaited"]
pub struct Add {
    client: Client,
    source: Source,
    details: Details,
    common: Common,
}

/// Adds several records to one folder; made by [`Client::add_many`].
#[must_use = "nothing happens until it is awaited"]
pub struct AddMany {
    client: Client,
    sources: Vec<Source>,
    details: Details,
    common: Common,
}

struct Common {
    patient: Address,
    folder: String,
    confidentiality: Confidentiality,
    report: Reporter,
}

impl Client {
    /// Encrypts a source, stores it, and registers it as a record of this person, or of
    /// [`patient`](Add::patient) where this person may contribute.
    ///
    /// Returns when the record is pinned in the store, was read back, and is confirmed on chain. Defaults: the folder
    /// "personal" of confidentiality N, the source's own name, `application/octet-stream`.
    pub fn add(&self, source: impl Into<Source>) -> Add {
        let (details, common) = (Details::default(), Common::new(self.address()));
        Add { client: self.clone(), source: source.into(), details, common }
    }

    /// Like [`add`](Client::add) for several sources, at most [`AddMany::BATCH`]: one transaction, all of them or none.
    /// Where a block of the chain does not take as many, they go in several; an error says how many are added by then.
    /// What is said here holds for all of them; what differs is said of each [`Source`].
    pub fn add_many(&self, sources: impl IntoIterator<Item = impl Into<Source>>) -> AddMany {
        let sources = sources.into_iter().map(Into::into).collect();
        let (details, common) = (Details::default(), Common::new(self.address()));
        AddMany { client: self.clone(), sources, details, common }
    }

    /// Fails early when the account has too little for a transaction: an upload may take an hour.
    pub(crate) async fn can_pay(&self, records: usize) -> Result<()> {
        if !self.system().relays().is_empty() {
            return Ok(());
        }
        let fees = self.system().ledger().fees().await?;
        let needed = U256::from(fees.max_fee) * U256::from(PRICE.of(records));
        if self.balance().await? < needed {
            return Err(Error::Unfunded { account: self.address(), needed });
        }
        Ok(())
    }
}

impl Common {
    fn new(patient: Address) -> Self {
        let (folder, confidentiality) = (DEFAULT_FOLDER.to_owned(), Confidentiality::default());
        Self { patient, folder, confidentiality, report: Reporter::default() }
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

            /// Calls back as the work goes on.
            pub fn progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
                self.common.report = Reporter::new(tell);
                self
            }
        }
    };
}
common_setters!(Add);
common_setters!(AddMany);

shared_details!(Add);
own_details!(Add);
shared_details!(AddMany);

impl Add {
    async fn run(self) -> Result<Added> {
        let Self { client, source, details, common } = self;
        let mut added = add_all(&client, vec![source], &details, &common).await?;
        added.pop().ok_or_else(|| Error::Invalid("nothing to add".into()))
    }
}

impl AddMany {
    /// The most records of one call, and so of one transaction: together they stay far below what a block holds. Call
    /// it once for each so many: what a call returned is on chain, whatever becomes of the next.
    pub const BATCH: usize = 100;

    async fn run(self) -> Result<Vec<Added>> {
        let Self { client, sources, details, common } = self;
        if sources.is_empty() {
            return Err(Error::Invalid("nothing to add: name at least one file".into()));
        }
        if sources.len() > Self::BATCH {
            return Err(Error::Invalid(format!(
                "{} records are more than the {} of one transaction: call it once for each {1}, so that what was added \
                 is known when a later one fails",
                sources.len(),
                Self::BATCH
            )));
        }
        add_all(&client, sources, &details, &common).await
    }
}

awaitable!(Add => Added);
awaitable!(AddMany => Vec<Added>);

async fn add_all(client: &Client, mut sources: Vec<Source>, details: &Details, common: &Common) -> Result<Vec<Added>> {
    names::checked("a folder's name", &common.folder)?;
    let at_once = client.at_once(&PRICE).await?;
    client.can_pay(sources.len()).await?;
    client.published().await?;
    let mut done = Vec::with_capacity(sources.len());
    for part in sources.chunks_mut(at_once) {
        match with_fresh_keys!(add_once(client, part, details, common).await) {
            Ok(added) => done.extend(added),
            Err(error) => return Err(error.and_earlier(told_of(&done))),
        }
    }
    Ok(done)
}

fn told_of(done: &[Added]) -> Option<String> {
    let count = done.len();
    (count > 0).then(|| format!("the first {count} are added: repeat it with the others alone"))
}

async fn add_once(client: &Client, sources: &mut [Source], details: &Details, common: &Common) -> Result<Vec<Added>> {
    let target = client.target(common.patient, &common.place()).await?;
    let metadata: Vec<Metadata> = sources
        .iter_mut()
        .map(|source| metadata(&target, source, details, Details::default()))
        .collect::<Result<_>>()?;
    let mut stored = Vec::with_capacity(sources.len());
    for (source, metadata) in sources.iter_mut().zip(&metadata) {
        match client.store(&target, source, metadata, None, &common.report).await {
            Ok(record) => stored.push(record),
            Err(error) => {
                client.discard(target.patient, &stored).await;
                return Err(error);
            }
        }
    }
    let ids: Vec<B256> = stored.iter().map(|record| B256::from(record.id.0)).collect();
    let call = client.system().contract().add_records(target.patient, target.folder.number(), &ids, target.key_changes);
    let receipt = client.register_stored(&target, &stored, call).await?;
    Ok(stored.iter().map(|record| added(client, &target, record, &receipt, stored.len())).collect())
}

pub(crate) fn added(client: &Client, target: &Target, stored: &Stored, receipt: &Receipt, among: usize) -> Added {
    Added {
        record: client.record(target.patient, stored.id),
        folder: target.name.clone(),
        size: stored.size,
        media_type: stored.media_type.clone(),
        transaction: receipt.transaction,
        gas: receipt.gas_used / among.max(1) as u64,
        left_out: target.left_out.clone(),
    }
}
