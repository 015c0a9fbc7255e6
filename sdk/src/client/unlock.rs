//! From a record on chain to its content key: the manifest is checked against the chain before any lock is tried.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Verified,
    id::{Account, Epoch, Folder, RecordId},
    record::manifest::Manifest,
    seal::{
        envelope::EnvelopeKeys,
        lock::{Lock, LockContext},
        ratchet::{FolderSecret, FolderState},
        stream::ContentKey,
    },
};
use tokio::sync::Mutex;

use super::Client;
use crate::{
    Error, Result,
    journal::Known,
    ledger::{Record, RecordState, record_key},
};

/// What the chain says of a record, as far as locks depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Registered {
    pub(crate) id: B256,
    pub(crate) author: Address,
    pub(crate) folder: u64,
}

impl Registered {
    pub(crate) fn new(id: B256, state: &RecordState) -> Self {
        Self { id, author: state.author, folder: state.folder }
    }
}

impl From<&Record> for Registered {
    fn from(record: &Record) -> Self {
        Self::new(record.id, &record.state)
    }
}

/// Opens the locks of one patient's records. Keys that were found are kept, for the next record of the same folder.
pub(crate) struct Unlocker {
    client: Client,
    journal: Arc<Known>,
    states: Mutex<HashMap<Folder, Option<FolderState>>>,
    secrets: std::sync::Mutex<HashMap<(Folder, Epoch), Arc<FolderSecret>>>,
}

impl Unlocker {
    pub(crate) fn new(client: Client, journal: Arc<Known>) -> Self {
        Self { client, journal, states: Mutex::default(), secrets: std::sync::Mutex::default() }
    }

    /// The manifest of a record, when it is what the chain says it is.
    pub(crate) async fn manifest(&self, record: &Registered) -> Result<Verified<Manifest>> {
        let bytes = self.client.system().block(RecordId(record.id.0).into()).await?;
        self.manifest_from(record, &bytes).await
    }

    /// The same, from bytes whose digest is the record's id.
    pub(crate) async fn manifest_from(&self, record: &Registered, bytes: &[u8]) -> Result<Verified<Manifest>> {
        let manifest = self.client.system().verified_bytes(bytes).await?;
        check(&manifest, self.journal.patient, record)?;
        Ok(manifest)
    }

    /// The content key, by whichever lock this account can open.
    pub(crate) async fn key(&self, record: &Registered, manifest: &Manifest) -> Result<ContentKey> {
        let mut failure = None;
        for lock in &manifest.locks {
            match self.try_lock(lock, record, manifest).await {
                Ok(Some(key)) => return Ok(key),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        if let Some(key) = self.by_record_grant(record, manifest).await? {
            return Ok(key);
        }
        Err(failure.unwrap_or_else(|| Error::Denied("no lock of this record is for this account's keys".into())))
    }

    async fn try_lock(&self, lock: &Lock, record: &Registered, manifest: &Manifest) -> Result<Option<ContentKey>> {
        let context = manifest.lock_context(self.client.deployment(), Account(record.author.into()), lock.epoch());
        match lock {
            Lock::Account { account, .. } if *account == self.client.account() => {
                self.by_account(lock, context).await.map(Some)
            }
            Lock::Folder { epoch, .. } => match self.secret(manifest.folder, *epoch).await? {
                Some(secret) => {
                    let lock = lock.clone();
                    let opening = tokio::task::spawn_blocking(move || lock.open_folder_with(&context, &secret));
                    let key = opening.await.map_err(super::stopped)?;
                    Ok(Some(key.map_err(hospital_record_core::error::CoreError::from)?))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    async fn by_account(&self, lock: &Lock, context: LockContext) -> Result<ContentKey> {
        let keys = &self.client.published().await?.keys;
        Ok(lock.open_account(&context, keys).map_err(hospital_record_core::error::CoreError::from)?)
    }

    /// A grant on this record alone carries its content key.
    async fn by_record_grant(&self, record: &Registered, manifest: &Manifest) -> Result<Option<ContentKey>> {
        let scope: B256 = record_key(record.author, record.id);
        let Some(grant) = self.journal.grant(scope, self.client.address()) else { return Ok(None) };
        let payload = self.client.envelope_of(self.journal.patient, scope, grant).await?;
        match payload.keys {
            EnvelopeKeys::Record { content } if content.commitment() == manifest.commitment => Ok(Some(content)),
            _ => Err(Error::Integrity("the envelope of this record's grant carries another key".into())),
        }
    }

    /// The key pair of a folder's epoch, when this account has a state from which it follows.
    async fn secret(&self, folder: Folder, epoch: Epoch) -> Result<Option<Arc<FolderSecret>>> {
        if let Some(secret) = self.remembered(folder, epoch) {
            return Ok(Some(secret));
        }
        let Some(state) = self.state(folder, epoch).await? else { return Ok(None) };
        let secret = Arc::new(state.key_pair());
        self.secrets.lock().unwrap_or_else(|p| p.into_inner()).insert((folder, epoch), secret.clone());
        Ok(Some(secret))
    }

    fn remembered(&self, folder: Folder, epoch: Epoch) -> Option<Arc<FolderSecret>> {
        self.secrets.lock().unwrap_or_else(|p| p.into_inner()).get(&(folder, epoch)).cloned()
    }

    async fn state(&self, folder: Folder, epoch: Epoch) -> Result<Option<FolderState>> {
        if self.client.is_me(self.journal.patient) {
            return Ok(Some(self.client.keys().folder_state(folder, epoch)));
        }
        let mut states = self.states.lock().await;
        let state = match states.entry(folder) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(match self.client.received(&self.journal, folder).await {
                Ok(received) => received.state,
                Err(Error::Denied(_)) => None,
                Err(error) => return Err(error),
            }),
        };
        Ok(state.as_ref().and_then(|state| state.at(epoch).ok()))
    }
}

/// A manifest counts only for the patient, author and folder that the chain names.
fn check(manifest: &Verified<Manifest>, patient: Address, record: &Registered) -> Result<()> {
    let says = |what: &str| Err(Error::Integrity(format!("the record's manifest names another {what} than the chain")));
    if manifest.patient.0 != patient {
        return says("patient");
    }
    if manifest.issuer().0 != record.author {
        return says("author");
    }
    if manifest.folder.number() != record.folder {
        return says("folder");
    }
    Ok(())
}
