//! What time removes: frames after some minutes, and channels some time after their last frame.

use std::time::Duration;

use crate::{
    columns::signed,
    frames::rows::{BESIDES, FORGOTTEN_AFTER, KEPT_FOR, Rows, Writing},
};

/// Channels of one transaction, so that publishers wait shortly.
const CHUNK: i64 = 32;

impl Rows {
    /// Removes what has expired, channel by channel; returns whether there may be more.
    pub(in crate::frames) async fn expire(&self, now: u64) -> sqlx::Result<bool> {
        let mut writing = self.database.write().await?;
        let sql = "SELECT run, MAX(place) FROM frames WHERE at <= $1 GROUP BY run LIMIT $2";
        let query = sqlx::query_as::<_, (i64, i64)>(sql).bind(before(now, KEPT_FOR)).bind(CHUNK);
        let expired = query.fetch_all(&mut *writing).await?;
        for (run, place) in &expired {
            remove_up_to(&mut writing, *run, *place).await?;
        }
        writing.commit().await?;
        Ok(expired.len() as i64 == CHUNK)
    }

    /// Forgets the channels that nobody used for long.
    pub(in crate::frames) async fn forget(&self, now: u64) -> sqlx::Result<()> {
        let mut writing = self.database.write().await?;
        let sql = "DELETE FROM frame_channels WHERE used_at <= $1 AND removed = newest";
        sqlx::query(sql).bind(before(now, FORGOTTEN_AFTER)).execute(&mut *writing).await?;
        writing.commit().await
    }
}

/// All before it go too, even if a clock that was set back gave them later times.
async fn remove_up_to(writing: &mut Writing, run: i64, place: i64) -> sqlx::Result<()> {
    let sql = "DELETE FROM frames WHERE run = $1 AND place <= $2 RETURNING LENGTH(frame)";
    let lengths: Vec<i64> = sqlx::query_scalar(sql).bind(run).bind(place).fetch_all(&mut **writing).await?;
    let freed: i64 = lengths.iter().map(|length| length + BESIDES).sum();
    let sql = "UPDATE frame_channels SET removed = $1, held = held - $2 WHERE run = $3";
    sqlx::query(sql).bind(place).bind(freed).bind(run).execute(&mut **writing).await?;
    sqlx::query("UPDATE frame_totals SET held = held - $1").bind(freed).execute(&mut **writing).await?;
    Ok(())
}

fn before(now: u64, time: Duration) -> i64 {
    signed(now) - i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
