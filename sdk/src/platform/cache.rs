//! What this machine remembers: verified journals, small blocks, pins, contacts, and what is not finished yet.
//!
//! One redb file. It is opened for each use and closed again, so that several programs of one person can share it.
//! Nothing personal is in it in the clear: blocks are ciphertext, journals are public, the rest is sealed by the client.

pub(crate) mod disk;
pub(crate) mod overlay;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use redb::{
    Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, TableError, backends::InMemoryBackend,
};

use hospital_record_core::id::Deployment;

use crate::{
    base::error::{Error, Result},
    platform::cache::disk::OnDisk,
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

type Worked<T> = Result<T, redb::Error>;

/// Keys and values of one table.
pub(crate) type Rows = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Clone)]
pub(crate) struct Cache(Arc<Mutex<Place>>);

enum Place {
    Memory(Database),
    File(OnDisk),
}

impl Cache {
    pub(crate) fn in_memory() -> Result<Self> {
        let database = Database::builder().create_with_backend(InMemoryBackend::new()).map_err(Error::cache)?;
        Ok(Self(Arc::new(Mutex::new(Place::Memory(database)))))
    }

    pub(crate) fn in_folder(folder: &std::path::Path) -> Result<Self> {
        Ok(Self(Arc::new(Mutex::new(Place::File(OnDisk::new(folder.join("cache.redb")))))))
    }

    pub(crate) async fn get(&self, table: Table, key: Vec<u8>) -> Result<Option<Vec<u8>>> {
        self.with(move |database| value_in(database, table, &key)).await
    }

    /// A value of one table, and the rows of another whose key starts with `prefix`: the file is opened once.
    pub(crate) async fn get_with_rows(
        &self,
        (table, key): (Table, Vec<u8>),
        (others, prefix): (Table, Vec<u8>),
    ) -> Result<(Option<Vec<u8>>, Rows)> {
        self.with(move |database| Ok((value_in(database, table, &key)?, rows_in(database, others, &prefix)?))).await
    }

    /// The values of several keys, in their order: the file is opened once.
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

    /// Puts a value where none is, or a smaller one: numbers of one width, the highest byte first.
    pub(crate) async fn raise(&self, table: Table, key: Vec<u8>, value: Vec<u8>) -> Result<()> {
        self.with(move |database| {
            let write = database.begin_write()?;
            {
                let mut table = write.open_table(table)?;
                let known = table.get(key.as_slice())?.map(|known| known.value().to_vec());
                if known.is_none_or(|known| known < value) {
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

    /// The same in several tables: all of it, or nothing.
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

    async fn with<R: Send + 'static>(&self, work: impl FnOnce(&Database) -> Worked<R> + Send + 'static) -> Result<R> {
        let place = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut place = place.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            match &mut *place {
                Place::Memory(database) => work(database).map_err(Error::cache),
                Place::File(file) => file.with(work),
            }
        });
        done.await.map_err(Error::cache)?
    }
}

/// A table as it is now, if anything was ever put into it.
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

/// Distinguishes what is remembered of several deployments: 28 bytes.
pub(crate) fn deployment_key(deployment: Deployment) -> Vec<u8> {
    [&deployment.chain.to_be_bytes()[..], &deployment.contract.0].concat()
}

/// Joins the parts of a key. Every part but the last has a fixed width, so no two keys collide.
pub(crate) fn key(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}
