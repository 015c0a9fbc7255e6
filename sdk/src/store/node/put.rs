//! A put: blocks as CARs of some megabytes, one after the other, each in one request.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use cid::Cid;
use futures::{
    FutureExt, Stream, StreamExt, TryStreamExt,
    future::ready,
    stream::{self, Peekable},
    try_join,
};
use hospital_record_core::record::dag::Block;
use reqwest::{
    Body, Method,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    base::task::{MaybeSend, StreamInBox},
    store::{
        car::write_car,
        error::StoreError,
        node::{Node, answer::good},
        seam::Blocks,
        upload::{Uploaded, upload_whole},
    },
};

/// A CAR is not longer than this, unless it has one block. A node takes 16 MiB.
const LONGEST: usize = 8 << 20;
/// A CAR has no more blocks than this. A node takes 16384.
const MOST: usize = 8192;
/// What a block takes in a CAR beside its own bytes, at most: its CID, and the length of both.
const BESIDE: usize = 48;

/// Some of the blocks. They are in memory before the first is sent: a node does not wait long for the next piece, and the
/// file that the blocks are made of may be slow.
struct Car {
    bytes: Bytes,
    count: u64,
    last: Cid,
}

pub(super) async fn put(node: &Node, blocks: Blocks<'_>) -> Result<u64, StoreError> {
    // A refusal of the account comes before any block is made.
    node.token().await?;
    let mut blocks = blocks.peekable();
    let mut stored = 0;
    let mut ready = next_car(&mut blocks).await?;
    while let Some(car) = ready {
        // The next blocks are made while these are on their way. An error among them cuts no request.
        let (sent, next) = try_join!(send(node, car), next_car(&mut blocks).map(Ok))?;
        stored += sent;
        ready = next?;
    }
    Ok(stored)
}

async fn next_car(blocks: &mut Peekable<Blocks<'_>>) -> Result<Option<Car>, StoreError> {
    let (mut count, mut last) = (0, None);
    let part = some_of(blocks).inspect_ok(|block| {
        count += 1;
        last = Some(block.cid);
    });
    let bytes = car_of(part.in_box()).await?;
    Ok(last.map(|last| Car { bytes, count, last }))
}

async fn car_of(blocks: Blocks<'_>) -> Result<Bytes, StoreError> {
    let whole = write_car(&[], blocks).try_fold(BytesMut::new(), |mut whole, piece| {
        whole.extend_from_slice(&piece);
        ready(Ok(whole))
    });
    Ok(whole.await?.freeze())
}

/// As many blocks as fit into one CAR, and at least one.
fn some_of<'a, 'b>(
    blocks: &'a mut Peekable<Blocks<'b>>,
) -> impl Stream<Item = Result<Block, StoreError>> + MaybeSend + 'a
where
    'b: 'a,
{
    stream::unfold((blocks, 0, 0), |(blocks, count, size)| async move {
        let fits = |next: &Result<Block, StoreError>| count == 0 || (count < MOST && size + length(next) <= LONGEST);
        let next = Pin::new(&mut *blocks).next_if(fits).await?;
        let size = size + length(&next);
        Some((next, (blocks, count + 1, size)))
    })
}

fn length(block: &Result<Block, StoreError>) -> usize {
    block.as_ref().map_or(0, |block| BESIDE + block.bytes.len())
}

async fn send(node: &Node, car: Car) -> Result<u64, StoreError> {
    #[derive(Deserialize)]
    struct Stored {
        blocks: u64,
    }
    let Car { bytes, count, last } = car;
    let server = &node.server;
    let token = node.token().await?;
    let length = bytes.len();
    let request = |body: Body| {
        let request = node.command(Method::POST, "v1/blocks", &token)?;
        Ok(request.header(CONTENT_TYPE, "application/vnd.ipld.car").header(CONTENT_LENGTH, length).body(body))
    };
    let answer = match upload_whole(server, bytes, request).await? {
        Uploaded::Whole(Ok(answer)) | Uploaded::Early(Ok(answer)) => answer,
        Uploaded::Whole(Err(error)) | Uploaded::Early(Err(error)) => return Err(broken(node, error, &last).await),
    };
    let stored: Stored = server.within(server.timeout, good(answer, &last)).await??;
    match stored.blocks {
        blocks if blocks == count => Ok(blocks),
        blocks => Err(server.senseless(&format!("it took {blocks} of {count} blocks"))),
    }
}

/// A node that refuses an upload may close the connection before its reason arrives. A CAR without blocks gets the reason.
async fn broken(node: &Node, error: StoreError, last: &Cid) -> StoreError {
    let asking = async {
        let token = node.token().await?;
        let car = car_of(stream::empty().in_box()).await?;
        let request = node.command(Method::POST, "v1/blocks", &token)?;
        let request = request.header(CONTENT_TYPE, "application/vnd.ipld.car").body(car);
        good::<IgnoredAny>(node.server.send(request).await?, last).await
    };
    match node.server.within(node.server.timeout, asking).await {
        Ok(Err(reason @ (StoreError::Refused { .. } | StoreError::Unreachable { .. } | StoreError::Full { .. }))) => {
            reason
        }
        _ => error,
    }
}
