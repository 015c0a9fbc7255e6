//! Finds the content key of a record on chain. It checks the manifest against the chain before it tries a lock.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result, fail},
        record_ref::RecordRef,
        task::compute,
    },
    journal::verified::VerifiedJournal,
    keys::{
        folder_keys::{self, ReceivedKeys},
        holder,
    },
    ledger::Record,
};

use alloy::primitives::Address;
use hospital_record_core::{
    block::{Body, Verified},
    error::CoreError,
    id::{Account, Confidentiality, Epoch, Folder, RecordId},
    identity::folder_name,
    record::{manifest::Manifest, metadata::Metadata},
    seal::{
        envelope::EnvelopeKeys,
        lock::{Lock, LockContext},
        ratchet::{FolderSecret, FolderState},
        stream::ContentKey,
    },
};
use tokio::sync::Mutex;

/// How many folder locks of one record are tried. Honest authors make one.
const MOST_FOLDER_LOCKS: usize = 2;

/// A record that was checked against the chain and opens, with its key and its metadata.
pub(crate) struct UnlockedRecord {
    pub(crate) manifest: Verified<Manifest>,
    pub(crate) key: ContentKey,
    pub(crate) metadata: Metadata,
}

/// Opens one record. For several records of a patient, make one [`Unlocker`].
pub(crate) async fn unlocked(person: &Person, record: &RecordRef, registered: &Record) -> Result<UnlockedRecord> {
    Unlocker::new(person.clone(), person.journals.of(record.patient).await?).open(registered).await
}

/// The keys of a folder that this account received, or why they are not available.
type Lookup = std::result::Result<Option<Arc<ReceivedKeys>>, String>;

/// Opens the locks of one patient's records. It keeps keys for the next record of the same folder.
pub(crate) struct Unlocker {
    person: Person,
    journal: Arc<VerifiedJournal>,
    received: Mutex<HashMap<Folder, Lookup>>,
    /// The highest epoch that a lock may name.
    highest: Mutex<HashMap<Folder, Epoch>>,
    secrets: std::sync::Mutex<HashMap<(Folder, Epoch), Arc<FolderSecret>>>,
}

impl Unlocker {
    pub(crate) fn new(person: Person, journal: Arc<VerifiedJournal>) -> Self {
        Self {
            person,
            journal,
            received: Mutex::default(),
            highest: Mutex::default(),
            secrets: std::sync::Mutex::default(),
        }
    }

    /// The record's manifest, key and metadata, all checked.
    pub(crate) async fn open(&self, record: &Record) -> Result<UnlockedRecord> {
        let bytes = self.person.people().block(RecordId(record.id.0).into(), Manifest::MAX).await?;
        self.open_from(record, &bytes).await
    }

    /// The same from the manifest's bytes. Their digest is the record's id.
    pub(crate) async fn open_from(&self, record: &Record, bytes: &[u8]) -> Result<UnlockedRecord> {
        let manifest = self.manifest_from(record, bytes).await?;
        let (key, metadata) = self.key_and_metadata(record, &manifest).await?;
        Ok(UnlockedRecord { manifest, key, metadata })
    }

    /// The manifest of a record, if it matches the chain.
    pub(crate) async fn manifest(&self, record: &Record) -> Result<Verified<Manifest>> {
        let bytes = self.person.people().block(RecordId(record.id.0).into(), Manifest::MAX).await?;
        self.manifest_from(record, &bytes).await
    }

    async fn manifest_from(&self, record: &Record, bytes: &[u8]) -> Result<Verified<Manifest>> {
        let manifest = self.person.people().verified_bytes(bytes).await?;
        check(&manifest, self.journal.patient, record)?;
        Ok(manifest)
    }

    async fn key_and_metadata(&self, record: &Record, manifest: &Manifest) -> Result<(ContentKey, Metadata)> {
        let key = self.find_key(record, manifest).await?;
        let metadata = manifest.open_metadata(&key).map_err(CoreError::from)?;
        self.check_folder(record, manifest.folder, &metadata).await?;
        Ok((key, metadata))
    }

    /// Checks the folder in the metadata, because an author can name any. It must be the folder that the record lies
    /// in, as the patient derives it, or as the grant names it.
    async fn check_folder(&self, record: &Record, folder: Folder, metadata: &Metadata) -> Result<()> {
        let Metadata { folder_name: name, confidentiality, .. } = metadata;
        let is_right = if self.person.is_me(self.journal.patient) {
            self.person.keys().folder(name, *confidentiality) == folder
        } else {
            let folder = self.granted_name(record, folder).await?;
            folder
                .is_none_or(|(granted, level)| folder_name(&granted) == folder_name(name) && level == *confidentiality)
        };
        match is_right {
            true => Ok(()),
            false => fail!(Integrity, "its author names another folder than the one that holds it"),
        }
    }

    /// The folder's name and confidentiality, as the grant names them.
    async fn granted_name(&self, record: &Record, folder: Folder) -> Result<Option<(String, Confidentiality)>> {
        let received = match self.received(folder).await {
            Ok(Some(received)) => return Ok(Some((received.name.clone(), received.confidentiality))),
            Err(error) if error.is_outage() => return Err(error),
            other => other,
        };
        let scope = record.key();
        let Some(grant) = self.journal.grant(scope, self.person.address()) else { return received.map(|_| None) };
        let payload = holder::payload_of(&self.person, self.journal.patient, scope, grant).await?;
        Ok(Some((payload.folder_name, payload.confidentiality)))
    }

