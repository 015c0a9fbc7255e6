//! Listing records, newest first. What does not open is listed too, and says why.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream, stream::BoxStream};
use hospital_record_core::{
    id::{Confidentiality, Digest, RecordId},
    identity::folder_name,
    record::metadata::Metadata,
};

use crate::{
    acts::person::Person,
    base::{
        builder::awaitable,
        error::{Error, Result, kind::ErrorKind},
        record_ref::RecordRef,
        time::instant,
    },
    journal::{registered::RegisteredRecord, verified::VerifiedJournal},
    keys::unlock::{UnlockedRecord, Unlocker},
    ledger::{Record, Status, folder_scope},
    platform::cache::{SYNCED, key},
    records::{
        attest::{self, AttestedBy, Believed, DocStatus},
        manifests::manifests,
    },
};

/// Manifests that are fetched in one go.
const PAGE: usize = 256;
/// Records that are opened at the same time.
const ABREAST: usize = 8;

/// One record in a list.
///
/// See the [guide](crate::record).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listed {
    /// Its handle.
    pub record: RecordRef,
    /// FHIR DocumentReference.status.
    pub status: Status,
    /// FHIR DocumentReference.docStatus.
    pub doc_status: DocStatus,
    /// All who attested it, oldest first; each tells whether it counts for the reader.
    pub attestations: Vec<AttestedBy>,
    /// Who added it.
    pub author: Address,
    /// When the chain took it, which its author cannot choose.
    pub added: SystemTime,
    /// What it is, or why that cannot be told.
    pub content: Content,
    /// Someone else added it, and it is not in the patient's own store yet: `sync` copies it.
    pub held_by_author_only: bool,
}

/// What a record is, as far as it can be told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// Its metadata, and its plaintext's size in bytes.
    Readable {
        /// What the author said of it.
        metadata: Metadata,
        /// Bytes of plaintext.
        size: u64,
    },
    /// It does not open, contradicts itself, or cannot be fetched.
    Unreadable {
        /// The class of the reason: [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) are
        /// about a store that is silent now, and not about the record.
        kind: ErrorKind,
        /// Why, for people.
        reason: String,
    },
}

impl Listed {
    /// The recorded name, or "unreadable".
    pub fn name(&self) -> &str {
        self.metadata().map_or("unreadable", |metadata| &metadata.name)
    }

    /// The folder's name, or nothing.
    pub fn folder_name(&self) -> &str {
        self.metadata().map_or("", |metadata| &metadata.folder_name)
    }

    /// The metadata, when it is readable.
    pub fn metadata(&self) -> Option<&Metadata> {
        match &self.content {
            Content::Readable { metadata, .. } => Some(metadata),
            Content::Unreadable { .. } => None,
        }
    }
}

/// Lists records; made by [`Client::list`](crate::Client::list).
///
/// The [guide](crate::record) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct List {
    person: Person,
    patient: Address,
    folder: Option<String>,
    attested_only: bool,
    authorities: Vec<Address>,
}

pub(crate) fn list(person: &Person) -> List {
    let (person, patient, authorities) = (person.clone(), person.address(), Vec::new());
    List { person, patient, folder: None, attested_only: false, authorities }
}

impl List {
    /// Only records in folders of this name.
    pub fn folder(mut self, name: impl Into<String>) -> Self {
        self.folder = Some(name.into());
        self
    }

    /// Only records that somebody attested whose word counts: an account to which the patient gave the right to attest, or
    /// with [`trusted_by`](List::trusted_by) one for whom an authority vouches.
    pub fn attested_only(mut self) -> Self {
        self.attested_only = true;
        self
    }

    /// Whose attestations count: of accounts for which these authorities vouch now
    /// ([`why_trusted`](crate::System::why_trusted)), whoever gave them the right to attest.
    pub fn trusted_by(mut self, authorities: &[Address]) -> Self {
        self.authorities = authorities.to_vec();
        self
    }

    /// Of another patient.
    pub fn patient(mut self, patient: Address) -> Self {
        self.patient = patient;
        self
    }

