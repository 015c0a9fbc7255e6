//! Lists records, newest first. A record that does not open is listed with the reason.

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hospital_record_core::{
    id::{Confidentiality, Digest, RecordId},
    identity::folder_name,
    record::metadata::Metadata,
};

use crate::{
    acts::person::Person,
    base::{
        builder::awaitable,
        error::{Result, fail, kind::ErrorKind},
        record_ref::RecordRef,
        task::{BoxStream, StreamInBox, spawn},
        time::instant,
    },
    journal::verified::VerifiedJournal,
    keys::unlock::{UnlockedRecord, Unlocker},
    ledger::{Record, Status, folder_scope},
    platform::cache::{SYNCED, key},
    records::{
        attest::{self, AttestedBy, DocStatus, TrustedAttesters},
        manifests::manifests,
    },
};

/// Manifests of one page.
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
    /// Its attestations, oldest first. Each says whether it counts for the reader.
    pub attestations: Vec<AttestedBy>,
    /// The account that added it.
    pub author: Address,
    /// When it was added, by the time of the block. The author cannot choose this time.
    pub added: SystemTime,
    /// Its metadata, or the reason why it is not readable.
    pub content: Content,
    /// Another account added it, and it is not in the patient's own store yet: `sync` copies it.
    pub held_by_author_only: bool,
}

/// The content of a listed record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Content {
    /// It opens.
    Readable {
        /// The metadata that its author wrote.
        metadata: Metadata,
        /// Size of the plaintext in bytes.
        size: u64,
    },
    /// It does not open, contradicts itself, or is not available.
    Unreadable {
        /// The error kind. [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) mean that a store
        /// is offline now; they say nothing about the record.
        kind: ErrorKind,
        /// The reason, for people.
        reason: String,
    },
}

impl Listed {
    /// The record's name, or "unreadable".
    pub fn name(&self) -> &str {
        self.metadata().map_or("unreadable", |metadata| &metadata.name)
    }

    /// The folder's name; empty if the record is not readable.
    pub fn folder_name(&self) -> &str {
        self.metadata().map_or("", |metadata| &metadata.folder_name)
    }

    /// The metadata, if the record is readable.
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
    let patient = person.address();
    List { person: person.clone(), patient, folder: None, attested_only: false, authorities: Vec::new() }
}

impl List {
    /// Lists only records in folders with this name.
    pub fn folder(mut self, name: impl Into<String>) -> Self {
        self.folder = Some(name.into());
        self
    }

    /// Lists only records with an attestation that counts. The patient gave the attester this right, or, with
    /// [`trusted_by`](List::trusted_by), an authority vouches for the attester.
    pub fn attested_only(mut self) -> Self {
        self.attested_only = true;
        self
    }

    /// Counts only attestations by accounts for which these authorities vouch now
    /// ([`why_trusted`](crate::System::why_trusted)). It does not matter who gave these accounts the right to attest.
    pub fn trusted_by(mut self, authorities: &[Address]) -> Self {
        self.authorities = authorities.to_vec();
        self
    }

    /// Lists the records of another patient.
    pub fn patient(mut self, patient: Address) -> Self {
        self.patient = patient;
        self
    }

    /// Streams the records: each is returned as soon as it is opened.
    pub fn stream(self) -> BoxStream<'static, Result<Listed>> {
        stream::once(self.pages()).try_flatten().in_box()
    }

    async fn run(self) -> Result<Vec<Listed>> {
        self.stream().try_collect().await
    }

    async fn pages(self) -> Result<BoxStream<'static, Result<Listed>>> {
        let Self { person, patient, folder, attested_only, authorities } = self;
        let person = person.for_one_call();
        let journal = person.journals.of(patient).await?;
        let mut records = visible(&person, &journal).await?;
        let mut folder = folder.as_deref().map(folder_name);
        if let Some(name) = folder.take_if(|_| person.is_me(patient)) {
            // The folder's number is derived from its name, so unreadable records in the folder are listed too.
            let numbers = Confidentiality::ALL.map(|level| person.keys().folder(&name, level).number());
            records.retain(|record| numbers.contains(&record.state.folder));
        }
        let trusted = attest::trusted_attesters(&person, &authorities, journal.state().records.values()).await?;
        records.retain(|record| !attested_only || DocStatus::of(record, journal.state(), &trusted).is_attested());
        records.sort_by_key(|record| std::cmp::Reverse(record.entry));
        let synced = synced(&person, patient).await?;
        let unlocker = Unlocker::new(person.clone(), journal.clone());
        let lister = Arc::new(Lister { unlocker, person, patient, journal, synced, trusted });
        let pages: Vec<Vec<Record>> = records.chunks(PAGE).map(<[Record]>::to_vec).collect();
        let listed = stream::iter(pages).then(move |page| lister.clone().page(page)).try_flatten();
        let is_wanted = move |listed: &Listed| match &listed.content {
            // The record can be in that folder. Without it, an empty list would say that the folder is empty.
            Content::Unreadable { kind, .. } if kind.is_outage() => true,
            _ => folder.as_ref().is_none_or(|name| folder_name(listed.folder_name()) == *name),
        };
        Ok(listed.try_filter(move |listed| futures::future::ready(is_wanted(listed))).in_box())
    }
}

