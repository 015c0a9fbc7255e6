//! The cache of this machine: verified journals, small blocks, pins, contacts, and unfinished work.
//!
//! One redb file. It stays open during a series of calls. It closes soon after the last one, or when another program of
//! the same person waits for it, so several programs can share it. A value is on disk when its `put` returns. No
//! personal data is in plaintext: blocks are ciphertext, journals are public, and the client seals the rest.

#[cfg(not(target_family = "wasm"))]
mod backend;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod disk;
#[cfg(not(target_family = "wasm"))]
mod held;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod overlay;
pub(crate) mod own;
#[cfg(not(target_family = "wasm"))]
mod shut;
#[cfg(not(target_family = "wasm"))]
mod stamp;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, TableError, backends::InMemoryBackend,
};

use hospital_record_core::id::Deployment;

use crate::{
    base::{
        error::{Error, Result},
        task::{MaybeSend, compute},
    },
    platform::cache::own::{Memory, Own, of_io},
};

/// A table: keys and values are bytes.
pub(crate) type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// deployment, patient, index -> verified entry
pub(crate) const JOURNAL: Table = TableDefinition::new("journal-1");
/// digest -> manifest, envelope, keyring or profile
pub(crate) const BLOCKS: Table = TableDefinition::new("blocks-1");
/// deployment, account -> digest of the profile that was accepted last
pub(crate) const PROFILES: Table = TableDefinition::new("profiles-2");
/// chain, account -> the transaction under way
pub(crate) const OUTBOX: Table = TableDefinition::new("outbox-2");
/// chain, account, order -> an act that took effect and may have to be sent again
pub(crate) const SENT: Table = TableDefinition::new("sent-1");
/// deployment, patient -> how much of the journal is final, and when the rest was first seen
pub(crate) const FINALITY: Table = TableDefinition::new("finality-1");
/// deployment, patient, head -> an entry that was seen and is gone
pub(crate) const VANISHED: Table = TableDefinition::new("vanished-2");
/// deployment, patient, folder -> the highest epoch of its keys that the patient has signed
pub(crate) const EPOCHS: Table = TableDefinition::new("epochs-1");
/// deployment, account, digest -> blocks with keys, of an act that is on its way or on chain, that no store has yet
pub(crate) const OWED: Table = TableDefinition::new("owed-1");
/// deployment, account, id -> the record being added, sealed
pub(crate) const PENDING: Table = TableDefinition::new("pending-1");
/// deployment, owner, account -> contact, sealed
pub(crate) const CONTACTS: Table = TableDefinition::new("contacts-1");
/// deployment, patient, id -> copied into the patient's own store
pub(crate) const SYNCED: Table = TableDefinition::new("synced-1");
/// deployment, patient, folder, epoch, digest -> a keyring whose entry was seen and is gone
pub(crate) const BURNT: Table = TableDefinition::new("burnt-1");

/// deployment, folder, epoch, digest -> a keyring that a person of this machine has made
pub(crate) const KEYRINGS: Table = TableDefinition::new("keyrings-1");
/// deployment, member, board, case -> acknowledged on this machine
pub(crate) const ACKNOWLEDGED: Table = TableDefinition::new("acknowledged-1");
/// deployment, member, board, reason -> the case that is being opened, or was
pub(crate) const OPENINGS: Table = TableDefinition::new("openings-1");
/// deployment, account, threshold, members -> salt of the board that is being made
pub(crate) const BOARDS: Table = TableDefinition::new("boards-1");
/// deployment, member, board, case, deal -> whether it is done, and the block with the released share
pub(crate) const RELEASES: Table = TableDefinition::new("releases-1");

/// Keys to remove from a table, and rows to put into it.
pub(crate) type Change = (Table, Vec<Vec<u8>>, Rows);

/// Closes the file after each use: a benchmark compares the two modes.
#[cfg(feature = "testing")]
pub(crate) static EACH_TIME: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

type Worked<T> = Result<T, redb::Error>;

/// Keys and values of one table.
pub(crate) type Rows = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Shared>);

struct Shared {
    /// Calls wait here in a queue, without a thread for each.
    turn: Arc<tokio::sync::Mutex<()>>,
    place: Arc<Mutex<Place>>,
}

enum Place {
    Memory(Database),
    Own(Own),
    #[cfg(not(target_family = "wasm"))]
    File(disk::OnDisk),
}

