//! What a patient's client does now and then: move keys on that must, let nobody wait, copy what others contributed.

use std::collections::HashSet;

use alloy::primitives::Address;
use hospital_record_core::{
    id::{Account, Folder, RecordId},
    seal::keyring::MAX_ENTRIES,
};

use crate::{
    base::{
        builder::awaitable,
        error::{Result, kind::ErrorKind},
        record_ref::RecordRef,
    },
    client::Client,
    journal::known::Known,
    keys::readers::MOST_TRIED,
    records::copy::Quota,
};

/// What [`Client::sync`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// Records of others that were copied into the patient's own store and pinned there.
    pub copied: usize,
    /// Acts on chain whose keys were stored now.
    pub keys: usize,
    /// Folders whose keys moved on.
    pub rotated: usize,
    /// Readers of those folders who remain but whose keys could not be had or are not to be trusted: grant to them again.
    pub left_out: Vec<Address>,
    /// Records of others that could not be copied yet, and why.
    pub missing: Vec<String>,
    /// Records of others that were not copied because they take more than is allowed, smallest first:
    /// [`Syncing::take`] copies them all the same, [`Syncing::most`] and [`Syncing::most_of_one`] allow more.
    pub too_large: Vec<TooLarge>,
    /// Records of others that were not looked at, because their authors added so many: sync again for the next ones.
    pub later: usize,
    /// That a store was silent while records were copied: there is more to be copied from it.
    pub unavailable: Option<ErrorKind>,
}

/// A contributed record that [`Client::sync`] did not copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooLarge {
    /// The record.
    pub record: RecordRef,
    /// Who added it.
    pub author: Address,
    /// Bytes that it takes in the store, as its manifest says.
    pub size: u64,
}

/// Keeps a patient's records in order; made by [`Client::sync`].
#[must_use = "nothing happens until it is awaited"]
pub struct Syncing {
    client: Client,
    quota: Quota,
    take: HashSet<RecordId>,
}

impl Client {
    /// Moves on the keys of folders that somebody left or that a live reader has no current key of; then copies and pins
    /// what others contributed. In this order: what somebody contributed delays no keys.
    ///
    /// What is copied is bounded, so that nobody who may contribute fills this person's store: by default 1 GiB of one
    /// author and 10 GiB in all, the smallest records first. What is left out is in [`Synced::too_large`].
    pub fn sync(&self) -> Syncing {
        Syncing { client: self.clone(), quota: Quota::default(), take: HashSet::new() }
    }
}

impl Syncing {
    /// So many bytes of what others contributed are kept in the patient's own store at most, whenever they were copied.
    pub fn most(mut self, bytes: u64) -> Self {
        self.quota.in_all = bytes;
        self
    }

    /// The same of one author.
    pub fn most_of_one(mut self, bytes: u64) -> Self {
        self.quota.of_one = bytes;
        self
    }

    /// Copies this record of the patient's, however large it is.
    pub fn take(mut self, record: &RecordRef) -> Self {
        self.take.insert(record.id);
        self
    }

    async fn run(self) -> Result<Synced> {
        let Self { client, quota, take } = self;
        let journal = client.system().journals().of(client.address()).await?;
        let mut synced = Synced::default();
        for (_, stored) in client.pay_all().await? {
            // What could not be stored is kept, and `resume` says why.
            synced.keys += usize::from(stored.unwrap_or(false));
        }
        for folder in client.folders_to_rotate(&journal).await? {
            synced.left_out.extend(client.rotate_folder(folder).await?.left_out);
            synced.rotated += 1;
        }
        synced.left_out.sort_unstable();
        synced.left_out.dedup();
        client.for_fetching().copy_all(&journal, &quota, &take, &mut synced).await?;
        Ok(synced)
    }
}

awaitable!(Syncing => Synced);

impl Client {
    async fn folders_to_rotate(&self, journal: &Known) -> Result<Vec<Folder>> {
        let now = self.system().clocks().latest_time().await?;
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
        let behind = behind.into_iter().filter(|_| keyring.entries.len() < MAX_ENTRIES).take(MOST_TRIED);
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
