//! Opens records: checks them against the chain, logs the reading, then decrypts.

#[cfg(not(target_family = "wasm"))]
mod to_file;

use std::ops::{Bound, Range, RangeBounds};

use crate::{
    acts::person::Person,
    base::{
        builder::awaitable,
        error::{Error, Result, fail},
        progress::{Phase, Progress, Reporter},
        record_ref::RecordRef,
        task::{BoxStream, MaybeSend, MaybeSync, Writer},
    },
    keys::unlock::{self, UnlockedRecord},
    ledger::{Purpose, Record, folder_scope},
    records::{attest, download, registered},
    store::stores::Stores,
};

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use futures::StreamExt;
use hospital_record_core::record::metadata::Metadata;
use tokio::io::AsyncWriteExt;

/// A record's plaintext and metadata.
///
/// See the [guide](crate::record).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The metadata that its author wrote. Do not use the name as a path, and do not rely on the media type.
    pub metadata: Metadata,
    /// The plaintext, or the range of it that [`range`](crate::record::Open::range) selects.
    pub bytes: Bytes,
}

/// Opens a record; made by [`Client::open`](crate::Client::open).
///
/// The [guide](crate::record) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Open {
    person: Person,
    record: RecordRef,
    range: (u64, Option<u64>),
    log: bool,
    purpose: Option<Purpose>,
    report: Reporter,
    #[cfg(not(target_family = "wasm"))]
    overwrite: bool,
    attested_only: bool,
    authorities: Vec<Address>,
}

pub(crate) fn open(person: &Person, record: &RecordRef) -> Open {
    let person = person.clone();
    let record = *record;
    let report = Reporter::default();
    Open {
        person,
        record,
        range: (0, None),
        log: true,
        purpose: None,
        report,
        #[cfg(not(target_family = "wasm"))]
        overwrite: false,
        attested_only: false,
        authorities: Vec::new(),
    }
}

/// A record that was checked and logged, with its key.
pub(crate) struct ReadableRecord {
    record: UnlockedRecord,
    range: Range<u64>,
}

impl ReadableRecord {
    pub(crate) fn metadata(&self) -> &Metadata {
        &self.record.metadata
    }

    /// The account that signed it.
    pub(crate) fn author(&self) -> Address {
        self.record.manifest.issuer().0.into()
    }

    /// The plaintext in checked pieces.
    pub(crate) fn content(&self, stores: &Stores) -> Result<BoxStream<'static, Result<Bytes>>> {
        download::plaintext(stores.clone(), &self.record.manifest, &self.record.key, self.range.clone())
    }
}

