//! The pins of accounts. A pin is counted before the backing store has it, and forgotten after the backing store has it
//! no more. So a process that ends at any step leaves no pin there that nobody knows.

use hospital_record::{Address, Cid};
use sqlx::QueryBuilder;

use crate::{
    blocks::rows::{BELOW_A_PIN, CHUNK, Charge, Measured, Rows, RowsError, among, enrol, read},
    columns::{signed, text},
};

/// What names a pin.
pub(crate) const BY_EVENT: i64 = 1;
pub(crate) const BY_KEYRING: i64 = 2;
/// The pins of one round, which are in memory at once.
const MOST_UNNAMED: i64 = 100_000;

impl Rows {
    /// Writes down that the account wants to pin a DAG. A pin that it has stays as it is.
    pub(crate) async fn want(&self, account: Address, root: &Cid, now: u64) -> Result<(), RowsError> {
        let mut writing = self.database.write().await?;
        enrol(&mut writing, account).await?;
        let sql = "INSERT INTO pins (account, root, state, blocks, bytes, changed_at) VALUES ($1, $2, 'wanted', 0, 0, $3) \
                   ON CONFLICT (account, root) DO UPDATE SET state = 'wanted', changed_at = excluded.changed_at \
                   WHERE pins.state <> 'pinned'";
        let query = sqlx::query(sql).bind(text(account)).bind(root.to_string()).bind(signed(now));
        query.execute(&mut *writing).await?;
        Ok(writing.commit().await?)
    }

    /// Counts blocks below a wanted pin, some in each transaction: others can write in between.
    pub(crate) async fn cover(&self, account: Address, root: &Cid, blocks: &[Measured]) -> Result<(), RowsError> {
        for blocks in blocks.chunks(CHUNK) {
            let mut writing = self.database.write().await?;
            let held = self.hold(&mut writing, account, blocks).await?;
            let mut query = QueryBuilder::new("INSERT INTO pinned_blocks (account, root, cid) ");
            query.push_values(blocks, |mut row, (cid, _)| {
                row.push_bind(text(account)).push_bind(root.to_string()).push_bind(cid.to_string());
            });
            query.push(" ON CONFLICT (account, root, cid) DO NOTHING RETURNING cid");
            let new: Vec<String> = query.build_query_scalar().persistent(false).fetch_all(&mut *writing).await?;
            if new.is_empty() {
                continue;
            }
            let below = rows_of(new.len());
            let mut query = QueryBuilder::new("UPDATE holds SET pins = pins + 1 WHERE account = ");
            query.push_bind(text(account));
            among(&mut query, new.into_iter());
            query.build().persistent(false).execute(&mut *writing).await?;
            let charge = Charge { account: held.account + below, node: held.node + below };
            self.charge(&mut writing, account, charge).await?;
            writing.commit().await?;
        }
        Ok(())
    }

