//! A new version of a record: added, and the old one superseded, in one transaction.

use alloy::primitives::B256;
use hospital_record_core::{error::CoreError, id::Folder};

use super::{
    Added, Client,
    add::added,
    awaitable,
    write::{ATTEMPTS, Details, Place},
};
use crate::{
    Error, Result,
    ledger::{Status, record_key},
    progress::{Progress, Reporter},
    record_ref::RecordRef,
    source::Source,
};

/// Replaces a record; made by [`Client::replace`].
#[must_use = "nothing happens until it is awaited"]
pub struct Replace {
    client: Client,
    record: RecordRef,
    source: Source,
    details: Details,
    report: Reporter,
}

impl Client {
    /// Adds a new version of a record to the same folder and marks the old one superseded. Name, media type and the
    /// rest are taken over from the old version unless they are given.
    pub fn replace(&self, record: &RecordRef, source: impl Into<Source>) -> Replace {
        let (details, report) = (Details::default(), Reporter::default());
        Replace { client: self.clone(), record: *record, source: source.into(), details, report }
    }

    /// Marks a record as entered in error, for good. It stays in the history.
    pub async fn mark_entered_in_error(&self, record: &RecordRef) -> Result<()> {
        let known = self.on_chain(record).await?;
        let key = record_key(known.author, known.id);
        self.send(self.system().contract().set_status(record.patient, key, Status::EnteredInError)).await?;
        Ok(())
    }

    /// Adds what `source` gives in the place of `record`.
    pub(super) async fn put_in_place(
        &self,
        record: &RecordRef,
        source: &mut Source,
        details: &Details,
        report: &Reporter,
    ) -> Result<Added> {
        let known = self.on_chain(record).await?;
        let old = self.metadata_of(record, &known).await?;
        let folder = Folder::new(known.folder).map_err(CoreError::from)?;
        let place = Place::Of(folder, old.folder_name.clone(), old.confidentiality);
        let target = self.target(record.patient, &place).await?;
        let key = record_key(known.author, known.id);
        let stored = self.store(&target, source, &details.clone().or(old), Some(key), report).await?;
        let id = B256::from(stored.id.0);
        let call = self.system().contract().replace(record.patient, key, id, target.key_changes());
        let stored = [stored];
        let receipt = self.register_stored(&target, &stored, call).await?;
        Ok(added(self, &target, &stored[0], &receipt, 1))
    }
}

impl Replace {
    /// Another name than the old version's.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.details.name = Some(name.into());
        self
    }

    /// Another IANA media type than the old version's.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.details.media_type = Some(media_type.into());
        self
    }

    /// Calls back as the work goes on.
    pub fn progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.report = Reporter::new(tell);
        self
    }

    async fn run(mut self) -> Result<Added> {
        self.client.can_pay(1).await?;
        let mut attempt = 1;
        loop {
            let done = self.client.put_in_place(&self.record, &mut self.source, &self.details, &self.report).await;
            match done {
                Err(error) if error.is_stale_keys() && attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }
}

awaitable!(Replace => Added);

impl Error {
    /// Whether the contract refused because keys moved on meanwhile: seal again, then it goes.
    pub(crate) fn is_stale_keys(&self) -> bool {
        matches!(self, Self::StaleKeys)
    }
}