impl Open {
    /// Opens only these bytes of the plaintext, and fetches only their blocks. An open end means the end of the record.
    pub fn range(mut self, range: impl RangeBounds<u64>) -> Self {
        // No record is that long: a saturated bound is refused as out of range.
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(end) => Some(end.saturating_add(1)),
            Bound::Excluded(end) => Some(*end),
            Bound::Unbounded => None,
        };
        self.range = (start, end);
        self
    }

    /// Does not log the reading on chain. Honest readers log each reading.
    pub fn unlogged(mut self) -> Self {
        self.log = false;
        self
    }

    /// Refuses a record without an attestation that counts. The patient gave the attester this right, or, with
    /// [`trusted_by`](Open::trusted_by), an authority vouches for the attester.
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

    /// Logs this purpose instead of the purpose of the grant.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// Calls `report` as the work goes on.
    pub fn progress(mut self, report: impl Fn(Progress) + MaybeSend + MaybeSync + 'static) -> Self {
        self.report = Reporter::new(report);
        self
    }

    /// Reads only the metadata that the author wrote. It does not decrypt the content, so it logs nothing.
    pub async fn metadata(mut self) -> Result<Metadata> {
        self.log = false;
        Ok(self.prepare().await?.record.metadata)
    }

    /// Writes the plaintext piece by piece, each after its check. After an error the output is correct but incomplete.
    pub async fn to_writer(self, writer: &mut Writer<'_>) -> Result<Metadata> {
        let prepared = self.prepare().await?;
        self.write(&prepared, writer).await?;
        Ok(prepared.record.metadata)
    }

    async fn run(self) -> Result<Opened> {
        let prepared = self.prepare().await?;
        let mut bytes = Vec::new();
        self.write(&prepared, &mut bytes).await?;
        Ok(Opened { metadata: prepared.record.metadata, bytes: bytes.into() })
    }

    async fn write(&self, prepared: &ReadableRecord, writer: &mut Writer<'_>) -> Result<()> {
        let mut pieces = prepared.content(&self.person.stores)?;
        let mut size = 0;
        let total = prepared.range.end - prepared.range.start;
        let failed = |error: std::io::Error| Error::file("the output", error);
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            writer.write_all(&piece).await.map_err(failed)?;
            size += piece.len() as u64;
            self.report.tell(Phase::Opening, size, Some(total));
        }
        if size != total {
            return fail!(Integrity, "the record has {size} bytes, but its manifest says {total}");
        }
        writer.flush().await.map_err(failed)
    }

    /// Checks the record, finds its key, and logs last: a record that does not open is not logged as read.
    pub(crate) async fn prepare(&self) -> Result<ReadableRecord> {
        let person = &self.person;
        let record = &self.record;
        let registered = registered::on_chain(person, record).await?;
        if !person.is_me(record.patient) {
            self.require_access(&registered).await?;
        }
        if self.attested_only {
            let key = registered.key();
            attest::require_attested(person, record, key, &self.authorities).await?;
        }
        let unlocked = unlock::unlocked(person, record, &registered).await?;
        let range = self.within(unlocked.manifest.size)?;
        if self.log && !person.is_me(record.patient) {
            self.log_reading(&registered).await?;
        }
        Ok(ReadableRecord { record: unlocked, range })
    }

    fn within(&self, size: u64) -> Result<Range<u64>> {
        let start = self.range.0;
        let end = self.range.1.unwrap_or(size);
        if start > size {
            return fail!(Invalid, "the record has {size} bytes: {start}.. begins after its end");
        }
        if start > end || end > size {
            return fail!(Invalid, "bytes {start}..{end} are not within the record's {size} bytes");
        }
        Ok(start..end)
    }

    async fn require_access(&self, registered: &Record) -> Result<()> {
        let patient = self.record.patient;
        let account = self.person.address();
        let key = registered.key();
        if self.person.contract.can_access(patient, key, account).await? {
            return Ok(());
        }
        fail!(
            Denied,
            "{account} may not read this record of {patient}: no grant was given, or it has ended; ask the patient"
        )
    }

    async fn log_reading(&self, registered: &Record) -> Result<()> {
        let key = registered.key();
        let purpose = match self.purpose {
            Some(purpose) => purpose,
            None => granted_purpose(&self.person, self.record.patient, registered).await?.unwrap_or(Purpose::TREAT),
        };
        let patient = self.record.patient;
        let reader = self.person.address();
        let before = self.person.journals.of(patient).await?.state().entries;
        let receipt = self.person.send(self.person.contract.log_access(patient, &[key], purpose, B256::ZERO)).await?;
        // A receipt proves nothing: the reading is logged only if the journal shows it.
        self.person
            .confirm(patient, receipt.transaction, |state| {
                let mut new = state.accesses.iter().rev().take_while(|access| access.entry >= before);
                new.any(|access| access.reader == reader && access.key == key)
            })
            .await
    }
}

awaitable!(Open => Opened);

/// The purpose of a live grant to this account.
async fn granted_purpose(person: &Person, patient: Address, record: &Record) -> Result<Option<Purpose>> {
    let journal = person.journals.of(patient).await?;
    let now = person.clocks.chain_time().await?;
    let scopes = [folder_scope(record.state.folder), record.key()];
    let live = |scope: &B256| journal.state().live(*scope, person.address(), now).filter(|g| g.state.rights.reads());
    Ok(scopes.iter().find_map(live).map(|grant| grant.state.purpose))
}
