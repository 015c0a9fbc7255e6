//! The database of the room of logins.

use std::time::Duration;

use hospital_record::{Address, node::messages::Bytes};
use sqlx::{Sqlite, Transaction};

use crate::{
    database::{Database, is_full},
    login::{
        attempts::{BOTH, COUNTS_FOR, NAME, NETWORK, Pause},
        keys::Id,
    },
    numbers,
};

/// The most ways to log in to one vault.
pub(crate) const MOST_WAYS: i64 = 8;
/// The most logins of one account; the oldest is ended for a new one.
const MOST_LOGINS: i64 = 64;
/// The time from the first half of an attempt to the second, in seconds.
const PROVEN_WITHIN: u64 = 120;
/// The time after which the owner of a vault hears no more of an attempt, in seconds.
const TOLD_FOR: u64 = 90 * 24 * 3600;

/// The most attempts that are kept; the oldest are forgotten first.
const MOST_ATTEMPTS: i64 = 500_000;

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

/// Who registers, and from where.
pub(crate) struct Registrar {
    pub(crate) account: Address,
    /// What stands for the account among the attempts.
    pub(crate) id: Id,
    pub(crate) network: Id,
}

/// What an account has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Has {
    pub(crate) generation: u64,
    pub(crate) ways: u64,
    pub(crate) logins: u64,
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

    /// Counts an attempt before anything of its answer leaves, and keeps its state. Names that nobody has are counted
    /// alike.
    pub(crate) async fn attempt(&self, id: &Id, name: &Id, network: &Id, state: &Bytes, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        pauses(&mut writing, [BY_BOTH, BY_NAME, BY_NETWORK], name, network, now).await?;
        tried(&mut writing, id, [name, network], Some(state), now).await?;
        Ok(writing.commit().await?)
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
        let sql = "SELECT name, state FROM attempts WHERE id = $1 AND state <> '' AND tried_at > $2";
        let query = sqlx::query_as(sql).bind(hex(id)).bind(signed(now.saturating_sub(PROVEN_WITHIN)));
        let found: Option<(String, String)> = query.fetch_optional(&mut *writing).await?;
        let (name, state) = found.ok_or(RowsError::Refused)?;
        if !is_proven(&bytes(&state)?) {
            sqlx::query("UPDATE attempts SET state = '' WHERE id = $1").bind(hex(id)).execute(&mut *writing).await?;
            writing.commit().await?;
            return Err(RowsError::Refused);
        }
        let sql = "SELECT account, generation, sealed, wrapped FROM ways JOIN vaults USING (account) WHERE name = $1";
        let vault: Option<(String, i64, String, String)> =
            sqlx::query_as(sql).bind(&name).fetch_optional(&mut *writing).await?;
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

    /// Whether this account may register under this name. Each try counts, for the name too: it evaluates a password.
    pub(crate) async fn may_register(&self, by: &Registrar, name: &Id, try_: &Id, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        pauses(&mut writing, [BY_BOTH, BY_NAME, BY_NETWORK], name, &by.network, now).await?;
        tried(&mut writing, try_, [name, &by.network], None, now).await?;
        let owner = owner(&mut writing, name).await?;
        writing.commit().await?;
        if owner.is_some_and(|owner| owner != text(by.account)) { Err(RowsError::Taken) } else { Ok(()) }
    }

    /// Counts a change of a vault before it is made: its answer tells whether a name is taken.
    pub(crate) async fn count(&self, by: &Registrar, try_: &Id, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        pauses(&mut writing, [BY_NAME, BY_NETWORK], &by.id, &by.network, now).await?;
        tried(&mut writing, try_, [&by.id, &by.network], None, now).await?;
        Ok(writing.commit().await?)
    }

    /// Makes a vault, or makes it anew with this as its only way to log in. All in one transaction; the same once more
    /// changes nothing.
    pub(crate) async fn put(&self, account: Address, generation: u64, sealed: &Bytes, way: &Way) -> Result<()> {
        let mut writing = self.database.write().await?;
        let owner = owner(&mut writing, &way.name).await?;
        if owner.is_some_and(|owner| owner != text(account)) {
            return Err(RowsError::Taken);
        }
        let before = vault(&mut writing, account).await?;
        match before {
            Some((now, ref was)) if now == signed(generation) && *was == sealed.to_string() => return Ok(()),
            ref before if before.as_ref().map_or(0, |(now, _)| *now) + 1 != signed(generation) => {
                return Err(RowsError::Changed);
            }
            None => self.has_room(&mut writing).await?,
            Some(_) => {}
        }
        empty(&mut writing, account).await?;
        let sql = "INSERT INTO vaults (account, generation, sealed) VALUES ($1, $2, $3) \
                   ON CONFLICT (account) DO UPDATE SET generation = excluded.generation, sealed = excluded.sealed";
        let query = sqlx::query(sql).bind(text(account)).bind(signed(generation)).bind(sealed.to_string());
        query.execute(&mut *writing).await?;
        insert(&mut writing, account, way).await?;
        Ok(writing.commit().await?)
    }

    /// Adds a way to log in to the vault of this generation; the same once more changes nothing.
    pub(crate) async fn add_way(&self, account: Address, generation: u64, way: &Way) -> Result<()> {
        let mut writing = self.database.write().await?;
        let (now, _) = vault(&mut writing, account).await?.ok_or(RowsError::NoVault)?;
        if now != signed(generation) {
            return Err(RowsError::Changed);
        }
        let sql = "SELECT account, record FROM ways WHERE name = $1";
        let there: Option<(String, String)> =
            sqlx::query_as(sql).bind(hex(&way.name)).fetch_optional(&mut *writing).await?;
        match there {
            Some((owner, record)) if owner == text(account) && record == way.record.to_string() => return Ok(()),
            Some(_) => return Err(RowsError::Taken),
            None => {}
        }
        let sql = "SELECT COUNT(*) FROM ways WHERE account = $1";
        let count: i64 = sqlx::query_scalar(sql).bind(text(account)).fetch_one(&mut *writing).await?;
        if count >= MOST_WAYS {
            return Err(RowsError::ManyWays);
        }
        insert(&mut writing, account, way).await?;
        Ok(writing.commit().await?)
    }

    pub(crate) async fn has(&self, account: Address) -> Result<Has> {
        let sql = "SELECT COALESCE((SELECT generation FROM vaults WHERE account = $1), 0), \
                   (SELECT COUNT(*) FROM ways WHERE account = $1), (SELECT COUNT(*) FROM logins WHERE account = $1)";
        let query = sqlx::query_as::<_, (i64, i64, i64)>(sql).bind(text(account));
        let (generation, ways, logins) = query.fetch_one(self.database.readers()).await?;
        Ok(Has { generation: unsigned(generation), ways: unsigned(ways), logins: unsigned(logins) })
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

    /// Forgets attempts that count no more. Those for a name that somebody has stay longer: its owner hears of them.
    pub(crate) async fn forget(&self, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        let ago = |seconds: u64| signed(now.saturating_sub(seconds));
        let sql = "UPDATE attempts SET state = '' WHERE state <> '' AND tried_at <= $1";
        sqlx::query(sql).bind(ago(PROVEN_WITHIN)).execute(&mut *writing).await?;
        let sql = "DELETE FROM attempts WHERE tried_at <= $1 \
                   OR (tried_at <= $2 AND name NOT IN (SELECT name FROM ways))";
        sqlx::query(sql).bind(ago(TOLD_FOR)).bind(ago(COUNTS_FOR)).execute(&mut *writing).await?;
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM attempts").fetch_one(&mut *writing).await?;
        let sql = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts ORDER BY tried_at LIMIT $1)";
        sqlx::query(sql).bind((count - MOST_ATTEMPTS).max(0)).execute(&mut *writing).await?;
        Ok(writing.commit().await?)
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

    async fn has_room(&self, writing: &mut Writing) -> Result<()> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM vaults").fetch_one(&mut **writing).await?;
        if unsigned(count) >= self.most { Err(RowsError::Full) } else { Ok(()) }
    }
}

