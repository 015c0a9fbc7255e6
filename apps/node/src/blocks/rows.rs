//! What the database knows of blocks: who has which, what is pinned, and what counts against the quotas.

pub(crate) mod pins;
#[cfg(test)]
mod tests;

use std::time::Duration;

use hospital_record::{Address, Cid};
use sqlx::{QueryBuilder, Sqlite, Transaction};

use crate::{
    columns::{signed, text, unsigned},
    database::{Database, is_full},
};

/// The least that a block counts, in bytes: its file takes a page of the disk, and its rows some hundred bytes.
pub(crate) const LEAST: u64 = 4096;
/// What each block below a pin counts besides, in bytes, for its row.
pub(crate) const BELOW_A_PIN: u64 = 512;
/// Rows of one statement, and of one transaction of a long work.
const CHUNK: usize = 500;

type Writing = Transaction<'static, Sqlite>;

/// The most bytes that are held, for one account and for all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    pub(crate) account: u64,
    pub(crate) total: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Rows {
    database: Database,
    quota: Quota,
    /// How long a block stays that was put and is not pinned.
    unpinned: Duration,
}

/// A block and its length in bytes.
pub(crate) type Measured = (Cid, u64);

#[derive(Debug, thiserror::Error)]
pub(crate) enum RowsError {
    #[error("the quota of the account is used up")]
    AccountFull,
    #[error("the quota of all accounts is used up")]
    NodeFull,
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for RowsError {
    fn from(error: sqlx::Error) -> Self {
        match is_full(&error) {
            true => Self::NodeFull,
            false => Self::Database(error),
        }
    }
}

/// For the metrics.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) accounts: u64,
    pub(crate) blocks: u64,
    /// What counts against the quota of all.
    pub(crate) held: u64,
    /// Bytes below pins; what is below several counts several times.
    pub(crate) pinned: u64,
}

impl Rows {
    pub(crate) fn new(database: Database, quota: Quota, unpinned: Duration) -> Self {
        Self { database, quota, unpinned }
    }

    pub(crate) fn quota(&self) -> Quota {
        self.quota
    }

    /// The length of a block that may be served.
    pub(crate) async fn size(&self, cid: &Cid) -> Result<Option<u64>, RowsError> {
        let size = sqlx::query_scalar::<_, i64>("SELECT size FROM blocks WHERE cid = $1").bind(cid.to_string());
        Ok(size.fetch_optional(self.database.readers()).await?.map(unsigned))
    }

    /// What counts against the quota of an account.
    pub(crate) async fn held(&self, account: Address) -> Result<u64, RowsError> {
        let held = sqlx::query_scalar::<_, i64>("SELECT held FROM accounts WHERE account = $1").bind(text(account));
        Ok(held.fetch_optional(self.database.readers()).await?.map_or(0, unsigned))
    }

    /// Counts blocks that an account is about to put; all of them, or none if they are too many.
    ///
    /// This comes before the backing store gets them. So it never has bytes that count for nobody.
    pub(crate) async fn put(&self, account: Address, blocks: &[Measured], now: u64) -> Result<(), RowsError> {
        let mut writing = self.database.write().await?;
        enrol(&mut writing, account).await?;
        for blocks in blocks.chunks(CHUNK) {
            let new = self.hold(&mut writing, account, blocks).await?;
            self.charge(&mut writing, account, new).await?;
            let mut query = QueryBuilder::new("UPDATE holds SET put_at = ");
            query.push_bind(signed(now)).push(" WHERE account = ").push_bind(text(account));
            among(&mut query, blocks.iter().map(|(cid, _)| cid.to_string()));
            query.build().persistent(false).execute(&mut *writing).await?;
        }
        Ok(writing.commit().await?)
    }

