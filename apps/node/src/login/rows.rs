//! The database of the room of logins.

use std::time::Duration;

use hospital_record::{
    Address,
    node::messages::{Bytes, Status},
};
use sqlx::{Sqlite, Transaction};

use crate::{
    columns::{signed, text, unsigned},
    database::{Database, is_full},
    login::{
        keys::Id,
        rows::tries::{take_try, told},
    },
    numbers,
};

pub(crate) mod tries;

/// The most ways to log in to one vault.
pub(crate) const MOST_WAYS: i64 = 8;
/// The most logins of one account; the oldest is ended for a new one.
const MOST_LOGINS: i64 = 64;
/// The time from the first half of an attempt to the second, in seconds.
const PROVEN_WITHIN: u64 = 120;

type Writing = Transaction<'static, Sqlite>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RowsError {
    #[error("wrong name or password")]
    Refused,
    #[error("too many attempts")]
    Paused(Duration),
    #[error("the name is taken")]
    Taken,
    #[error("the vault was changed meanwhile")]
    Changed,
    #[error("there is no vault")]
    NoVault,
    #[error("no registration was begun")]
    NotBegun,
    #[error("too many ways to log in")]
    ManyWays,
    #[error("no room for another vault")]
    Full,
    #[error("the disk is full")]
    Disk,
    #[error("the database failed: {0}")]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for RowsError {
    fn from(error: sqlx::Error) -> Self {
        if is_full(&error) { Self::Disk } else { Self::Database(error) }
    }
}

type Result<T> = std::result::Result<T, RowsError>;

/// A vault as it is handed to who logged in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Vault {
    pub(crate) account: String,
    pub(crate) generation: u64,
    pub(crate) sealed: String,
    pub(crate) wrapped: String,
    pub(crate) failures: u64,
    pub(crate) last_failure: Option<u64>,
}

/// A way to log in, as its owner hands it in.
pub(crate) struct Way {
    pub(crate) name: Id,
    pub(crate) record: Bytes,
    pub(crate) wrapped: Bytes,
}

/// A vault as its owner hands it in.
pub(crate) struct New<'a> {
    pub(crate) generation: u64,
    pub(crate) sealed: &'a Bytes,
    pub(crate) way: &'a Way,
}

/// Who registers, and from where.
pub(crate) struct Registrar {
    pub(crate) account: Address,
    /// What stands for the account among the attempts.
    pub(crate) id: Id,
    pub(crate) network: Id,
}

#[derive(Clone)]
pub(crate) struct Rows {
    database: Database,
    /// The most vaults.
    most: u64,
}

impl Rows {
    pub(crate) fn new(database: Database, most: u64) -> Self {
        Self { database, most }
    }

    /// The login keys that the database belongs to.
    pub(crate) async fn fingerprint(&self) -> Result<Option<String>> {
        let known = sqlx::query_scalar("SELECT fingerprint FROM login_keys");
        Ok(known.fetch_optional(self.database.readers()).await?)
    }

    pub(crate) async fn set_fingerprint(&self, fingerprint: &str) -> Result<()> {
        let mut writing = self.database.write().await?;
        let sql = "INSERT INTO login_keys (id, fingerprint) VALUES (1, $1)";
        sqlx::query(sql).bind(fingerprint).execute(&mut *writing).await?;
        Ok(writing.commit().await?)
    }

    /// What OPAQUE keeps of the password of this name.
    pub(crate) async fn record(&self, name: &Id) -> Result<Option<Bytes>> {
        let record = sqlx::query_scalar::<_, String>("SELECT record FROM ways WHERE name = $1").bind(hex(name));
        record.fetch_optional(self.database.readers()).await?.map(|record| bytes(&record)).transpose()
    }

