//! The frames in the database: what a channel keeps, and what it removes to make room.

mod tidy;

use std::time::Duration;

use axum::body::Bytes;
use sqlx::{Sqlite, SqliteExecutor, Transaction};

use crate::{
    columns::signed,
    database::Database,
    frames::{channel::Channel, problem::Problem},
    listening::Cursor,
};

/// How long a frame is kept at most.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(600);
/// A channel without frames is forgotten so long after its last one. Then its numbers may begin anew.
pub(super) const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// The channels of one account that are not forgotten.
pub(super) const CHANNELS_OF_AN_ACCOUNT: i64 = 16;
/// What a frame counts besides its bytes, for its row and two indexes.
pub(super) const BESIDES: i64 = 256;
/// Frames that a listener reads at once: what it holds in memory, each up to 64 KiB.
const AT_ONCE: i64 = 4;

type Writing = Transaction<'static, Sqlite>;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// Frames of a channel.
    pub(super) frames: i64,
    /// What the frames of a channel count, and those of all.
    pub(super) bytes: i64,
    pub(super) total: i64,
    /// Channels of all accounts: on a node for everybody, accounts cost nothing.
    pub(super) channels: i64,
}

impl Most {
    pub(super) fn new(total: u64) -> Self {
        let total = signed(total);
        Self { frames: 1_000, bytes: 4 << 20, total, channels: 10_000 }
    }

    /// What all frames of one account count at most.
    pub(super) fn share(&self) -> i64 {
        (self.total / 8).max(self.bytes)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Rows {
    database: Database,
    most: Most,
}

/// A frame to be stored.
pub(super) struct New {
    pub(super) channel: Channel,
    pub(super) number: u64,
    pub(super) bytes: Bytes,
}

/// A frame as it is stored.
pub(super) struct Frame {
    pub(super) place: i64,
    pub(super) number: u64,
    pub(super) at: i64,
    pub(super) bytes: Vec<u8>,
}

/// A channel as it is stored.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    pub(super) run: i64,
    pub(super) newest: i64,
    pub(super) removed: i64,
    number: u64,
    held: i64,
}

impl Kept {
    /// The number after the newest one.
    fn next(&self) -> Option<u64> {
        self.number.checked_add(1)
    }
}

/// For the metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) channels: u64,
    pub(super) held: u64,
}

/// One transaction, and what all frames count in it.
struct Batch<'a> {
    writing: &'a mut Writing,
    total: i64,
    now: i64,
}

impl Rows {
    pub(super) fn new(database: Database, most: Most) -> Self {
        Self { database, most }
    }

    /// Stores frames in one transaction: the answer to each, which holds once this returns.
    pub(super) async fn add(&self, frames: &[New], now: u64) -> sqlx::Result<Vec<Result<Cursor, Problem>>> {
        let mut writing = self.database.write().await?;
        let before: i64 = sqlx::query_scalar("SELECT held FROM frame_totals").fetch_one(&mut *writing).await?;
        let mut batch = Batch { writing: &mut writing, total: before, now: signed(now) };
        let mut answers = Vec::with_capacity(frames.len());
        for frame in frames {
            answers.push(self.add_one(&mut batch, frame).await?);
        }
        let total = batch.total;
        if total != before {
            sqlx::query("UPDATE frame_totals SET held = $1").bind(total).execute(&mut *writing).await?;
        }
        writing.commit().await?;
        Ok(answers)
    }

    /// A frame that is refused changes nothing.
    async fn add_one(&self, batch: &mut Batch<'_>, frame: &New) -> sqlx::Result<Result<Cursor, Problem>> {
        let found = find(&mut **batch.writing, &frame.channel).await?;
        if let Some(kept) = found
            && frame.number <= kept.number
        {
            return again(batch, &kept, frame).await;
        }
        let cost = cost(frame.bytes.len());
        let others = batch.total - found.map_or(0, |kept| kept.held);
        let own_others = self.own(batch, &frame.channel).await? - found.map_or(0, |kept| kept.held);
        let most = self.most.bytes.min(self.most.total - others).min(self.most.share() - own_others);
        if cost > most {
            return Ok(Err(Problem::NodeFull));
        }
        let mut kept = match found {
            Some(kept) => kept,
            None => match self.begin(batch, &frame.channel).await? {
                Ok(kept) => kept,
                Err(problem) => return Ok(Err(problem)),
            },
        };
        while kept.newest - kept.removed >= self.most.frames || kept.held + cost > most {
            remove_oldest(batch, &mut kept).await?;
        }
        append(batch, kept, frame).await.map(Ok)
    }

    /// What all channels of the account of this one hold.
    async fn own(&self, batch: &mut Batch<'_>, channel: &Channel) -> sqlx::Result<i64> {
        let sql = "SELECT COALESCE(SUM(held), 0) FROM frame_channels WHERE account = $1";
        sqlx::query_scalar(sql).bind(channel.columns().0).fetch_one(&mut **batch.writing).await
    }

