//! What a history adds up to: exactly what the contract stores, and where the keys stand.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};

use super::{Entry, Event, NO_END, Purpose, Rights, Status, folder_of, folder_scope, record_key};

mod folder;

pub use folder::{FolderKeys, Keyring};

/// A record as the contract stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordState {
    /// Who added it.
    pub author: Address,
    /// Its folder.
    pub folder: u64,
    /// When, seconds since 1970.
    pub added_at: u64,
    /// Where it stands.
    pub status: Status,
}

/// A grant as the contract stores it, live or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantState {
    /// Which rights.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Seconds since 1970, wrapping at 2^32.
    pub granted_at: u64,
    /// Not live from this second on.
    pub expires_at: u64,
}

impl GrantState {
    /// Whether it is live at `time` (seconds since 1970).
    #[must_use]
    pub fn is_live(&self, time: u64) -> bool {
        time < self.expires_at
    }

    /// Whether it is live and lets read at `time`.
    #[must_use]
    pub fn reads(&self, time: u64) -> bool {
        self.is_live(time) && self.rights.reads()
    }

    /// Whether it has an end.
    #[must_use]
    pub fn ends(&self) -> bool {
        self.expires_at != NO_END
    }
}

/// A record of the patient, with what its entries say beyond what the contract stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// SHA-256 of its manifest.
    pub id: B256,
    /// As the contract stores it.
    pub state: RecordState,
    /// Key of the record that took its place.
    pub replaced_by: Option<B256>,
    /// Position of the entry that added it.
    pub entry: usize,
}

/// A grant of the patient, with what its entry says beyond what the contract stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// As the contract stores it.
    pub state: GrantState,
    /// Epoch of the folder keys in the envelope.
    pub epoch: u16,
    /// SHA-256 of the envelope.
    pub envelope: B256,
    /// Position of the entry that gave it.
    pub entry: usize,
}

/// A logged reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The record's key.
    pub key: B256,
    /// Who.
    pub reader: Address,
    /// What for.
    pub purpose: Purpose,
    /// When, seconds since 1970.
    pub time: u64,
    /// Position of its entry.
    pub entry: usize,
}

/// The sum of a patient's entries. It does no checks: give it verified entries, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatientState {
    /// Entries so far.
    pub entries: usize,
    /// Acts after which keys must move on; wraps at 2^24.
    pub key_changes: u32,
    /// SHA-256 of the profile block.
    pub profile: Option<B256>,
    /// By key.
    pub records: BTreeMap<B256, Record>,
    /// By scope and grantee, live or not.
    pub grants: BTreeMap<(B256, Address), Grant>,
    /// Where the keys of each folder stand. A folder without an entry here has epoch 0 and no readers.
    pub folders: BTreeMap<u64, FolderKeys>,
    /// Oldest first.
    pub accesses: Vec<Access>,
}