    async fn find_key(&self, record: &Record, manifest: &Manifest) -> Result<ContentKey> {
        let mut failure = None;
        let highest = self.highest_epoch(manifest.folder).await?;
        // An author could name any number of epochs, and each costs a walk through the states.
        let mut folder_locks = 0;
        for lock in &manifest.locks {
            if let Lock::Folder { epoch, .. } = lock {
                folder_locks += 1;
                if *epoch > highest || folder_locks > MOST_FOLDER_LOCKS {
                    continue;
                }
            }
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

    /// The highest epoch that a lock may name, by the chain and by the patient's signatures.
    async fn highest_epoch(&self, folder: Folder) -> Result<Epoch> {
        let mut highest = self.highest.lock().await;
        if let Some(epoch) = highest.get(&folder) {
            return Ok(*epoch);
        }
        let proven = self.person.journals.proven_epoch(self.journal.patient, folder).await?;
        let epoch = proven.max(self.journal.folder(folder).epoch);
        highest.insert(folder, epoch);
        Ok(epoch)
    }

    async fn try_lock(&self, lock: &Lock, record: &Record, manifest: &Manifest) -> Result<Option<ContentKey>> {
        let context = manifest.lock_context(self.person.deployment, Account(record.state.author.into()), lock.epoch());
        match lock {
            Lock::Account { account, .. } if *account == self.person.account() => {
                self.by_account(lock, context).await.map(Some)
            }
            Lock::Folder { epoch, .. } => match self.secret(manifest.folder, *epoch).await? {
                Some(secret) => {
                    let lock = lock.clone();
                    let opening = compute(move || lock.open_folder_with(&context, &secret));
                    let key = opening.await?;
                    Ok(Some(key.map_err(CoreError::from)?))
                }
                None => Ok(None),
            },
            _ => Ok(None),
        }
    }

    async fn by_account(&self, lock: &Lock, context: LockContext) -> Result<ContentKey> {
        let keys = &self.person.published().await?.keys;
        Ok(lock.open_account(&context, keys).map_err(CoreError::from)?)
    }

    /// A grant on this record alone carries its content key.
    async fn by_record_grant(&self, record: &Record, manifest: &Manifest) -> Result<Option<ContentKey>> {
        let scope = record.key();
        let Some(grant) = self.journal.grant(scope, self.person.address()) else { return Ok(None) };
        let payload = holder::payload_of(&self.person, self.journal.patient, scope, grant).await?;
        match payload.keys {
            EnvelopeKeys::Record { content } if content.commitment() == manifest.commitment => Ok(Some(content)),
            _ => fail!(Integrity, "the envelope of this record's grant carries another key"),
        }
    }

    /// The key pair of a folder's epoch, if this account has a state that leads to it.
    async fn secret(&self, folder: Folder, epoch: Epoch) -> Result<Option<Arc<FolderSecret>>> {
        if let Some(secret) = self.known_secret(folder, epoch) {
            return Ok(Some(secret));
        }
        let Some(state) = self.state(folder, epoch).await? else { return Ok(None) };
        let secret = Arc::new(state.key_pair());
        self.secrets.lock().unwrap_or_else(|p| p.into_inner()).insert((folder, epoch), secret.clone());
        Ok(Some(secret))
    }

    fn known_secret(&self, folder: Folder, epoch: Epoch) -> Option<Arc<FolderSecret>> {
        self.secrets.lock().unwrap_or_else(|p| p.into_inner()).get(&(folder, epoch)).cloned()
    }

    async fn state(&self, folder: Folder, epoch: Epoch) -> Result<Option<FolderState>> {
        if self.person.is_me(self.journal.patient) {
            return Ok(Some(self.person.keys().folder_state(folder, epoch)));
        }
        let received = self.received(folder).await?;
        Ok(received.and_then(|received| received.state.as_ref()?.at(epoch).ok()))
    }

    /// The keys of a folder that this account received, looked up once.
    async fn received(&self, folder: Folder) -> Result<Option<Arc<ReceivedKeys>>> {
        let mut lookups = self.received.lock().await;
        let received = match lookups.entry(folder) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(place) => {
                place.insert(match folder_keys::received(&self.person, &self.journal, folder).await {
                    Ok(received) => Ok(Some(Arc::new(received))),
                    Err(Error::Denied(_)) => Ok(None),
                    Err(Error::NotAvailable(why)) => Err(why.into()),
                    Err(error) => return Err(error),
                })
            }
        };
        received.clone().map_err(|why| Error::NotAvailable(why.into()))
    }
}

/// A manifest counts only for the patient, author and folder that the chain names.
fn check(manifest: &Verified<Manifest>, patient: Address, record: &Record) -> Result<()> {
    let mismatch = |what: &str| fail!(Integrity, "the record's manifest names another {what} than the chain");
    if manifest.patient.0 != patient {
        return mismatch("patient");
    }
    if manifest.issuer().0 != record.state.author {
        let author = Address::from(manifest.issuer().0);
        let copier = record.state.author;
        return fail!(Integrity, "{copier} registered here a copy of the id of a record of {author}");
    }
    if manifest.folder.number() != record.state.folder {
        return mismatch("folder");
    }
    Ok(())
}