    /// The second half of an attempt. Its state is good for one proof. After a good one the vault is handed out, its
    /// owner hears of the failures before, and `token` names the new login.
    pub(crate) async fn prove(
        &self,
        id: &Id,
        token: &Id,
        now: u64,
        is_proven: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Vault> {
        let mut writing = self.database.write().await?;
        let sql = "SELECT name, state, record FROM attempts WHERE id = $1 AND state <> '' AND tried_at > $2";
        let query = sqlx::query_as(sql).bind(hex(id)).bind(signed(now.saturating_sub(PROVEN_WITHIN)));
        let found: Option<(String, String, String)> = query.fetch_optional(&mut *writing).await?;
        let (name, state, record) = found.ok_or(RowsError::Refused)?;
        if !is_proven(&bytes(&state)?) {
            sqlx::query("UPDATE attempts SET state = '' WHERE id = $1").bind(hex(id)).execute(&mut *writing).await?;
            writing.commit().await?;
            return Err(RowsError::Refused);
        }
        // Of the very password that it began with: the name may have another one by now, or another owner.
        let sql = "SELECT account, generation, sealed, wrapped FROM ways JOIN vaults USING (account) \
                   WHERE name = $1 AND record = $2";
        let vault: Option<(String, i64, String, String)> =
            sqlx::query_as(sql).bind(&name).bind(&record).fetch_optional(&mut *writing).await?;
        let (account, generation, sealed, wrapped) = vault.ok_or(RowsError::Refused)?;
        sqlx::query("DELETE FROM attempts WHERE id = $1").bind(hex(id)).execute(&mut *writing).await?;
        let (failures, last_failure) = told(&mut writing, &account, now).await?;
        let sql = "DELETE FROM logins WHERE account = $1 AND token NOT IN \
                   (SELECT token FROM logins WHERE account = $1 ORDER BY made_at DESC, token LIMIT $2)";
        sqlx::query(sql).bind(&account).bind(MOST_LOGINS - 1).execute(&mut *writing).await?;
        let sql = "INSERT INTO logins (token, account, made_at) VALUES ($1, $2, $3)";
        sqlx::query(sql).bind(hex(token)).bind(&account).bind(signed(now)).execute(&mut *writing).await?;
        writing.commit().await?;
        Ok(Vault { account, generation: unsigned(generation), sealed, wrapped, failures, last_failure })
    }

    /// Makes a vault, or makes it anew with this as its only way to log in. All in one transaction; the same once more
    /// changes nothing. It takes the try of a registration, also if it is refused: the answer tells of names.
    pub(crate) async fn put(&self, by: &Registrar, new: &New<'_>, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        let before = vault(&mut writing, by.account).await?;
        let (generation, sealed) = (signed(new.generation), new.sealed.to_string());
        if before.as_ref().is_some_and(|before| *before == (generation, sealed.clone())) {
            return Ok(());
        }
        take_try(&mut writing, by, now).await?;
        let owner = owner(&mut writing, &new.way.name).await?;
        let refused = match before {
            _ if owner.is_some_and(|owner| owner != text(by.account)) => Some(RowsError::Taken),
            None if self.is_full(&mut writing).await? => Some(RowsError::Full),
            before => (before.map_or(0, |(now, _)| now) + 1 != generation).then_some(RowsError::Changed),
        };
        if refused.is_none() {
            empty(&mut writing, by.account).await?;
            let sql = "INSERT INTO vaults (account, generation, sealed) VALUES ($1, $2, $3) \
                       ON CONFLICT (account) DO UPDATE SET generation = excluded.generation, sealed = excluded.sealed";
            let query = sqlx::query(sql).bind(text(by.account)).bind(generation).bind(sealed);
            query.execute(&mut *writing).await?;
            insert(&mut writing, by.account, new.way).await?;
        }
        writing.commit().await?;
        refused.map_or(Ok(()), Err)
    }

    /// Adds a way to log in to the vault of this generation; the same once more changes nothing. It takes a try, as
    /// [`put`](Self::put) does.
    pub(crate) async fn add_way(&self, by: &Registrar, generation: u64, way: &Way, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        let sql = "SELECT account, record FROM ways WHERE name = $1";
        let there: Option<(String, String)> =
            sqlx::query_as(sql).bind(hex(&way.name)).fetch_optional(&mut *writing).await?;
        if there.as_ref().is_some_and(|there| *there == (text(by.account), way.record.to_string())) {
            return Ok(());
        }
        take_try(&mut writing, by, now).await?;
        let sql = "SELECT COUNT(*) FROM ways WHERE account = $1";
        let count: i64 = sqlx::query_scalar(sql).bind(text(by.account)).fetch_one(&mut *writing).await?;
        let refused = match vault(&mut writing, by.account).await? {
            None => Some(RowsError::NoVault),
            Some((now, _)) if now != signed(generation) => Some(RowsError::Changed),
            Some(_) if there.is_some() => Some(RowsError::Taken),
            Some(_) => (count >= MOST_WAYS).then_some(RowsError::ManyWays),
        };
        if refused.is_none() {
            insert(&mut writing, by.account, way).await?;
        }
        writing.commit().await?;
        refused.map_or(Ok(()), Err)
    }

    pub(crate) async fn status(&self, account: Address) -> Result<Status> {
        let sql = "SELECT COALESCE((SELECT generation FROM vaults WHERE account = $1), 0), \
                   (SELECT COUNT(*) FROM ways WHERE account = $1), (SELECT COUNT(*) FROM logins WHERE account = $1)";
        let query = sqlx::query_as::<_, (i64, i64, i64)>(sql).bind(text(account));
        let (generation, ways, logins) = query.fetch_one(self.database.readers()).await?;
        Ok(Status { generation: unsigned(generation), ways: unsigned(ways), logins: unsigned(logins) })
    }

    /// Deletes the vault; returns how many logins ended.
    pub(crate) async fn delete(&self, account: Address) -> Result<u64> {
        let mut writing = self.database.write().await?;
        let ended = empty(&mut writing, account).await?;
        sqlx::query("DELETE FROM vaults WHERE account = $1").bind(text(account)).execute(&mut *writing).await?;
        writing.commit().await?;
        Ok(ended)
    }

    /// Ends all logins of an account; returns how many.
    pub(crate) async fn end_all(&self, account: Address) -> Result<u64> {
        let mut writing = self.database.write().await?;
        let ended =
            sqlx::query("DELETE FROM logins WHERE account = $1").bind(text(account)).execute(&mut *writing).await?;
        writing.commit().await?;
        Ok(ended.rows_affected())
    }

    /// Ends one login; returns how many that were.
    pub(crate) async fn end(&self, token: &Id) -> Result<u64> {
        let mut writing = self.database.write().await?;
        let ended = sqlx::query("DELETE FROM logins WHERE token = $1").bind(hex(token)).execute(&mut *writing).await?;
        writing.commit().await?;
        Ok(ended.rows_affected())
    }

    pub(crate) async fn is_live(&self, token: &Id) -> Result<bool> {
        let query = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM logins WHERE token = $1").bind(hex(token));
        Ok(query.fetch_one(self.database.readers()).await? > 0)
    }

    pub(crate) async fn metrics(&self) -> String {
        let sql = "SELECT (SELECT COUNT(*) FROM vaults), (SELECT COUNT(*) FROM logins), \
                   (SELECT COUNT(*) FROM attempts WHERE state = '' AND told = 0)";
        let asked = sqlx::query_as::<_, (i64, i64, i64)>(sql).fetch_one(self.database.readers());
        let (vaults, logins, attempts) = asked.await.unwrap_or_default();
        let mut text = String::new();
        for (name, help, number) in [
            ("hospital_record_node_vaults", "Vaults.", vaults),
            ("hospital_record_node_logins", "Machines that are logged in.", logins),
            ("hospital_record_node_failed_logins", "Attempts to log in that failed and are remembered.", attempts),
        ] {
            numbers::add(&mut text, (name, "gauge", help), [("", unsigned(number))]);
        }
        text
    }

    async fn is_full(&self, writing: &mut Writing) -> Result<bool> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM vaults").fetch_one(&mut **writing).await?;
        Ok(unsigned(count) >= self.most)
    }
}

