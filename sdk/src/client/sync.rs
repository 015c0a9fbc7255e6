//! What a patient's client does now and then: move keys on that must, let nobody wait, copy what others contributed.

use std::sync::Arc;

use alloy::primitives::Address;
use futures::{StreamExt, stream};
use hospital_record_core::{
    block::Verified,
    id::{Account, Digest, Folder, RecordId},
    record::manifest::Manifest,
    seal::keyring::MAX_ENTRIES,
};

use super::{Client, download, unlock::Unlocker};
use crate::{Error, ErrorKind, Result, cache::SYNCED, journal::Known, ledger::Record};

/// What [`Client::sync`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// Records of others that were copied into the patient's own store and pinned there.
    pub copied: usize,
    /// Folders whose keys moved on.
    pub rotated: usize,
    /// Readers of those folders who remain but whose keys could not be had or are not to be trusted: grant to them again.
    pub left_out: Vec<Address>,
    /// Records of others that could not be copied yet, and why.
    pub missing: Vec<String>,
    /// That a store was silent while records were copied: there is more to be copied from it.
    pub unavailable: Option<ErrorKind>,
}

impl Client {
    /// Moves on the keys of folders that somebody left or that a live reader has no current key of; then copies and pins
    /// what others contributed. In this order: what somebody contributed delays no keys.
    pub async fn sync(&self) -> Result<Synced> {
        let journal = self.system().journal(self.address()).await?;
        let mut synced = Synced::default();
        for folder in self.folders_to_rotate(&journal).await? {
            synced.left_out.extend(self.rotate_folder(folder).await?.left_out);
            synced.rotated += 1;
        }
        synced.left_out.sort_unstable();
        synced.left_out.dedup();
        self.for_fetching().copy_all(&journal, &mut synced).await?;
        Ok(synced)
    }

    async fn copy_all(&self, journal: &Arc<Known>, synced: &mut Synced) -> Result<()> {
        let done = self.synced(self.address()).await?;
        let foreign = journal.state().records.values().filter(|record| record.state.author != self.address());
        for record in foreign.filter(|record| !done.contains(record.id.as_slice())) {
            match self.copy(journal, record).await {
                Ok(()) => synced.copied += 1,
                Err(error) => {
                    synced.unavailable = synced.unavailable.or(Some(error.kind()).filter(|kind| kind.is_silence()));
                    synced.missing.push(format!("{}: {error}", RecordId(record.id.0)));
                }
            }
        }
        Ok(())
    }

    /// The whole DAG of a record into the patient's own store. What is not this patient's record is not copied.
    async fn copy(&self, journal: &Arc<Known>, record: &Record) -> Result<()> {
        let unlocker = Unlocker::new(self.clone(), journal.clone());
        let manifest = unlocker.manifest(&record.into()).await?;
        let (root, own) = (RecordId(record.id.0).cid(), self.system().stores().own());
        // A tree of another size than the manifest's would be pinned whole, however large it is.
        download::check_tree(self.system().stores().clone(), &manifest).await?;
        if own.pin(&root).await.is_err() {
            self.transfer(&manifest, Digest(record.id.0)).await?;
            own.pin(&root).await?;
        }
        let row = self.synced_key(self.address(), record.id.as_slice());
        self.system().cache().put(SYNCED, row, Vec::new()).await
    }

    async fn transfer(&self, manifest: &Verified<Manifest>, id: Digest) -> Result<()> {
        let stores = self.system().stores();
        let content = download::blocks(stores.clone(), manifest)?;
        let cid = id.dag_cbor_cid();
        let blocks = content.chain(stream::once(stores.block(&cid))).map(|block| block.map_err(Error::into_store));
        stores.own().put(blocks.boxed()).await?;
        Ok(())
    }

    async fn folders_to_rotate(&self, journal: &Known) -> Result<Vec<Folder>> {
        let now = self.system().latest_time().await?;
        let mut stale = Vec::new();
        for (number, keys) in &journal.state().folders {
            let Ok(folder) = Folder::new(*number) else { continue };
            if self.is_stale(journal, folder, now).await?
                || self.is_dealt_amiss(journal, folder, now).await?
                || self.somebody_waits(journal, folder, keys.epoch, now).await?
            {
                stale.push(folder);
            }
        }
        Ok(stale)
    }

    /// Whether a live reader has neither an envelope nor a keyring entry of the folder's current keys: it was let in
    /// by one device while another moved the keys on.
    async fn somebody_waits(&self, journal: &Known, folder: Folder, epoch: u16, now: u64) -> Result<bool> {
        let readers = journal.state().folder_readers(folder.number(), now);
        let behind = |account: &&Address| journal.folder_grant(folder, **account).is_some_and(|g| g.epoch < epoch);
        let behind: Vec<&Address> = readers.iter().filter(behind).collect();
        let Some(newest) = journal.folder(folder).keyring().copied().filter(|_| !behind.is_empty()) else {
            return Ok(false);
        };
        let keyring = self.keyring(journal.patient, folder, newest.digest, newest.epoch).await?;
        // One that is full has no place for more.
        let behind = behind.into_iter().filter(|_| keyring.entries.len() < MAX_ENTRIES);
        let client = self.for_rotating();
        for account in behind {
            let has = keyring.entries.iter().any(|entry| entry.grantee == Account((*account).into()));
            // Who has no usable keys, or no envelope, gets none by a rotation either: it would be repeated for ever.
            if !has && client.key_of_reader(journal, folder, *account).await.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
