//! The verified histories of patients: read once, kept on disk, brought up to date when asked.

use std::sync::Arc;

use alloy::primitives::{Address, B256};
use hospital_record_core::id::{Digest, Folder};

use crate::{
    Error, Result,
    cache::{JOURNAL, key},
    ledger::{Completeness, Entry, FolderKeys, Grant, History, Integrity, LedgerError, PatientState, Update, folder_scope},
    system::System,
};

/// A patient's history as it was a moment ago.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) patient: Address,
    pub(crate) history: History,
    pub(crate) completeness: Completeness,
}

impl Known {
    pub(crate) fn state(&self) -> &PatientState {
        self.history.state()
    }

    pub(crate) fn grant(&self, scope: B256, grantee: Address) -> Option<&Grant> {
        self.state().grants.get(&(scope, grantee))
    }

    pub(crate) fn folder_grant(&self, folder: Folder, grantee: Address) -> Option<&Grant> {
        self.grant(folder_scope(folder.number()), grantee)
    }

    pub(crate) fn folder(&self, folder: Folder) -> FolderKeys {
        self.state().folder(folder.number())
    }
}

impl System {
    /// The patient's history, up to date.
    pub(crate) async fn journal(&self, patient: Address) -> Result<Arc<Known>> {
        self.journal_to(patient, None).await
    }

    /// The same; `trusted` must be one of its heads.
    pub(crate) async fn journal_to(&self, patient: Address, trusted: Option<B256>) -> Result<Arc<Known>> {
        let slot = self.journal_slot(patient);
        let mut slot = slot.lock().await;
        let mut history = match slot.as_ref() {
            Some(known) => known.history.clone(),
            None => self.remembered(patient).await?,
        };
        let before = history.entries().len();
        let update = match self.reader().update(&mut history, trusted).await {
            // What was kept here is damaged, not what the chain says.
            Err(LedgerError::Integrity(Integrity::Cache { .. })) if before > 0 => {
                history = History::new(patient);
                self.reader().update(&mut history, trusted).await?
            }
            other => other?,
        };
        self.remember(&history, before, &update).await?;
        let known = Arc::new(Known { patient, history, completeness: update.completeness });
        *slot = Some(known.clone());
        Ok(known)
    }

    async fn remembered(&self, patient: Address) -> Result<History> {
        let rows = self.cache().rows(JOURNAL, self.journal_key(patient)).await?;
        let entries: Option<Vec<Entry>> = rows.iter().map(|(_, row)| Entry::from_bytes(row)).collect();
        let history = entries.and_then(|entries| History::from_cache(patient, entries).ok());
        Ok(history.unwrap_or_else(|| History::new(patient)))
    }

    async fn remember(&self, history: &History, before: usize, update: &Update) -> Result<()> {
        let index = |position: usize| key(&[&self.journal_key(history.patient()), &(position as u64).to_be_bytes()]);
        let gone = (update.kept..before).map(index).collect();
        let entries = history.entries().iter().enumerate().skip(update.kept);
        let new = entries.map(|(position, entry)| (index(position), entry.to_bytes())).collect();
        self.cache().write(JOURNAL, gone, new).await
    }

    fn journal_key(&self, patient: Address) -> Vec<u8> {
        key(&[&self.deployment_key(), patient.as_slice()])
    }

    /// The time of the newest block: what the contract compares expiries with.
    pub(crate) async fn chain_time(&self) -> Result<u64> {
        Ok(self.ledger().newest().await?.time)
    }

    /// Blocks with these digests, as far as they can be had; what was fetched is kept for the next time.
    pub(crate) async fn prefetch(&self, digests: &[Digest]) -> Result<()> {
        let missing = self.cache().missing(crate::cache::BLOCKS, digests.iter().map(|d| d.0.to_vec()).collect()).await?;
        let fetches = missing.into_iter().map(|digest| async move {
            let digest = Digest::try_from(digest.as_slice()).map_err(|error| Error::Integrity(error.to_string()))?;
            let bytes = self.stores().get(&digest.dag_cbor_cid()).await?;
            Ok::<_, Error>((digest.0.to_vec(), bytes.to_vec()))
        });
        use futures::StreamExt;
        let fetched: Vec<_> = futures::stream::iter(fetches).buffer_unordered(16).collect().await;
        // What cannot be had is reported where it is used, record by record.
        let rows = fetched.into_iter().filter_map(Result::ok).collect();
        self.cache().write(crate::cache::BLOCKS, Vec::new(), rows).await
    }
}