    /// The records as they are opened: the first is there before the last was looked at.
    pub fn stream(self) -> BoxStream<'static, Result<Listed>> {
        stream::once(self.pages()).try_flatten().boxed()
    }

    async fn run(self) -> Result<Vec<Listed>> {
        self.stream().try_collect().await
    }

    async fn pages(self) -> Result<BoxStream<'static, Result<Listed>>> {
        let Self { person, patient, folder, attested_only, authorities } = self;
        let person = person.for_one_call();
        let journal = person.journals().of(patient).await?;
        let mut records = visible(&person, &journal).await?;
        let mut folder = folder.as_deref().map(folder_name);
        if let Some(name) = folder.take_if(|_| person.is_me(patient)) {
            // The number follows from the name: what is unreadable in the folder is listed with the rest.
            let numbers = Confidentiality::ALL.map(|level| person.keys().folder(&name, level).number());
            records.retain(|record| numbers.contains(&record.state.folder));
        }
        let believed = attest::believed(&person, &authorities, journal.state().records.values()).await?;
        records.retain(|record| !attested_only || DocStatus::of(record, journal.state(), &believed).is_attested());
        records.sort_by_key(|record| std::cmp::Reverse(record.entry));
        let synced = synced(&person, patient).await?;
        let unlocker = Unlocker::new(person.clone(), journal.clone());
        let lister = Arc::new(Lister { unlocker, person, patient, journal, synced, believed });
        let pages: Vec<Vec<Record>> = records.chunks(PAGE).map(<[Record]>::to_vec).collect();
        let listed = stream::iter(pages).then(move |page| lister.clone().page(page)).try_flatten();
        let wanted = move |listed: &Listed| match &listed.content {
            // It may lie in that folder: an empty list would say that nothing does.
            Content::Unreadable { kind, .. } if kind.is_silence() => true,
            _ => folder.as_ref().is_none_or(|name| folder_name(listed.folder_name()) == *name),
        };
        Ok(listed.try_filter(move |listed| futures::future::ready(wanted(listed))).boxed())
    }
}

awaitable!(List => Vec<Listed>);

struct Lister {
    person: Person,
    patient: Address,
    journal: Arc<VerifiedJournal>,
    unlocker: Unlocker,
    synced: HashMap<Vec<u8>, u64>,
    believed: Believed,
}

impl Lister {
    async fn page(self: Arc<Self>, records: Vec<Record>) -> Result<BoxStream<'static, Result<Listed>>> {
        let digests: Vec<Digest> = records.iter().map(|record| Digest(record.id.0)).collect();
        let manifests = manifests(&self.person, &digests).await?;
        let opening = records.into_iter().zip(manifests).map(move |(record, manifest)| {
            let lister = self.clone();
            // A task each: opening is computation, and all cores should share it.
            async move {
                tokio::spawn(async move { lister.one(&record, manifest).await })
                    .await
                    .map_err(crate::base::error::stopped)
            }
        });
        Ok(stream::iter(opening).buffered(ABREAST).boxed())
    }

    async fn one(&self, record: &Record, manifest: Result<Bytes>) -> Listed {
        let content = match self.open(record, manifest).await {
            Ok((metadata, size)) => Content::Readable { metadata, size },
            Err(error) => Content::Unreadable { kind: error.kind(), reason: error.to_string() },
        };
        let foreign = self.person.is_me(self.patient) && record.state.author != self.patient;
        Listed {
            record: self.person.record(self.patient, RecordId(record.id.0)),
            status: record.state.status,
            doc_status: DocStatus::of(record, self.journal.state(), &self.believed),
            attestations: self.believed.words_for(record),
            author: record.state.author,
            added: instant(record.state.added_at),
            content,
            held_by_author_only: foreign && !self.synced.contains_key(record.id.as_slice()),
        }
    }

    async fn open(&self, record: &Record, manifest: Result<Bytes>) -> Result<(Metadata, u64)> {
        let UnlockedRecord { manifest, metadata, .. } =
            self.unlocker.open_from(&RegisteredRecord::from(record), &manifest?).await?;
        Ok((metadata, manifest.size))
    }
}

/// The records of a history that this account may read now.
pub(crate) async fn visible(person: &Person, journal: &VerifiedJournal) -> Result<Vec<Record>> {
    let records = journal.state().records.iter();
    if person.is_me(journal.patient) {
        return Ok(records.map(|(_, record)| record.clone()).collect());
    }
    let now = person.clocks().chain_time().await?;
    let reads = |scope: B256| journal.state().reads(scope, person.address(), now);
    let visible: Vec<Record> = records
        .filter(|(key, record)| reads(**key) || reads(folder_scope(record.state.folder)))
        .map(|(_, record)| record.clone())
        .collect();
    let holds_any = journal.state().grants.keys().any(|(scope, who)| *who == person.address() && reads(*scope));
    if visible.is_empty() && !holds_any {
        let account = person.address();
        let patient = journal.patient;
        return Err(Error::Denied(
            format!("{account} may not read anything of {patient}: ask the patient for a grant").into(),
        ));
    }
    Ok(visible)
}

/// Ids of others' records that are in the patient's own store, and the bytes that they take there: none where an
/// earlier version did not say.
pub(crate) async fn synced(person: &Person, patient: Address) -> Result<HashMap<Vec<u8>, u64>> {
    let prefix = synced_key(person, patient, &[]);
    let rows = person.cache().rows(SYNCED, prefix.clone()).await?;
    let size = |row: Vec<u8>| row.try_into().map_or(0, u64::from_be_bytes);
    let rows =
        rows.into_iter().filter_map(|(place, row)| Some((place.strip_prefix(prefix.as_slice())?.to_vec(), size(row))));
    Ok(rows.collect())
}

pub(crate) fn synced_key(person: &Person, patient: Address, id: &[u8]) -> Vec<u8> {
    key(&[&person.deployment_key(), patient.as_slice(), id])
}
