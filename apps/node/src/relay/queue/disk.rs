//! What survives a crash: requests with their fates, and the costs of each account.

use std::{collections::HashMap, fmt::Display};

use hospital_record::{
    Address, B256, U256,
    relay::{Fate, SignedRequest},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::{Sqlite, Transaction};

use super::{QueueError, books::Account};
use crate::{
    columns::{signed, text},
    database::Database,
};

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

/// Reads the requests, in order, and the accounts.
pub(super) async fn open(database: &Database) -> Result<(Vec<Row>, HashMap<Address, Account>), QueueError> {
    let sql = "SELECT id, request FROM relay_requests ORDER BY place";
    let rows = read::<Row>(database, sql).await?.into_iter().map(|(_, row)| row).collect();
    let accounts = read(database, "SELECT account, costs FROM relay_accounts").await?.into_iter();
    let account = |(account, costs): (String, Account)| Ok((account.parse().map_err(disk)?, costs));
    Ok((rows, accounts.map(account).collect::<Result<_, QueueError>>()?))
}

async fn read<T: DeserializeOwned>(database: &Database, sql: &'static str) -> Result<Vec<(String, T)>, QueueError> {
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(database.readers()).await.map_err(disk)?;
    rows.into_iter().map(|(key, json)| Ok((key, serde_json::from_str(&json).map_err(disk)?))).collect()
}

/// Writes the whole batch, or nothing of it.
pub(super) async fn write(database: &Database, batch: &Batch) -> Result<(), QueueError> {
    let mut writing = database.write().await.map_err(disk)?;
    for (id, row) in &batch.rows {
        put_request(&mut writing, &id.to_string(), row.as_ref()).await?;
    }
    for (account, costs) in &batch.accounts {
        put_account(&mut writing, &text(*account), costs.as_ref()).await?;
    }
    writing.commit().await.map_err(disk)
}

type Writing = Transaction<'static, Sqlite>;

async fn put_request(writing: &mut Writing, id: &str, row: Option<&Row>) -> Result<(), QueueError> {
    let query = match row {
        Some(row) => sqlx::query(
            "INSERT INTO relay_requests (id, place, request) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET place = excluded.place, request = excluded.request",
        )
        .bind(id)
        .bind(signed(row.order))
        .bind(json(row)?),
        None => sqlx::query("DELETE FROM relay_requests WHERE id = $1").bind(id),
    };
    query.execute(&mut **writing).await.map_err(disk).map(drop)
}

async fn put_account(writing: &mut Writing, account: &str, costs: Option<&Account>) -> Result<(), QueueError> {
    let query = match costs {
        Some(costs) => sqlx::query(
            "INSERT INTO relay_accounts (account, costs) VALUES ($1, $2) \
             ON CONFLICT (account) DO UPDATE SET costs = excluded.costs",
        )
        .bind(account)
        .bind(json(costs)?),
        None => sqlx::query("DELETE FROM relay_accounts WHERE account = $1").bind(account),
    };
    query.execute(&mut **writing).await.map_err(disk).map(drop)
}

fn json(value: &impl Serialize) -> Result<String, QueueError> {
    serde_json::to_string(value).map_err(disk)
}

pub(super) fn disk(error: impl Display) -> QueueError {
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