    /// Adds the blocks that the account did not have; returns what they count.
    async fn hold(&self, writing: &mut Writing, account: Address, blocks: &[Measured]) -> Result<Charge, RowsError> {
        let mut query = QueryBuilder::new("INSERT INTO blocks (cid, size, cost) ");
        query.push_values(blocks, |mut row, (cid, size)| {
            row.push_bind(cid.to_string()).push_bind(signed(*size)).push_bind(signed(cost(*size)));
        });
        query.push(" ON CONFLICT (cid) DO NOTHING RETURNING cost");
        let new: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&mut **writing).await?;
        let mut query = QueryBuilder::new("INSERT INTO holds (account, cid, put_at, pins) ");
        query.push_values(blocks, |mut row, (cid, _)| {
            row.push_bind(text(account)).push_bind(cid.to_string()).push_bind(0_i64).push_bind(0_i64);
        });
        query.push(" ON CONFLICT (account, cid) DO NOTHING RETURNING cid");
        let own: Vec<String> = query.build_query_scalar().persistent(false).fetch_all(&mut **writing).await?;
        let costs = blocks.iter().map(|(cid, size)| (cid.to_string(), signed(cost(*size))));
        let costs: std::collections::HashMap<String, i64> = costs.collect();
        Ok(Charge { account: own.iter().filter_map(|cid| costs.get(cid)).sum(), node: new.iter().sum() })
    }

    async fn charge(&self, writing: &mut Writing, account: Address, charge: Charge) -> Result<(), RowsError> {
        let sql = "UPDATE accounts SET held = held + $1 WHERE account = $2 RETURNING held";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(charge.account).bind(text(account));
        let own = unsigned(query.fetch_one(&mut **writing).await?);
        let query = sqlx::query_scalar::<_, i64>("UPDATE node SET held = held + $1 RETURNING held").bind(charge.node);
        let all = unsigned(query.fetch_one(&mut **writing).await?);
        if charge.account > 0 && own > self.quota.account {
            return Err(RowsError::AccountFull);
        }
        match charge.node > 0 && all > self.quota.total {
            true => Err(RowsError::NodeFull),
            false => Ok(()),
        }
    }

    /// Ends what the account has of these blocks without a pin, if it was put long enough ago.
    async fn drop_loose(
        &self,
        writing: &mut Writing,
        account: Address,
        cids: &[String],
        now: u64,
    ) -> Result<(), RowsError> {
        let mut query = QueryBuilder::new("DELETE FROM holds WHERE pins = 0 AND put_at <= ");
        query.push_bind(self.cutoff(now)).push(" AND account = ").push_bind(text(account));
        among(&mut query, cids.iter().cloned());
        query.push(" RETURNING cid");
        let gone: Vec<String> = query.build_query_scalar().persistent(false).fetch_all(&mut **writing).await?;
        if gone.is_empty() {
            return Ok(());
        }
        let mut query = QueryBuilder::new("SELECT cost FROM blocks WHERE TRUE");
        among(&mut query, gone.iter().cloned());
        let own: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&mut **writing).await?;
        let mut query =
            QueryBuilder::new("DELETE FROM blocks WHERE NOT EXISTS (SELECT 1 FROM holds WHERE holds.cid = blocks.cid)");
        among(&mut query, gone.into_iter());
        query.push(" RETURNING cost");
        let all: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&mut **writing).await?;
        let charge = Charge { account: -own.iter().sum::<i64>(), node: -all.iter().sum::<i64>() };
        self.charge(writing, account, charge).await
    }

    /// Ends some of the blocks that nobody pinned in time; returns whether there may be more.
    pub(crate) async fn expire(&self, now: u64) -> Result<bool, RowsError> {
        let mut writing = self.database.write().await?;
        let sql = "SELECT account, cid FROM holds WHERE pins = 0 AND put_at <= $1 LIMIT $2";
        let query = sqlx::query_as::<_, (String, String)>(sql).bind(self.cutoff(now)).bind(CHUNK as i64);
        let mut of_each = std::collections::HashMap::<String, Vec<String>>::new();
        for (account, cid) in query.fetch_all(&mut *writing).await? {
            of_each.entry(account).or_default().push(cid);
        }
        for (account, cids) in &of_each {
            self.drop_loose(&mut writing, read(account)?, cids, now).await?;
        }
        let sql = "DELETE FROM accounts WHERE held = 0 AND NOT EXISTS (SELECT 1 FROM pins WHERE pins.account = accounts.account)";
        sqlx::query(sql).execute(&mut *writing).await?;
        writing.commit().await?;
        Ok(!of_each.is_empty())
    }

    fn cutoff(&self, now: u64) -> i64 {
        signed(now.saturating_sub(self.unpinned.as_secs()))
    }

    pub(crate) async fn numbers(&self) -> Result<Numbers, RowsError> {
        let sql = "SELECT (SELECT COUNT(*) FROM accounts WHERE held > 0), (SELECT COUNT(*) FROM blocks), \
                   (SELECT held FROM node), (SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM pins)";
        let (accounts, blocks, held, pinned) =
            sqlx::query_as::<_, (i64, i64, i64, i64)>(sql).fetch_one(self.database.readers()).await?;
        let [accounts, blocks, held, pinned] = [accounts, blocks, held, pinned].map(unsigned);
        Ok(Numbers { accounts, blocks, held, pinned })
    }
}

/// A change of what counts, in bytes.
#[derive(Clone, Copy)]
struct Charge {
    account: i64,
    node: i64,
}

async fn enrol(writing: &mut Writing, account: Address) -> Result<(), RowsError> {
    let sql = "INSERT INTO accounts (account, held) VALUES ($1, 0) ON CONFLICT (account) DO NOTHING";
    sqlx::query(sql).bind(text(account)).execute(&mut **writing).await?;
    Ok(())
}

/// Adds `AND cid IN (...)`.
fn among(query: &mut QueryBuilder<Sqlite>, cids: impl Iterator<Item = String>) {
    let mut list = query.push(" AND cid IN (").separated(", ");
    for cid in cids {
        list.push_bind(cid);
    }
    query.push(")");
}

/// What a block of this length counts.
pub(crate) fn cost(size: u64) -> u64 {
    size.max(LEAST)
}

fn read(account: &str) -> Result<Address, RowsError> {
    account.parse().map_err(|_| RowsError::Database(sqlx::Error::Protocol("a row names no account".into())))
}
