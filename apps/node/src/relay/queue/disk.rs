//! The file that survives a crash: requests with their fates, and the costs of each account.

use std::collections::HashMap;

use hospital_record::{
    Address, B256, U256,
    relay::{Fate, SignedRequest},
};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{QueueError, books::Account};

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// id -> [`Row`] as JSON
const REQUESTS: Table = TableDefinition::new("requests-1");
/// account -> [`Account`] as JSON
const ACCOUNTS: Table = TableDefinition::new("accounts-1");

/// The stored form of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Its place in the order of arrival.
    pub(super) order: u64,
    /// The time of its arrival, or of its end; seconds since 1970.
    pub(super) at: u64,
    pub(super) request: SignedRequest,
    pub(super) fate: Fate,
    /// Wei of its signer's budget that are reserved for it.
    #[serde(default)]
    pub(super) reserved: U256,
    /// The number of failed attempts.
    #[serde(default)]
    pub(super) attempts: u32,
    /// The number of refusals by a provider.
    #[serde(default)]
    pub(super) refusals: u32,
    /// The number of reverted transactions.
    #[serde(default)]
    pub(super) in_vain: u32,
}

/// Seconds that a request which took effect is remembered: longer than any deadline.
const DONE_FOR: u64 = 24 * 3600;
/// The same for a refused request, which cost its signer nothing: until the waiting caller has asked.
const REFUSED_FOR: u64 = 1800;

impl Row {
    /// Whether it ended long enough ago to be forgotten.
    pub(super) fn is_stale(&self, now: u64) -> bool {
        match self.fate {
            Fate::Waiting => false,
            Fate::Refused { .. } => self.at + REFUSED_FOR < now,
            _ => self.at + DONE_FOR < now,
        }
    }
}

/// Rows that are written or removed in one transaction.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) rows: Vec<(B256, Option<Row>)>,
    pub(super) accounts: Vec<(Address, Option<Account>)>,
}

/// Opens the file and reads its requests, in order, and its accounts.
pub(super) fn open(database: &Database) -> Result<(Vec<Row>, HashMap<Address, Account>), QueueError> {
    let transaction = database.begin_write().map_err(disk)?;
    for table in [REQUESTS, ACCOUNTS] {
        drop(transaction.open_table(table).map_err(disk)?);
    }
    transaction.commit().map_err(disk)?;
    let mut rows: Vec<Row> = read(database, REQUESTS)?.into_iter().map(|(_, row)| row).collect();
    rows.sort_unstable_by_key(|row| row.order);
    let accounts = read(database, ACCOUNTS)?.into_iter();
    let accounts = accounts.filter_map(|(key, account)| Some((Address::try_from(key.as_slice()).ok()?, account)));
    Ok((rows, accounts.collect()))
}

fn read<T: DeserializeOwned>(database: &Database, table: Table) -> Result<Vec<(Vec<u8>, T)>, QueueError> {
    let table = database.begin_read().map_err(disk)?.open_table(table).map_err(disk)?;
    let entries = table.iter().map_err(disk)?.map(|entry| {
        let (key, value) = entry.map_err(disk)?;
        Ok((key.value().to_vec(), serde_json::from_slice(value.value()).map_err(disk)?))
    });
    entries.collect()
}

/// Writes the whole batch, or nothing of it.
pub(super) fn write(database: &Database, batch: &Batch) -> Result<(), QueueError> {
    let transaction = database.begin_write().map_err(disk)?;
    {
        let mut table = transaction.open_table(REQUESTS).map_err(disk)?;
        for (id, row) in &batch.rows {
            put(&mut table, id.as_slice(), row.as_ref())?;
        }
        let mut table = transaction.open_table(ACCOUNTS).map_err(disk)?;
        for (account, kept) in &batch.accounts {
            put(&mut table, account.as_slice(), kept.as_ref())?;
        }
    }
    transaction.commit().map_err(disk)
}

fn put(
    table: &mut redb::Table<&'static [u8], &'static [u8]>,
    key: &[u8],
    value: Option<&impl Serialize>,
) -> Result<(), QueueError> {
    match value {
        Some(value) => {
            let bytes = serde_json::to_vec(value).map_err(disk)?;
            drop(table.insert(key, bytes.as_slice()).map_err(disk)?);
        }
        None => drop(table.remove(key).map_err(disk)?),
    }
    Ok(())
}

pub(super) fn disk(error: impl std::fmt::Display) -> QueueError {
    QueueError::Disk(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn row_of_an_earlier_version_is_read() {
        let old = r#"{"order":3,"at":5,"request":{"chainId":1,"contract":"0x0000000000000000000000000000000000000001",
            "data":"0x02"},"fate":{"status":"waiting"}}"#;
        let row: Row = serde_json::from_str(old).unwrap();
        assert_eq!((row.order, row.at, row.fate), (3, 5, Fate::Waiting));
        assert_eq!((row.reserved, row.attempts, row.refusals, row.in_vain), (U256::ZERO, 0, 0, 0));
    }
}
