//! The tries of names and passwords: counted before their answers leave, told to the owner, forgotten.

use hospital_record::node::messages::Bytes;

use crate::login::{
    attempts::{BOTH, COUNTS_FOR, NAME, NETWORK, Pause},
    keys::Id,
    rows::{PROVEN_WITHIN, Registrar, Result, Rows, RowsError, Writing, hex, owner, signed, text, unsigned},
};

/// The time after which the owner of a vault hears no more of an attempt, in seconds.
const TOLD_FOR: u64 = 90 * 24 * 3600;
/// The most attempts that are kept; the oldest are forgotten first.
const MOST_ATTEMPTS: i64 = 500_000;

impl Rows {
    /// Counts an attempt before anything of its answer leaves, and keeps its state. Names that nobody has are counted
    /// alike.
    pub(crate) async fn attempt(&self, id: &Id, name: &Id, network: &Id, state: &Bytes, now: u64) -> Result<()> {
        let mut writing = self.database.write().await?;
        pauses(&mut writing, [BY_BOTH, BY_NAME, BY_NETWORK], name, network, now).await?;
        tried(&mut writing, id, [name, network], Some(state), now).await?;
        Ok(writing.commit().await?)
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
pub(super) async fn told(writing: &mut Writing, account: &str, now: u64) -> Result<(u64, Option<u64>)> {
    let sql = "UPDATE attempts SET told = 1 WHERE told = 0 AND (state = '' OR tried_at <= $2) \
               AND name IN (SELECT name FROM ways WHERE account = $1) RETURNING tried_at";
    let query = sqlx::query_scalar(sql).bind(account).bind(signed(now.saturating_sub(PROVEN_WITHIN)));
    let times: Vec<i64> = query.fetch_all(&mut **writing).await?;
    Ok((times.len() as u64, times.into_iter().max().map(unsigned)))
}
