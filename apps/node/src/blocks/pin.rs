//! Pins: what an account wants kept. Everything below is read back, counted, and pinned in the backing store.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use hospital_record::{Address, Cid};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Said, json},
    blocks::{
        gateway::cid_of,
        jobs::{Outcome, Progress, State as Job},
        problem::{Problem, WithMissing},
        room::Room,
        walk::walk,
    },
    clock::now,
};

/// The time that a pin waits in the background for others of the same account or root.
const TURN_WITHIN: Duration = Duration::from_secs(600);

/// All below it is kept.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "lowercase")]
#[schema(as = Pin)]
enum Answer {
    /// With so many blocks and bytes.
    Pinned { blocks: u64, bytes: u64 },
    /// So many blocks were read so far.
    Working { blocks: u64 },
    /// Only this account's pin ends.
    Unpinned,
}

/// Keep a block and all below it
///
/// A pin whose root no event of the chain names ends after some time (90 days by default), unless it is repeated.
#[utoipa::path(
    put,
    path = "/v1/pins/{cid}",
    tag = "blocks",
    params(("cid" = String, Path, description = "CIDv1, with sha2-256.")),
    security(("session" = [])),
    responses(
        (status = 200, description = "It is pinned.", body = Answer),
        (status = 202, description = "It goes on: repeat the request.", body = Answer),
        (status = 400, description = "No CID, or a block below has no readable links.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 404, description = "A block is missing: put it and pin again.", body = WithMissing),
        (status = 413, description = "Too many blocks below one root.", body = Said),
        (status = 422, description = "A block below has no readable links.", body = Said),
        (status = 429, description = "Too much at once.", body = Said),
        (status = 503, description = "The store behind does not answer.", body = Said),
        (status = 507, description = "The quota of the account or of the node is used up.", body = Said),
    )
)]
pub(crate) async fn pin(State(room): State<Room>, headers: HeaderMap, uri: Uri) -> Response {
    let pinning = async {
        let account = room.0.members.account(&headers).await?;
        let root = cid_of(&uri)?;
        let (own, parts) = (room.clone(), &*room.0);
        let start = |job| async move { own.pin(account, root, job).await };
        match parts.jobs.join((account, root), start, parts.patience.pin).await {
            Progress::Ended(outcome) => {
                outcome.map(|(blocks, bytes)| json(&Answer::Pinned { blocks, bytes }).into_response())
            }
            Progress::Working(blocks) => Ok((StatusCode::ACCEPTED, json(&Answer::Working { blocks })).into_response()),
        }
    };
    let answer: Result<Response, Problem> = pinning.await;
    answer.unwrap_or_else(|problem| refused(&room, problem))
}

/// Keep it no longer
#[utoipa::path(
    delete,
    path = "/v1/pins/{cid}",
    tag = "blocks",
    params(("cid" = String, Path, description = "CIDv1, with sha2-256.")),
    security(("session" = [])),
    responses(
        (status = 200, description = "This account's pin ended, or there was none.", body = Answer),
        (status = 400, description = "No CID.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 503, description = "The database does not answer, or the pin is busy.", body = Said),
    )
)]
pub(crate) async fn unpin(State(room): State<Room>, headers: HeaderMap, uri: Uri) -> Response {
    let unpinning = async {
        let account = room.0.members.account(&headers).await?;
        let root = cid_of(&uri)?;
        room.0.jobs.give_up(&(account, root));
        let (own, patience) = (room.clone(), room.0.patience.place);
        // It goes on when the caller disconnects.
        let task = tokio::spawn(async move { own.unpin(account, root, patience).await });
        task.await.map_err(|_| Problem::Unavailable)?
    };
    match unpinning.await {
        Ok(()) => json(&Answer::Unpinned),
        Err(problem) => refused(&room, problem),
    }
}

fn refused(room: &Room, problem: Problem) -> Response {
    room.0.metrics.refused(&problem);
    tracing::info!(reason = problem.reason(), "a pin was refused");
    problem.into_response()
}

impl Room {
    /// Each step may be the last of this process: a repeated pin does them all again, and [`Room::tidy`] undoes those of
    /// a pin that nobody repeats.
    ///
    /// [`Room::tidy`]: crate::blocks::tidy
    pub(crate) async fn pin(self, account: Address, root: Cid, job: Arc<Job>) -> Outcome {
        let parts = &*self.0;
        let _place = parts.pins.take(account, TURN_WITHIN).await.ok_or(Problem::TooMany)?;
        let below = walk(parts, &root, &job).await?;
        let _turn = self.root(&root, TURN_WITHIN).await?;
        if job.is_given_up.load(Relaxed) {
            return Err(Problem::Unavailable);
        }
        let was_pinned = parts.rows.is_pinned(account, &root).await?;
        parts.rows.want(account, &root, now()).await?;
        let pinning = async {
            parts.rows.cover(account, &root, &below).await?;
            parts.store.pin(&root).await?;
            let size = (below.len() as u64, below.iter().map(|(_, size)| size).sum());
            match parts.rows.pinned(account, &root, size, now()).await? {
                true => Ok(size),
                false => Err(Problem::Unavailable),
            }
        };
        let pinned = pinning.await;
        if pinned.is_err() && !was_pinned {
            self.end(account, &root).await?;
        }
        pinned
    }

    /// Ends the account's pin, and the backing store's if no account wants it.
    pub(crate) async fn unpin(&self, account: Address, root: Cid, patience: Duration) -> Result<(), Problem> {
        let _turn = self.root(&root, patience).await?;
        self.end(account, &root).await
    }

    /// Ends a pin that the account gave up, or did not finish in time.
    pub(crate) async fn end_unfinished(&self, account: Address, root: Cid, now: u64) -> Result<(), Problem> {
        let _turn = self.root(&root, self.0.patience.place).await?;
        match self.0.rows.is_unfinished(account, &root, now).await? {
            true => self.end(account, &root).await,
            false => Ok(()),
        }
    }

    /// The caller has the root's place. If the backing store does not answer, its pin is ended later.
    pub(super) async fn end(&self, account: Address, root: &Cid) -> Result<(), Problem> {
        let parts = &*self.0;
        if !parts.rows.end(account, root, now()).await? {
            return Ok(());
        }
        if !parts.rows.is_wanted(root).await? && parts.store.unpin(root).await.map_err(Problem::from).is_err() {
            return Ok(());
        }
        Ok(parts.rows.forget(account, root).await?)
    }
}
