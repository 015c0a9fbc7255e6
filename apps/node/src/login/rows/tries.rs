//! The tries of names and passwords: counted before their answers leave, told to the owner, forgotten.

use hospital_record::node::messages::Bytes;

use crate::{
    columns::{signed, text, unsigned},
    login::{
        attempts::{BOTH, COUNTS_FOR, NAME, NETWORK, Pause},
        keys::Id,
        rows::{PROVEN_WITHIN, Registrar, Result, Rows, RowsError, Writing, hex, owner},
    },
};

/// The time after which the owner of a vault hears no more of an attempt, in seconds.
const TOLD_FOR: u64 = 90 * 24 * 3600;
/// The most attempts that are kept; the oldest are forgotten first.
const MOST_ATTEMPTS: i64 = 500_000;

/// The first half of a login, or a try of a registration.
pub(crate) struct Attempt {
    pub(crate) id: Id,
    pub(crate) name: Id,
    pub(crate) network: Id,
    /// What the second half needs.
    pub(crate) state: Bytes,
    /// What OPAQUE keeps of the password that it is for.
    pub(crate) record: Option<Bytes>,
}

impl Attempt {
    fn of(id: Id, name: Id, network: Id) -> Self {
        Self { id, name, network, state: Bytes::new(), record: None }
    }
}

impl Rows {
    /// Counts an attempt before anything of its answer leaves, and keeps its state. Names that nobody has are counted
    /// alike.
    pub(crate) async fn attempt(&self, attempt: &Attempt, now: u64) -> Result<()> {
        let Attempt { name, network, .. } = attempt;
        let mut writing = self.database.write().await?;
        pauses(&mut writing, [BY_BOTH, BY_NAME, BY_NETWORK], name, network, now).await?;
        tried(&mut writing, attempt, Told::No, now).await?;
        Ok(writing.commit().await?)
    }

    /// Whether this account may register under this name: the answer tells whether it is taken, and evaluates a
    /// password. So each try counts for the account and the network, and for a name that is not the account's own. The
    /// try is good for one change of a vault.
    pub(crate) async fn may_register(&self, by: &Registrar, name: &Id, ids: [Id; 2], now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        let owner = owner(&mut writing, name).await?;
        pauses(&mut writing, [BY_ACCOUNT, BY_NETWORK], &by.id, &by.network, now).await?;
        if owner.as_deref() != Some(&text(by.account)) {
            pauses(&mut writing, [BY_NAME], name, &by.network, now).await?;
            // Of no network: the network counts the try once, below.
            tried(&mut writing, &Attempt::of(ids[0], *name, [0; 32]), Told::Yes, now).await?;
        }
        tried(&mut writing, &Attempt::of(ids[1], by.id, by.network), Told::Yes, now).await?;
        writing.commit().await?;
        if owner.is_some_and(|owner| owner != text(by.account)) { Err(RowsError::Taken) } else { Ok(()) }
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
}

/// Attempts of the last day: how many, and the last. All take a name, a network and a time.
type Count = (&'static str, Pause);

const BY_BOTH: Count =
    ("SELECT COUNT(*), MAX(tried_at) FROM attempts WHERE name = $1 AND network = $2 AND tried_at > $3", BOTH);
const BY_NAME: Count =
    ("SELECT COUNT(*), MAX(tried_at) FROM attempts WHERE name = $1 AND $2 <> '' AND tried_at > $3", NAME);
/// Of who registers, from anywhere.
const BY_ACCOUNT: Count = (BY_NAME.0, NETWORK);
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

/// Whether the owner of the name heard of an attempt, or need not.
#[derive(Clone, Copy)]
enum Told {
    No = 0,
    Yes = 1,
}

async fn tried(writing: &mut Writing, attempt: &Attempt, told: Told, now: u64) -> Result<()> {
    let sql = "INSERT INTO attempts (id, name, network, state, record, told, tried_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let query = sqlx::query(sql).bind(hex(&attempt.id)).bind(hex(&attempt.name)).bind(hex(&attempt.network));
    let record = attempt.record.as_ref().map_or_else(String::new, ToString::to_string);
    let query = query.bind(attempt.state.to_string()).bind(record).bind(told as i64);
    query.bind(signed(now)).execute(&mut **writing).await?;
    Ok(())
}

/// Takes a try of a registration that was begun a moment ago.
pub(super) async fn take_try(writing: &mut Writing, by: &Registrar, now: u64) -> Result<()> {
    let sql = "UPDATE attempts SET state = '' WHERE id IN (SELECT id FROM attempts \
               WHERE name = $1 AND state <> '' AND tried_at > $2 ORDER BY tried_at LIMIT 1)";
    let query = sqlx::query(sql).bind(hex(&by.id)).bind(signed(now.saturating_sub(PROVEN_WITHIN)));
    match query.execute(&mut **writing).await?.rows_affected() {
        0 => Err(RowsError::NotBegun),
        _ => Ok(()),
    }
}

/// The attempts of which an owner did not hear yet, and the last of them. Those that may still be proven are not among
/// them. They count on for the pauses: otherwise a login would tell a stranger that it happened.
pub(super) async fn told(writing: &mut Writing, account: &str, now: u64) -> Result<(u64, Option<u64>)> {
    let sql = "UPDATE attempts SET told = 1 WHERE told = 0 AND (state = '' OR tried_at <= $2) \
               AND name IN (SELECT name FROM ways WHERE account = $1) RETURNING tried_at";
    let query = sqlx::query_scalar(sql).bind(account).bind(signed(now.saturating_sub(PROVEN_WITHIN)));
    let times: Vec<i64> = query.fetch_all(&mut **writing).await?;
    Ok((times.len() as u64, times.into_iter().max().map(unsigned)))
}