impl PatientState {
    /// Takes in the next entry.
    pub fn apply(&mut self, entry: &Entry) {
        let (position, time) = (self.entries, entry.time);
        match entry.event {
            Event::ProfileSet { profile } => self.profile = Some(profile),
            Event::RecordAdded { folder, author, id } => self.add(author, id, folder, time),
            Event::RecordStatusChanged { key, status, replacement, .. } => self.change(key, status, replacement),
            Event::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope } => {
                let granted_at = time & u64::from(u32::MAX);
                let state = GrantState { rights, purpose, granted_at, expires_at };
                self.grant(scope, grantee, Grant { state, epoch, envelope, entry: position }, time);
            }
            Event::AccessRevoked { scope, grantee, epoch, keyring } => {
                self.grants.remove(&(scope, grantee));
                self.key_changes = next(self.key_changes);
                if let Some(folder) = folder_of(scope).filter(|_| !keyring.is_zero()) {
                    self.keys_move(folder, Keyring { epoch, digest: keyring, entry: position, time });
                }
            }
            Event::AccessRenounced { scope, grantee } => self.renounce(scope, grantee, time),
            Event::KeysRotated { folder, epoch, keyring } => {
                self.key_changes = next(self.key_changes);
                self.keys_move(folder, Keyring { epoch, digest: keyring, entry: position, time });
            }
            Event::RecordAccessed { key, reader, purpose } => {
                self.accesses.push(Access { key, reader, purpose, time, entry: position });
            }
        }
        self.entries += 1;
    }

    /// Where the keys of a folder stand.
    #[must_use]
    pub fn folder(&self, folder: u64) -> FolderKeys {
        self.folders.get(&folder).cloned().unwrap_or_default()
    }

    /// Who may read everything in the folder at `time`, in order of their addresses.
    ///
    /// For a keyring, pass the latest time at which it may land: who has expired by then must not be in it.
    #[must_use]
    pub fn folder_readers(&self, folder: u64, time: u64) -> Vec<Address> {
        self.readers_of(folder_scope(folder), time).collect()
    }

    /// Who may read the record at `time`, by its folder or by itself, without the patient.
    #[must_use]
    pub fn record_readers(&self, key: B256, time: u64) -> Vec<Address> {
        let Some(record) = self.records.get(&key) else { return Vec::new() };
        let by_folder = self.readers_of(folder_scope(record.state.folder), time);
        let mut readers: Vec<_> = by_folder.chain(self.readers_of(key, time)).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    /// Who holds the folder's current keys but may not read at `time` any more: a grant ended since the last keyring
    /// (revoked without one, renounced, lowered, expired). While there is anybody, new records must not be locked to
    /// the folder; the patient rotates before the next write.
    #[must_use]
    pub fn former_readers(&self, folder: u64, time: u64) -> Vec<Address> {
        let reads = |account| self.grants.get(&(folder_scope(folder), account)).is_some_and(|g| g.state.reads(time));
        let Some(keys) = self.folders.get(&folder) else { return Vec::new() };
        keys.holders.iter().copied().filter(|account| !reads(*account)).collect()
    }

    /// Whether the folder's keys must move on before they lock anything new at `time`.
    #[must_use]
    pub fn is_dirty(&self, folder: u64, time: u64) -> bool {
        !self.former_readers(folder, time).is_empty()
    }

    fn readers_of(&self, scope: B256, time: u64) -> impl Iterator<Item = Address> {
        self.grants
            .range((scope, Address::ZERO)..=(scope, Address::repeat_byte(0xff)))
            .filter(move |(_, grant)| grant.state.reads(time))
            .map(|((_, grantee), _)| *grantee)
    }

    fn add(&mut self, author: Address, id: B256, folder: u64, time: u64) {
        let state = RecordState { author, folder, added_at: time, status: Status::Current };
        let record = Record { id, state, replaced_by: None, entry: self.entries };
        self.records.insert(record_key(author, id), record);
    }

    fn change(&mut self, key: B256, status: Status, replacement: B256) {
        if let Some(record) = self.records.get_mut(&key) {
            record.state.status = status;
            record.replaced_by = record.replaced_by.or((!replacement.is_zero()).then_some(replacement));
        }
    }

    fn grant(&mut self, scope: B256, grantee: Address, grant: Grant, time: u64) {
        let before = self.grants.insert((scope, grantee), grant).map(|grant| grant.state).filter(|g| g.is_live(time));
        let lowered = before.is_some_and(|before| {
            grant.state.expires_at < before.expires_at || !grant.state.rights.contains(before.rights)
        });
        if lowered {
            self.key_changes = next(self.key_changes);
        }
        if let Some(folder) = folder_of(scope).filter(|_| grant.state.rights.reads()) {
            self.folders.entry(folder).or_default().holders.insert(grantee);
        }
    }

    /// The contract keeps a renounced grant, as one that has just ended.
    fn renounce(&mut self, scope: B256, grantee: Address, time: u64) {
        if let Some(grant) = self.grants.get_mut(&(scope, grantee)) {
            grant.state.expires_at = time;
        }
    }

    /// A keyring counts only when it is the next one: whoever reads keys of it must be able to go back to all before.
    fn keys_move(&mut self, folder: u64, keyring: Keyring) {
        let readers = self.folder_readers(folder, keyring.time);
        let keys = self.folders.entry(folder).or_default();
        if keys.epoch.checked_add(1) == Some(keyring.epoch) {
            keys.epoch = keyring.epoch;
            keys.keyrings.push(keyring);
            keys.holders = readers.into_iter().collect();
        }
    }
}

fn next(key_changes: u32) -> u32 {
    (key_changes + 1) & 0x00ff_ffff
}