/// Attempts of the last day: how many, and the last. All take a name, a network and a time.
type Count = (&'static str, Pause);

const BY_BOTH: Count =
    ("SELECT COUNT(*), MAX(tried_at) FROM attempts WHERE name = $1 AND network = $2 AND tried_at > $3", BOTH);
const BY_NAME: Count =
    ("SELECT COUNT(*), MAX(tried_at) FROM attempts WHERE name = $1 AND $2 <> '' AND tried_at > $3", NAME);
const BY_NETWORK: Count =
    ("SELECT COUNT(*), MAX(tried_at) FROM attempts WHERE $1 <> '' AND network = $2 AND tried_at > $3", NETWORK);

async fn pauses<const N: usize>(
    writing: &mut Writing,
    counts: [Count; N],
    name: &Id,
    network: &Id,
    now: u64,
) -> Result<()> {
    for (sql, pause) in counts {
        let query = sqlx::query_as::<_, (i64, Option<i64>)>(sql).bind(hex(name)).bind(hex(network));
        let since = signed(now.saturating_sub(COUNTS_FOR));
        let (count, last) = query.bind(since).fetch_one(&mut **writing).await?;
        if let Some(left) = pause.left(unsigned(count), last.map_or(0, unsigned), now) {
            return Err(RowsError::Paused(left));
        }
    }
    Ok(())
}

/// Writes a try down; with the state of a login, of which the owner of the name hears if it fails.
async fn tried(writing: &mut Writing, id: &Id, of: [&Id; 2], state: Option<&Bytes>, now: u64) -> Result<()> {
    let sql = "INSERT INTO attempts (id, name, network, state, told, tried_at) VALUES ($1, $2, $3, $4, $5, $6)";
    let query = sqlx::query(sql).bind(hex(id)).bind(hex(of[0])).bind(hex(of[1]));
    let query = query.bind(state.map_or_else(String::new, ToString::to_string)).bind(i64::from(state.is_none()));
    query.bind(signed(now)).execute(&mut **writing).await?;
    Ok(())
}

/// The attempts of which an owner did not hear yet, and the last of them. Those that may still be proven are not among
/// them. They count on for the pauses: otherwise a login would tell a stranger that it happened.
async fn told(writing: &mut Writing, account: &str, now: u64) -> Result<(u64, Option<u64>)> {
    let sql = "UPDATE attempts SET told = 1 WHERE told = 0 AND (state = '' OR tried_at <= $2) \
               AND name IN (SELECT name FROM ways WHERE account = $1) RETURNING tried_at";
    let query = sqlx::query_scalar(sql).bind(account).bind(signed(now.saturating_sub(PROVEN_WITHIN)));
    let times: Vec<i64> = query.fetch_all(&mut **writing).await?;
    Ok((times.len() as u64, times.into_iter().max().map(unsigned)))
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

fn text(account: Address) -> String {
    format!("{account:#x}")
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
