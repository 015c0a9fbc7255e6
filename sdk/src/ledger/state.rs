//! The state after a history: exactly what the contract stores, and the state of the keys.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};

use crate::{
    base::time::NO_END,
    ledger::{
        entry::Entry,
        event::{Event, Purpose, Rights, Status, Via, folder_of, folder_scope, record_key},
    },
};

pub(crate) mod folder;
mod live;

use folder::{FolderKeys, Keyring};

/// A record as the contract stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordState {
    /// The account that added it.
    pub author: Address,
    /// Its folder.
    pub folder: u64,
    /// When it was added, seconds since 1970.
    pub added_at: u64,
    /// Its status.
    pub status: Status,
    /// How many accounts attested it.
    pub attestations: u8,
}

/// A grant as the contract stores it, live or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantState {
    /// The rights.
    pub rights: Rights,
    /// The purpose.
    pub purpose: Purpose,
    /// When it was granted, seconds since 1970.
    pub granted_at: u64,
    /// The expiry: not live from this second on.
    pub expires_at: u64,
    /// The delegate that granted it; `None` if the patient did.
    pub giver: Option<Address>,
    /// Which grant of the giver it relies on. With [`Via::Barred`] this is not a grant but a bar.
    pub via: Via,
}

impl GrantState {
    /// Whether it is a bar: only the patient can grant this scope again.
    #[must_use]
    pub fn is_bar(&self) -> bool {
        self.via == Via::Barred
    }

    /// Whether it has an end.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.expires_at != NO_END
    }

    /// Whether it has expired. A delegated grant may be dead before: see [`PatientState::live`].
    #[must_use]
    pub fn is_expired(&self, time: u64) -> bool {
        time >= self.expires_at
    }
}

/// A record of the patient, with data of its entries that the contract does not store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// SHA-256 of its manifest.
    pub id: B256,
    /// The state that the contract stores.
    pub state: RecordState,
    /// Key of the record that replaced it.
    pub replaced_by: Option<B256>,
    /// Key of the record that it replaces.
    pub replaces: Option<B256>,
    /// The attestations of professionals, oldest first.
    pub attestations: Vec<Attestation>,
    /// Position of the entry that added it.
    pub entry: usize,
}

impl Record {
    pub(crate) fn key(&self) -> B256 {
        record_key(self.state.author, self.id)
    }
}

/// A professional's attestation of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attestation {
    /// The professional.
    pub by: Address,
    /// When it was attested, seconds since 1970.
    pub time: u64,
    /// Whether the patient gave this account the right to attest, and not a delegate.
    pub chosen_by_patient: bool,
    /// Position of its entry.
    pub entry: usize,
}

/// A grant of the patient, with data of its entry that the contract does not store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantEntry {
    /// The state that the contract stores.
    pub state: GrantState,
    /// Epoch of the folder keys in the envelope.
    pub epoch: u16,
    /// SHA-256 of the envelope.
    pub envelope: B256,
    /// Position of the entry that granted it.
    pub entry: usize,
}

/// A logged reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The record's key.
    pub key: B256,
    /// The reader.
    pub reader: Address,
    /// The purpose.
    pub purpose: Purpose,
    /// SHA-256 of a sealed block with details, or zero.
    pub note: B256,
    /// When it was read, seconds since 1970.
    pub time: u64,
    /// Position of its entry.
    pub entry: usize,
}

/// The state after a patient's entries. It does no checks: apply verified entries, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatientState {
    /// Entries so far.
    pub entries: usize,
    /// The number of acts that require a key rotation; it wraps at 2^24.
    pub key_changes: u32,
    /// SHA-256 of the profile block.
    pub profile: Option<B256>,
    /// SHA-256 of the newest block that summarises the history.
    pub checkpoint: Option<B256>,
    /// The records, by key.
    pub records: BTreeMap<B256, Record>,
    /// The grants by scope and grantee, live or not.
    pub grants: BTreeMap<(B256, Address), GrantEntry>,
    /// The keys of each folder. A folder without an entry here has epoch 0 and no readers.
    pub folders: BTreeMap<u64, FolderKeys>,
    /// The logged readings, oldest first.
    pub accesses: Vec<Access>,
}

impl PatientState {
    /// Whether this folder has a record or a grant.
    pub(crate) fn holds_folder(&self, number: u64) -> bool {
        self.records.values().any(|record| record.state.folder == number)
            || self.grants.keys().any(|(scope, _)| folder_of(*scope) == Some(number))
    }