async fn owner(writing: &mut Writing, name: &Id) -> Result<Option<String>> {
    let owner = sqlx::query_scalar("SELECT account FROM ways WHERE name = $1").bind(hex(name));
    Ok(owner.fetch_optional(&mut **writing).await?)
}

async fn vault(writing: &mut Writing, account: Address) -> Result<Option<(i64, String)>> {
    let vault = sqlx::query_as("SELECT generation, sealed FROM vaults WHERE account = $1").bind(text(account));
    Ok(vault.fetch_optional(&mut **writing).await?)
}

/// Ends all ways and logins of a vault; returns how many logins.
async fn empty(writing: &mut Writing, account: Address) -> Result<u64> {
    sqlx::query("DELETE FROM ways WHERE account = $1").bind(text(account)).execute(&mut **writing).await?;
    let ended =
        sqlx::query("DELETE FROM logins WHERE account = $1").bind(text(account)).execute(&mut **writing).await?;
    Ok(ended.rows_affected())
}

async fn insert(writing: &mut Writing, account: Address, way: &Way) -> Result<()> {
    let sql = "INSERT INTO ways (name, account, record, wrapped) VALUES ($1, $2, $3, $4)";
    let query = sqlx::query(sql).bind(hex(&way.name)).bind(text(account));
    query.bind(way.record.to_string()).bind(way.wrapped.to_string()).execute(&mut **writing).await?;
    Ok(())
}

fn hex(id: &Id) -> String {
    Bytes::copy_from_slice(id).to_string()
}

fn bytes(text: &str) -> Result<Bytes> {
    text.parse().map_err(|_| RowsError::Database(sqlx::Error::Protocol("a row holds no bytes".into())))
}