impl Cache {
    pub(crate) fn in_memory() -> Result<Self> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).map_err(Error::cache)?;
        Ok(Self::of(Place::Memory(database)))
    }

    /// A cache in memory that the app provides.
    pub(crate) fn in_own(memory: Arc<dyn Memory>) -> Result<Self> {
        Ok(Self::of(Place::Own(Own::open(memory)?)))
    }

    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn in_folder(folder: &std::path::Path) -> Result<Self> {
        Ok(Self::of(Place::File(disk::OnDisk::new(folder.join("cache.redb")))))
    }

    fn of(place: Place) -> Self {
        Self(Arc::new(Shared { turn: Arc::default(), place: Arc::new(Mutex::new(place)) }))
    }

    pub(crate) async fn get(&self, table: Table, key: Vec<u8>) -> Result<Option<Vec<u8>>> {
        self.with(move |database| value_in(database, table, &key)).await
    }

    /// A value of one table, and the rows of another whose key starts with `prefix`. It opens the file once.
    pub(crate) async fn get_with_rows(
        &self,
        (table, key): (Table, Vec<u8>),
        (others, prefix): (Table, Vec<u8>),
    ) -> Result<(Option<Vec<u8>>, Rows)> {
        self.with(move |database| Ok((value_in(database, table, &key)?, rows_in(database, others, &prefix)?))).await
    }

    /// The values of several keys, in their order. It opens the file once.
    pub(crate) async fn get_many(&self, table: Table, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>> {
        self.with(move |database| {
            let Some(table) = read(database, table)? else { return Ok(vec![None; keys.len()]) };
            let value = |key: &Vec<u8>| Ok(table.get(key.as_slice())?.map(|v| v.value().to_vec()));
            keys.iter().map(value).collect()
        })
        .await
    }

    /// All rows whose key starts with `prefix`, in order.
    pub(crate) async fn rows(&self, table: Table, prefix: Vec<u8>) -> Result<Rows> {
        self.with(move |database| rows_in(database, table, &prefix)).await
    }

    pub(crate) async fn put(&self, table: Table, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.write(table, Vec::new(), vec![(key, value)]).await
    }

    /// Puts a value if there is none or a smaller one. Values are big-endian numbers of one width.
    pub(crate) async fn raise(&self, table: Table, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.with(move |database| {
            let write = database.begin_write()?;
            {
                let mut table = write.open_table(table)?;
                let current = table.get(key.as_slice())?.map(|current| current.value().to_vec());
                if current.is_none_or(|current| current < value) {
                    table.insert(key.as_slice(), value.as_slice())?;
                }
            }
            Ok(write.commit()?)
        })
        .await
    }

    pub(crate) async fn remove(&self, table: Table, key: Vec<u8>) -> Result<()> {
        self.write(table, vec![key], Vec::new()).await
    }

    /// Removes, then puts, in one transaction.
    pub(crate) async fn write(&self, table: Table, remove: Vec<Vec<u8>>, put: Rows) -> Result<()> {
        self.write_all(vec![(table, remove, put)]).await
    }

    /// Changes several tables in one transaction.
    pub(crate) async fn write_all(&self, changes: Vec<Change>) -> Result<()> {
        if changes.iter().all(|(_, remove, put)| remove.is_empty() && put.is_empty()) {
            return Ok(());
        }
        self.with(move |database| {
            let write = database.begin_write()?;
            for (table, remove, put) in changes {
                let mut table = write.open_table(table)?;
                for key in &remove {
                    table.remove(key.as_slice())?;
                }
                for (key, value) in &put {
                    table.insert(key.as_slice(), value.as_slice())?;
                }
            }
            Ok(write.commit()?)
        })
        .await
    }

    async fn with<R: MaybeSend + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Worked<R> + MaybeSend + 'static,
    ) -> Result<R> {
        let shared = self.0.clone();
        let turn = shared.turn.clone().lock_owned().await;
        let working = compute(move || match &mut *shared.locked() {
            Place::Memory(database) => (work(database).map_err(Error::cache), None, turn),
            Place::Own(own) => (own.with(work), Some(own.memory()), turn),
            #[cfg(not(target_family = "wasm"))]
            Place::File(file) => {
                let done = file.with(work);
                shared.close_later(file);
                (done, None, turn)
            }
        });
        // The turn ends after the save: nobody reads what could still be lost.
        let (done, memory, _turn) = working.await?;
        if let Some(memory) = memory {
            // Why nothing was saved also explains an error before.
            memory.saved().await.map_err(of_io)?;
        }
        done
    }
}

impl Shared {
    fn locked(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The current state of a table; `None` if nothing was ever put into it.
fn read(database: &Database, table: Table) -> Worked<Option<ReadOnlyTable<&'static [u8], &'static [u8]>>> {
    match database.begin_read()?.open_table(table) {
        Ok(table) => Ok(Some(table)),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn value_in(database: &Database, table: Table, key: &[u8]) -> Worked<Option<Vec<u8>>> {
    let Some(table) = read(database, table)? else { return Ok(None) };
    Ok(table.get(key)?.map(|value| value.value().to_vec()))
}

fn rows_in(database: &Database, table: Table, prefix: &[u8]) -> Worked<Rows> {
    let Some(table) = read(database, table)? else { return Ok(Vec::new()) };
    let mut rows = Vec::new();
    for row in table.range::<&[u8]>(prefix..)? {
        let (key, value) = row?;
        if !key.value().starts_with(prefix) {
            break;
        }
        rows.push((key.value().to_vec(), value.value().to_vec()));
    }
    Ok(rows)
}

/// The 28-byte prefix that separates the rows of several deployments.
pub(crate) fn deployment_key(deployment: Deployment) -> Vec<u8> {
    [&deployment.chain.to_be_bytes()[..], &deployment.contract.0].concat()
}

/// Joins the parts of a key. Every part but the last has a fixed width, so no two keys collide.
pub(crate) fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}