    /// The backing store has the pin. Returns whether it is still wanted.
    pub(crate) async fn pinned(
        &self,
        account: Address,
        root: &Cid,
        (blocks, bytes): (u64, u64),
        now: u64,
    ) -> Result<bool, RowsError> {
        let mut writing = self.database.write().await?;
        let sql = "UPDATE pins SET state = 'pinned', blocks = $1, bytes = $2, changed_at = $3, missed_at = 0 \
                   WHERE account = $4 AND root = $5 AND state <> 'ending'";
        let query = sqlx::query(sql).bind(signed(blocks)).bind(signed(bytes)).bind(signed(now));
        let done = query.bind(text(account)).bind(root.to_string()).execute(&mut *writing).await?;
        writing.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// Whether the account has this pin, and the backing store confirmed it.
    pub(crate) async fn is_pinned(&self, account: Address, root: &Cid) -> Result<bool, RowsError> {
        let sql = "SELECT COUNT(*) FROM pins WHERE account = $1 AND root = $2 AND state = 'pinned'";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(text(account)).bind(root.to_string());
        Ok(query.fetch_one(self.database.readers()).await? > 0)
    }

    /// Ends the account's pin and all that it counts. Returns whether there was one, which is to be [`Rows::forget`]ed.
    pub(crate) async fn end(&self, account: Address, root: &Cid, now: u64) -> Result<bool, RowsError> {
        let mut writing = self.database.write().await?;
        let sql = "UPDATE pins SET state = 'ending', blocks = 0, bytes = 0, changed_at = $1 \
                   WHERE account = $2 AND root = $3";
        let query = sqlx::query(sql).bind(signed(now)).bind(text(account)).bind(root.to_string());
        let ended = query.execute(&mut *writing).await?.rows_affected() == 1;
        writing.commit().await?;
        while ended && self.uncover(account, root, now).await? {}
        Ok(ended)
    }

    /// Takes some blocks from below a pin that ends; returns whether there may be more.
    async fn uncover(&self, account: Address, root: &Cid, now: u64) -> Result<bool, RowsError> {
        let mut writing = self.database.write().await?;
        let sql = "SELECT cid FROM pinned_blocks WHERE account = $1 AND root = $2 LIMIT $3";
        let query = sqlx::query_scalar::<_, String>(sql).bind(text(account)).bind(root.to_string());
        let cids = query.bind(CHUNK as i64).fetch_all(&mut *writing).await?;
        if cids.is_empty() {
            return Ok(false);
        }
        let mut query = QueryBuilder::new("DELETE FROM pinned_blocks WHERE account = ");
        query.push_bind(text(account)).push(" AND root = ").push_bind(root.to_string());
        among(&mut query, cids.iter().cloned());
        query.build().persistent(false).execute(&mut *writing).await?;
        let mut query = QueryBuilder::new("UPDATE holds SET pins = pins - 1 WHERE account = ");
        query.push_bind(text(account));
        among(&mut query, cids.iter().cloned());
        query.build().persistent(false).execute(&mut *writing).await?;
        let below = -rows_of(cids.len());
        self.charge(&mut writing, account, Charge { account: below, node: below }).await?;
        self.drop_loose(&mut writing, account, &cids, now).await?;
        writing.commit().await?;
        Ok(true)
    }

    /// Whether any account wants or has a pin of this root.
    pub(crate) async fn is_wanted(&self, root: &Cid) -> Result<bool, RowsError> {
        let sql = "SELECT COUNT(*) FROM pins WHERE root = $1 AND state <> 'ending'";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(root.to_string());
        Ok(query.fetch_one(self.database.readers()).await? > 0)
    }

    /// Removes a pin that ended, once the backing store has it no more or has it for another account.
    pub(crate) async fn forget(&self, account: Address, root: &Cid) -> Result<(), RowsError> {
        let mut writing = self.database.write().await?;
        let sql = "DELETE FROM pins WHERE account = $1 AND root = $2 AND state = 'ending'";
        sqlx::query(sql).bind(text(account)).bind(root.to_string()).execute(&mut *writing).await?;
        Ok(writing.commit().await?)
    }

    /// Pins that ended and are not forgotten, and those that nobody finished in time.
    pub(crate) async fn unfinished(&self, now: u64) -> Result<Vec<(Address, Cid)>, RowsError> {
        let sql = "SELECT account, root FROM pins WHERE state <> 'pinned' AND (state = 'ending' OR changed_at <= $1) \
                   ORDER BY changed_at LIMIT $2";
        let query = sqlx::query_as::<_, (String, String)>(sql).bind(self.cutoff(now)).bind(CHUNK as i64);
        query.fetch_all(self.database.readers()).await?.iter().map(pin_of).collect()
    }

    /// Old pins that were not seen to be named.
    pub(crate) async fn unnamed(&self, before: u64) -> Result<Vec<(Address, Cid)>, RowsError> {
        let sql = "SELECT account, root FROM pins WHERE named = 0 AND state = 'pinned' AND changed_at <= $1 \
                   ORDER BY changed_at LIMIT $2";
        let query = sqlx::query_as::<_, (String, String)>(sql).bind(signed(before)).bind(MOST_UNNAMED);
        query.fetch_all(self.database.readers()).await?.iter().map(pin_of).collect()
    }

    /// Pins of an account with one block, of any age, that were not seen to be named.
    pub(crate) async fn unnamed_blocks(&self, account: Address) -> Result<Vec<(Address, Cid)>, RowsError> {
        let sql = "SELECT account, root FROM pins WHERE account = $1 AND named = 0 AND state = 'pinned' AND blocks = 1";
        let query = sqlx::query_as::<_, (String, String)>(sql).bind(text(account));
        query.fetch_all(self.database.readers()).await?.iter().map(pin_of).collect()
    }

    /// Some of the pins that an event was seen to name.
    pub(crate) async fn named_by_events(&self) -> Result<Vec<(Address, Cid)>, RowsError> {
        let sql = "SELECT account, root FROM pins WHERE named = $1 ORDER BY changed_at DESC LIMIT $2";
        let query = sqlx::query_as::<_, (String, String)>(sql).bind(BY_EVENT).bind(MOST_UNNAMED);
        query.fetch_all(self.database.readers()).await?.iter().map(pin_of).collect()
    }

    /// Writes down that a round at this time did not find an old pin named. Returns whether a round up to `until` did not
    /// either.
    pub(crate) async fn miss(
        &self,
        account: Address,
        root: &Cid,
        before: u64,
        now: u64,
        until: u64,
    ) -> Result<bool, RowsError> {
        let mut writing = self.database.write().await?;
        let sql = "SELECT missed_at FROM pins WHERE account = $1 AND root = $2 \
                   AND named = 0 AND state = 'pinned' AND changed_at <= $3";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(text(account)).bind(root.to_string()).bind(signed(before));
        let missed_at = query.fetch_optional(&mut *writing).await?;
        if missed_at == Some(0) {
            let sql = "UPDATE pins SET missed_at = $1 WHERE account = $2 AND root = $3";
            let query = sqlx::query(sql).bind(signed(now)).bind(text(account)).bind(root.to_string());
            query.execute(&mut *writing).await?;
        }
        writing.commit().await?;
        Ok(missed_at.is_some_and(|missed_at| missed_at > 0 && missed_at <= signed(until)))
    }

    /// These pins are named, for ever.
    pub(crate) async fn name(&self, pins: &[(Address, Cid)], by: i64) -> Result<(), RowsError> {
        for pins in pins.chunks(CHUNK) {
            let mut writing = self.database.write().await?;
            for (account, root) in pins {
                let sql = "UPDATE pins SET named = $1 WHERE account = $2 AND root = $3";
                let query = sqlx::query(sql).bind(by).bind(text(*account)).bind(root.to_string());
                query.execute(&mut *writing).await?;
            }
            writing.commit().await?;
        }
        Ok(())
    }

    /// The named pins of an account with one block, which may name others.
    pub(crate) async fn named_blocks(&self, account: Address) -> Result<Vec<Cid>, RowsError> {
        let sql =
            "SELECT account, root FROM pins WHERE account = $1 AND named = $2 AND state = 'pinned' AND blocks = 1";
        let query = sqlx::query_as::<_, (String, String)>(sql).bind(text(account)).bind(BY_EVENT);
        let pins = query.fetch_all(self.database.readers()).await?;
        pins.iter().map(|pin| pin_of(pin).map(|(_, root)| root)).collect()
    }

    /// Whether this pin is still unfinished.
    pub(crate) async fn is_unfinished(&self, account: Address, root: &Cid, now: u64) -> Result<bool, RowsError> {
        let sql = "SELECT COUNT(*) FROM pins WHERE account = $1 AND root = $2 \
                   AND (state = 'ending' OR (state = 'wanted' AND changed_at <= $3))";
        let query = sqlx::query_scalar::<_, i64>(sql).bind(text(account)).bind(root.to_string());
        Ok(query.bind(self.cutoff(now)).fetch_one(self.database.readers()).await? > 0)
    }
}

fn pin_of((account, root): &(String, String)) -> Result<(Address, Cid), RowsError> {
    let no_cid = || RowsError::Database(sqlx::Error::Protocol("a row names no block".into()));
    Ok((read(account)?, root.parse().map_err(|_| no_cid())?))
}

fn rows_of(blocks: usize) -> i64 {
    signed((blocks as u64).saturating_mul(BELOW_A_PIN))
}
