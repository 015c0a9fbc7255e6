//! Uploads: a CAR is read and checked to its end, then counted, then stored, then answered.
//!
//! Nothing reaches the backing store before the whole CAR is known to be good and was counted. So a broken upload leaves
//! nothing there, and every block there counts for an account, whenever this process ends.

use std::{
    collections::HashSet,
    io,
    sync::{Mutex, PoisonError},
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use hospital_record::{
    Address, Cid,
    store::{Block, StoreError, read_car},
};
use serde::Serialize;
use tokio::time::{Instant, timeout, timeout_at};
use utoipa::ToSchema;

use crate::{
    answer::{Said, closing, json},
    blocks::{
        problem::Problem,
        room::{Patience, Room},
        rows::cost,
    },
    browser::{CAR, essence},
    clock::now,
};

/// The longest body in bytes.
pub(crate) const LONGEST: usize = 16 << 20;
/// The most blocks in one body: each is a file, and several rows.
pub(crate) const MOST_BLOCKS: usize = 16_384;

/// Each block matches its CID, and is stored durably.
#[derive(Serialize, ToSchema)]
struct Stored {
    blocks: u64,
}

/// Put blocks
#[utoipa::path(
    post,
    path = "/v1/blocks",
    tag = "blocks",
    request_body(content(("application/vnd.ipld.car")), description = "At most 16 MiB, and 16,384 blocks."),
    security(("session" = [])),
    responses(
        (status = 200, description = "All are stored.", body = Stored),
        (status = 400, description = "No CAR.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 413, description = "It is too long.", body = Said),
        (status = 415, description = "It is not sent as a CAR.", body = Said),
        (status = 422, description = "A block does not match its CID.", body = Said),
        (status = 429, description = "Too much at once.", body = Said),
        (status = 503, description = "The store behind does not answer.", body = Said),
        (status = 507, description = "The quota of the account or of the node is used up.", body = Said),
    )
)]
pub(crate) async fn upload(State(room): State<Room>, headers: HeaderMap, body: Body) -> Response {
    let mut body = body.into_data_stream();
    match room.upload(&headers, &mut body).await {
        Ok(blocks) => json(&Stored { blocks }),
        Err(problem) => {
            room.0.metrics.refused(&problem);
            tracing::info!(reason = problem.reason(), "an upload was refused");
            let _ = timeout(room.0.patience.rest, rest_of(&mut body)).await;
            closing(problem.into_response())
        }
    }
}

async fn rest_of(body: &mut BodyDataStream) {
    let mut length = 0;
    while let Some(Ok(bytes)) = body.next().await {
        length += bytes.len();
        if length > LONGEST {
            return;
        }
    }
}

impl Room {
    async fn upload(&self, headers: &HeaderMap, body: &mut BodyDataStream) -> Result<u64, Problem> {
        let account = self.0.members.account(headers).await?;
        check_head(headers)?;
        let parts = &*self.0;
        let place = parts.uploads.take(account, parts.patience.place).await;
        let _place = place.ok_or(Problem::TooMany)?;
        if self.is_full() {
            return Err(Problem::NodeFull);
        }
        if parts.rows.held(account).await? > parts.rows.quota().account {
            return Err(Problem::AccountFull);
        }
        let car = read(body, parts.patience, parts.rows.quota().account).await?;
        let (room, Car { blocks, count }) = (self.clone(), car);
        // It goes on when the caller disconnects: the blocks are counted already.
        let keeping = tokio::spawn(async move { room.keep(account, blocks).await });
        keeping.await.map_err(|_| Problem::Unavailable)??;
        Ok(count)
    }

    /// Counts the blocks, which are all different, and then stores them. Each step may be the last of this process.
    pub(crate) async fn keep(&self, account: Address, blocks: Vec<Block>) -> Result<(), Problem> {
        let parts = &*self.0;
        let _no_sweep = timeout(parts.patience.place, parts.sweeping.read()).await.map_err(|_| Problem::Unavailable)?;
        let sizes: Vec<(Cid, u64)> = blocks.iter().map(|block| (block.cid, length(block))).collect();
        parts.rows.put(account, &sizes, now()).await?;
        let blocks = stream::iter(blocks).map(Ok).boxed();
        let stored = parts.store.put(blocks).await.inspect_err(|error| {
            if matches!(error, StoreError::Full { .. }) {
                self.full();
            }
        })?;
        if stored != sizes.len() as u64 {
            tracing::error!(stored, sent = sizes.len(), "the backing store counts other blocks than it was sent");
            return Err(Problem::Unavailable);
        }
        parts.metrics.uploaded(sizes.iter().map(|(_, size)| size).sum());
        Ok(())
    }
}

/// What can be refused before the body is read.
fn check_head(headers: &HeaderMap) -> Result<(), Problem> {
    if !essence(headers).eq_ignore_ascii_case(CAR) {
        return Err(Problem::Type);
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length.is_some_and(|length| length > LONGEST as u64) {
        true => Err(too_long()),
        false => Ok(()),
    }
}

fn too_long() -> Problem {
    Problem::TooLong(format!("a CAR of more than {} MiB: send several", LONGEST >> 20))
}

/// A CAR that was read to its end.
struct Car {
    /// Each block once.
    blocks: Vec<Block>,
    /// How many there were, with those that came again.
    count: u64,
}

async fn read(body: &mut BodyDataStream, patience: Patience, quota: u64) -> Result<Car, Problem> {
    let stopped = Mutex::default();
    let mut blocks = read_car(metered(body, patience, &stopped));
    let mut car = Car { blocks: Vec::new(), count: 0 };
    let (mut seen, mut counts) = (HashSet::new(), 0);
    let read = async {
        while let Some(block) = blocks.try_next().await.map_err(Problem::of_input)? {
            car.count += 1;
            if seen.insert(block.cid) {
                counts += cost(length(&block));
                car.blocks.push(block);
            }
            if car.count > MOST_BLOCKS as u64 {
                return Err(Problem::TooLong(format!("a CAR of more than {MOST_BLOCKS} blocks: send several")));
            }
            if counts > quota {
                return Err(Problem::AccountFull);
            }
        }
        Ok(())
    };
    let read = read.await;
    drop(blocks);
    // The reader's own error is only that its bytes ended.
    match stopped.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(problem) => Err(problem),
        None => read.map(|()| car),
    }
}

fn length(block: &Block) -> u64 {
    block.bytes.len() as u64
}

/// The bytes of a body, as long as they come in time and are not too many. Then `stopped` says why not.
fn metered<'a>(
    body: &'a mut BodyDataStream,
    patience: Patience,
    stopped: &'a Mutex<Option<Problem>>,
) -> BoxStream<'a, io::Result<Bytes>> {
    let deadline = Instant::now() + patience.body;
    let pieces = stream::try_unfold((body, 0), move |(body, length)| async move {
        let stop = |problem: Problem| {
            *stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
            io::Error::other("stopped")
        };
        let until = deadline.min(Instant::now() + patience.silence);
        match timeout_at(until, body.next()).await {
            Err(_) => Err(stop(Problem::Slow)),
            Ok(None) => Ok(None),
            Ok(Some(Err(_))) => Err(stop(Problem::Malformed("the body broke off: send it again".into()))),
            Ok(Some(Ok(bytes))) if length + bytes.len() > LONGEST => Err(stop(too_long())),
            Ok(Some(Ok(bytes))) => {
                let length = length + bytes.len();
                Ok(Some((bytes, (body, length))))
            }
        }
    });
    pieces.boxed()
}
