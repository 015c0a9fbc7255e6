//! The verified histories of patients: read once, kept on disk, brought up to date when asked.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};
use bytes::Bytes;
use futures::{StreamExt, stream};
use hospital_record_core::{
    block::Body,
    id::{Digest, Folder},
    record::manifest::Manifest,
};

use crate::{
    Error, Result,
    cache::{BLOCKS, JOURNAL, key},
    ledger::{
        Completeness, Contract, Entry, FolderKeys, Grant, History, Integrity, LedgerError, PatientState, Update,
        folder_scope,
    },
    system::System,
};

/// How long two providers may tell different heads, in milliseconds: one of them may be a block behind.
const AGREE: [u64; 4] = [100, 400, 1600, 3200];

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

    /// What is there, live or not, but no bar.
    pub(crate) fn grant(&self, scope: B256, grantee: Address) -> Option<&Grant> {
        self.state().grants.get(&(scope, grantee)).filter(|grant| !grant.state.is_bar())
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
        let (mut history, rows) = match slot.as_ref() {
            Some(known) => (known.history.clone(), known.history.entries().len()),
            None => self.remembered(patient).await?,
        };
        let update = match self.witness() {
            Some(witness) => self.update_with(witness, &mut history).await?,
            None => self.reader().update(&mut history, trusted).await?,
        };
        self.remember(&history, rows, &update).await?;
        let completeness = match trusted.filter(|_| self.witness().is_some()) {
            Some(trusted) => self.reader().update(&mut history, Some(trusted)).await?.completeness,
            None => update.completeness,
        };
        let known = Arc::new(Known { patient, history, completeness });
        *slot = Some(known.clone());
        Ok(known)
    }

    /// Nothing is believed that only one of two providers tells: not what is missing, and not what is beyond.
    async fn update_with(&self, witness: &Contract, history: &mut History) -> Result<Update> {
        let (patient, mut kept) = (history.patient(), history.entries().len());
        let mut pauses = AGREE.into_iter().map(Duration::from_millis);
        loop {
            let seen = witness.journal_head_of(patient, None).await?;
            match self.reader().update(history, Some(seen)).await {
                Ok(update) => {
                    kept = kept.min(update.kept);
                    if history.head() == seen {
                        return Ok(Update { kept, ..update });
                    }
                }
                Err(LedgerError::Integrity(Integrity::NotTrusted { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            // One of them may be a block ahead.
            let Some(pause) = pauses.next() else { return Err(self.contradicted(patient)) };
            tokio::time::sleep(pause).await;
        }
    }

    fn contradicted(&self, patient: Address) -> Error {
        let told = self.ledger().name();
        let witness = self.witness().map(|witness| witness.ledger().name()).unwrap_or_default();
        Error::Integrity(format!(
            "{told} and {witness} tell different histories of {patient}: one of them lies or is behind; nothing was done"
        ))
    }

    /// What the disk has of a history, and in how many rows: one that does not join is read anew and written over.
    async fn remembered(&self, patient: Address) -> Result<(History, usize)> {
        let rows = self.cache().rows(JOURNAL, self.journal_key(patient)).await?;
        let entries: Option<Vec<Entry>> = rows.iter().map(|(_, row)| Entry::from_bytes(row)).collect();
        let history = entries.and_then(|entries| History::from_cache(patient, entries).ok());
        Ok((history.unwrap_or_else(|| History::new(patient)), rows.len()))
    }

    async fn remember(&self, history: &History, rows: usize, update: &Update) -> Result<()> {
        let index = |position: usize| key(&[&self.journal_key(history.patient()), &(position as u64).to_be_bytes()]);
        let gone = (update.kept..rows).map(index).collect();
        let entries = history.entries().iter().enumerate().skip(update.kept);
        let new = entries.map(|(position, entry)| (index(position), entry.to_bytes())).collect();
        self.cache().write(JOURNAL, gone, new).await
    }

    fn journal_key(&self, patient: Address) -> Vec<u8> {
        key(&[&self.deployment_key(), patient.as_slice()])
    }

    /// The later of the chain's time and this machine's: for leaving out those whose access has ended. A node that
    /// holds back the clock keeps nobody in.
    pub(crate) async fn latest_time(&self) -> Result<u64> {
        let here = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(self.chain_time().await?.max(here))
    }

    /// The time of the newest block: what the contract compares expiries with.
    pub(crate) async fn chain_time(&self) -> Result<u64> {
        Ok(self.ledger().newest().await?.time)
    }

    /// The manifests with these digests, in their order, each asked for once; what was fetched is kept on disk.
    pub(crate) async fn manifests(&self, digests: &[Digest]) -> Result<Vec<Result<Bytes>>> {
        let known = self.cache().get_many(BLOCKS, digests.iter().map(|digest| digest.0.to_vec()).collect()).await?;
        let fetches = known.into_iter().zip(digests.to_vec()).map(|(known, digest)| async move {
            match known {
                Some(bytes) => (false, Ok(bytes.into())),
                None => (true, self.fetch_manifest(digest).await),
            }
        });
        let found: Vec<(bool, Result<Bytes>)> = stream::iter(fetches).buffered(16).collect().await;
        let new = |((new, bytes), digest): (&(bool, Result<Bytes>), &Digest)| {
            bytes.as_ref().ok().filter(|_| *new).map(|bytes| (digest.0.to_vec(), bytes.to_vec()))
        };
        self.cache().write(BLOCKS, Vec::new(), found.iter().zip(digests).filter_map(new).collect()).await?;
        Ok(found.into_iter().map(|(_, bytes)| bytes).collect())
    }

    async fn fetch_manifest(&self, digest: Digest) -> Result<Bytes> {
        let bytes = self.stores().get(&digest.dag_cbor_cid()).await?;
        // Anything may be called a manifest; what is too large for one is not kept.
        match bytes.len() > Manifest::MAX {
            true => Err(Error::Integrity("a manifest is too large".into())),
            false => Ok(bytes),
        }
    }
}