    /// Applies the next entry.
    pub fn apply(&mut self, entry: &Entry) {
        let (position, time) = (self.entries, entry.time);
        match entry.event {
            Event::ProfileSet { profile } => self.profile = Some(profile),
            Event::CheckpointMade { digest } => self.checkpoint = Some(digest),
            Event::RecordAdded { folder, author, id } => self.add(author, id, folder, time),
            Event::RecordStatusChanged { key, status, replacement, .. } => self.change(key, status, replacement),
            Event::RecordAttested { key, by } => self.attest(key, by, time),
            Event::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope } => {
                let (giver, via) = (None, Via::Patient);
                let state = GrantState { rights, purpose, granted_at: time, expires_at, giver, via };
                if self.lowers(scope, grantee, &state, time) {
                    self.key_changes = next(self.key_changes);
                }
                self.grant(scope, grantee, GrantEntry { state, epoch, envelope, entry: position });
            }
            Event::AccessPassedOn { scope, grantee, giver, via, rights, purpose, expires_at, epoch, envelope } => {
                let state = GrantState { rights, purpose, granted_at: time, expires_at, giver: Some(giver), via };
                self.grant(scope, grantee, GrantEntry { state, epoch, envelope, entry: position });
            }
            Event::AccessRevoked { scope, grantee, epoch, keyring, barred } => {
                self.end(scope, grantee, barred);
                self.key_changes = next(self.key_changes);
                if let Some(folder) = folder_of(scope).filter(|_| !keyring.is_zero()) {
                    self.keys_move(folder, Keyring { epoch, digest: keyring, entry: position, time });
                }
            }
            Event::AccessRenounced { scope, grantee } | Event::AccessWithdrawn { scope, grantee, .. } => {
                self.expire(scope, grantee, time);
            }
            Event::KeysRotated { folder, epoch, keyring } => {
                self.key_changes = next(self.key_changes);
                self.keys_move(folder, Keyring { epoch, digest: keyring, entry: position, time });
            }
            Event::RecordAccessed { key, reader, purpose, note } => {
                self.accesses.push(Access { key, reader, purpose, note, time, entry: position });
            }
        }
        self.entries += 1;
    }

    /// The keys of a folder.
    #[must_use]
    pub fn folder(&self, folder: u64) -> FolderKeys {
        self.folders.get(&folder).cloned().unwrap_or_default()
    }

    fn add(&mut self, author: Address, id: B256, folder: u64, time: u64) {
        let state = RecordState { author, folder, added_at: time, status: Status::Current, attestations: 0 };
        let (replaced_by, replaces, attestations) = (None, None, Vec::new());
        let record = Record { id, state, replaced_by, replaces, attestations, entry: self.entries };
        self.records.insert(record_key(author, id), record);
    }

    fn change(&mut self, key: B256, status: Status, replacement: B256) {
        if let Some(record) = self.records.get_mut(&key) {
            record.state.status = status;
            record.replaced_by = record.replaced_by.or((!replacement.is_zero()).then_some(replacement));
        }
        if let Some(record) = self.records.get_mut(&replacement) {
            record.replaces = Some(key);
        }
    }

    fn attest(&mut self, key: B256, by: Address, time: u64) {
        let Some(record) = self.records.get_mut(&key) else { return };
        let held = self.grants.get(&(folder_scope(record.state.folder), by));
        let chosen_by_patient = held.is_some_and(|grant| grant.state.via == Via::Patient);
        record.state.attestations = record.state.attestations.saturating_add(1);
        record.attestations.push(Attestation { by, time, chosen_by_patient, entry: self.entries });
    }

    /// Whether a grant of the patient reduces the existing one: a right, its time, or the right to delegate with
    /// everything that was delegated from it.
    fn lowers(&self, scope: B256, grantee: Address, new: &GrantState, time: u64) -> bool {
        let before = self.grants.get(&(scope, grantee)).map(|grant| grant.state).filter(|g| !g.is_expired(time));
        before.is_some_and(|before| {
            new.expires_at < before.expires_at || !new.rights.contains(before.rights) || before.rights.delegates()
        })
    }

    fn grant(&mut self, scope: B256, grantee: Address, grant: GrantEntry) {
        self.grants.insert((scope, grantee), grant);
        if let Some(folder) = folder_of(scope).filter(|_| grant.state.rights.reads()) {
            self.folders.entry(folder).or_default().holders.insert(grantee);
        }
    }

    fn end(&mut self, scope: B256, grantee: Address, barred: bool) {
        let Some(held) = self.grants.remove(&(scope, grantee)).filter(|_| barred) else { return };
        let (rights, purpose, giver, via) = (Rights::default(), Purpose::TREAT, None, Via::Barred);
        let state = GrantState { rights, purpose, granted_at: 0, expires_at: 0, giver, via };
        self.grants.insert((scope, grantee), GrantEntry { state, ..held });
    }

    /// The contract keeps a renounced or withdrawn grant as one that has just expired.
    fn expire(&mut self, scope: B256, grantee: Address, time: u64) {
        if let Some(grant) = self.grants.get_mut(&(scope, grantee)) {
            grant.state.expires_at = time;
        }
    }

    /// A keyring counts if its epoch is later, because its keys derive all earlier ones. An epoch is skipped if its
    /// keyring was stored but its entry has vanished.
    fn keys_move(&mut self, folder: u64, keyring: Keyring) {
        let readers = self.folder_readers(folder, keyring.time);
        let keys = self.folders.entry(folder).or_default();
        if keys.epoch < keyring.epoch {
            keys.epoch = keyring.epoch;
            keys.keyrings.push(keyring);
            keys.holders = readers.into_iter().collect();
        }
    }
}

fn next(key_changes: u32) -> u32 {
    (key_changes + 1) & 0x00ff_ffff
}