    /// A new channel.
    async fn begin(&self, batch: &mut Batch<'_>, channel: &Channel) -> sqlx::Result<Result<Kept, Problem>> {
        let (account, name) = channel.columns();
        let sql = "SELECT COUNT(*) FROM frame_channels WHERE account = $1";
        let own: i64 = sqlx::query_scalar(sql).bind(&account).fetch_one(&mut **batch.writing).await?;
        if own >= CHANNELS_OF_AN_ACCOUNT {
            return Ok(Err(Problem::Channels));
        }
        let sql = "SELECT COUNT(*), MAX(run) FROM frame_channels";
        let (all, last): (i64, Option<i64>) = sqlx::query_as(sql).fetch_one(&mut **batch.writing).await?;
        if all >= self.most.channels {
            return Ok(Err(Problem::NodeFull));
        }
        // The clock, so that a channel that was forgotten does not come back with its old run.
        let run = batch.now.max(last.unwrap_or_default() + 1);
        let sql = "INSERT INTO frame_channels (run, account, channel, newest, removed, number, held, used_at) \
                   VALUES ($1, $2, $3, 0, 0, 0, 0, $4)";
        sqlx::query(sql).bind(run).bind(account).bind(name).bind(batch.now).execute(&mut **batch.writing).await?;
        Ok(Ok(Kept { run, newest: 0, removed: 0, number: 0, held: 0 }))
    }

    /// The channel, if it is known.
    pub(super) async fn channel(&self, channel: &Channel) -> sqlx::Result<Option<Kept>> {
        find(self.database.readers(), channel).await
    }

    /// The next few frames after a place.
    pub(super) async fn after(&self, run: i64, place: i64) -> sqlx::Result<Vec<Frame>> {
        let sql = "SELECT place, number, at, frame FROM frames WHERE run = $1 AND place > $2 ORDER BY place LIMIT $3";
        let query = sqlx::query_as::<_, (i64, i64, i64, Vec<u8>)>(sql).bind(run).bind(place).bind(AT_ONCE);
        let rows = query.fetch_all(self.database.readers()).await?;
        let frame = |(place, number, at, bytes): (i64, i64, i64, Vec<u8>)| Frame {
            place,
            number: number.cast_unsigned(),
            at,
            bytes,
        };
        Ok(rows.into_iter().map(frame).collect())
    }

    pub(super) async fn numbers(&self) -> sqlx::Result<Numbers> {
        let sql = "SELECT (SELECT COUNT(*) FROM frame_channels), held FROM frame_totals";
        let (channels, held): (i64, i64) = sqlx::query_as(sql).fetch_one(self.database.readers()).await?;
        Ok(Numbers { channels: channels.cast_unsigned(), held: held.cast_unsigned() })
    }
}

async fn find(from: impl SqliteExecutor<'_>, channel: &Channel) -> sqlx::Result<Option<Kept>> {
    let (account, name) = channel.columns();
    let sql = "SELECT run, newest, removed, number, held FROM frame_channels WHERE account = $1 AND channel = $2";
    let query = sqlx::query_as::<_, (i64, i64, i64, i64, i64)>(sql).bind(account).bind(name);
    let row = query.fetch_optional(from).await?;
    Ok(row.map(|(run, newest, removed, number, held)| Kept {
        run,
        newest,
        removed,
        number: number.cast_unsigned(),
        held,
    }))
}

/// The answer to a number that is not new: a device repeats a frame after a lost answer.
async fn again(batch: &mut Batch<'_>, kept: &Kept, frame: &New) -> sqlx::Result<Result<Cursor, Problem>> {
    let sql = "SELECT place, frame FROM frames WHERE run = $1 AND number = $2";
    let query = sqlx::query_as::<_, (i64, Vec<u8>)>(sql).bind(kept.run).bind(frame.number.cast_signed());
    let held = query.fetch_optional(&mut **batch.writing).await?;
    Ok(match held {
        Some((place, bytes)) if bytes == frame.bytes => Ok(cursor(kept.run, place)),
        Some(_) => Err(Problem::Other { next: kept.next() }),
        None => Err(Problem::Old { next: kept.next() }),
    })
}

/// Its row is written by [`append`].
async fn remove_oldest(batch: &mut Batch<'_>, kept: &mut Kept) -> sqlx::Result<()> {
    kept.removed += 1;
    let sql = "DELETE FROM frames WHERE run = $1 AND place = $2 RETURNING LENGTH(frame)";
    let query = sqlx::query_scalar::<_, i64>(sql).bind(kept.run).bind(kept.removed);
    let length = query.fetch_one(&mut **batch.writing).await?;
    kept.held -= length + BESIDES;
    batch.total -= length + BESIDES;
    Ok(())
}

async fn append(batch: &mut Batch<'_>, kept: Kept, frame: &New) -> sqlx::Result<Cursor> {
    let (place, number, cost) = (kept.newest + 1, frame.number.cast_signed(), cost(frame.bytes.len()));
    let sql = "INSERT INTO frames (run, place, number, at, frame) VALUES ($1, $2, $3, $4, $5)";
    let query = sqlx::query(sql).bind(kept.run).bind(place).bind(number).bind(batch.now).bind(&frame.bytes[..]);
    query.execute(&mut **batch.writing).await?;
    let sql =
        "UPDATE frame_channels SET newest = $1, removed = $2, number = $3, held = $4, used_at = $5 WHERE run = $6";
    let query = sqlx::query(sql).bind(place).bind(kept.removed).bind(number).bind(kept.held + cost);
    query.bind(batch.now).bind(kept.run).execute(&mut **batch.writing).await?;
    batch.total += cost;
    Ok(cursor(kept.run, place))
}

/// What a frame of this length counts.
fn cost(length: usize) -> i64 {
    signed(length as u64) + BESIDES
}

pub(super) fn cursor(run: i64, place: i64) -> Cursor {
    Cursor { run: run.cast_unsigned(), number: place.cast_unsigned() }
}