awaitable!(List => Vec<Listed>);

struct Lister {
    person: Person,
    patient: Address,
    journal: Arc<VerifiedJournal>,
    unlocker: Unlocker,
    synced: HashMap<Vec<u8>, u64>,
    trusted: TrustedAttesters,
}

impl Lister {
    async fn page(self: Arc<Self>, records: Vec<Record>) -> Result<BoxStream<'static, Result<Listed>>> {
        let digests: Vec<Digest> = records.iter().map(|record| Digest(record.id.0)).collect();
        let manifests = manifests(&self.person, &digests).await?;
        let opening = records.into_iter().zip(manifests).map(move |(record, manifest)| {
            let lister = self.clone();
            // One task for each record.
            spawn(async move { lister.one(&record, manifest).await })
        });
        Ok(stream::iter(opening).buffered(ABREAST).in_box())
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
            doc_status: DocStatus::of(record, self.journal.state(), &self.trusted),
            attestations: self.trusted.attestations_of(record),
            author: record.state.author,
            added: instant(record.state.added_at),
            content,
            held_by_author_only: foreign && !self.synced.contains_key(record.id.as_slice()),
        }
    }

    async fn open(&self, record: &Record, manifest: Result<Bytes>) -> Result<(Metadata, u64)> {
        let UnlockedRecord { manifest, metadata, .. } = self.unlocker.open_from(record, &manifest?).await?;
        Ok((metadata, manifest.size))
    }
}

/// The records of a history that this account may read now.
pub(crate) async fn visible(person: &Person, journal: &VerifiedJournal) -> Result<Vec<Record>> {
    let records = journal.state().records.iter();
    if person.is_me(journal.patient) {
        return Ok(records.map(|(_, record)| record.clone()).collect());
    }
    let now = person.clocks.chain_time().await?;
    let reads = |scope: B256| journal.state().reads(scope, person.address(), now);
    let visible: Vec<Record> = records
        .filter(|(key, record)| reads(**key) || reads(folder_scope(record.state.folder)))
        .map(|(_, record)| record.clone())
        .collect();
    let has_grant = journal.state().grants.keys().any(|(scope, grantee)| *grantee == person.address() && reads(*scope));
    if visible.is_empty() && !has_grant {
        let account = person.address();
        let patient = journal.patient;
        return fail!(Denied, "{account} may not read anything of {patient}: ask the patient for a grant");
    }
    Ok(visible)
}

/// Ids of contributed records in the patient's own store, with the bytes that they need there. Rows of an earlier version
/// have no size: they count as zero bytes.
pub(crate) async fn synced(person: &Person, patient: Address) -> Result<HashMap<Vec<u8>, u64>> {
    let prefix = synced_key(person, patient, &[]);
    let rows = person.cache.rows(SYNCED, prefix.clone()).await?;
    let size = |row: Vec<u8>| row.try_into().map_or(0, u64::from_be_bytes);
    let rows =
        rows.into_iter().filter_map(|(place, row)| Some((place.strip_prefix(prefix.as_slice())?.to_vec(), size(row))));
    Ok(rows.collect())
}

pub(crate) fn synced_key(person: &Person, patient: Address, id: &[u8]) -> Vec<u8> {
    key(&[&person.deployment_key(), patient.as_slice(), id])
}
