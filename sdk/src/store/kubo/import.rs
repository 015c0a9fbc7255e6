//! A put: all blocks as one CAR file (version 1, <https://ipld.io/specs/transport/car/carv1/>) in one request.

use std::{io, pin::pin};

use bytes::{BufMut, Bytes, BytesMut};
use cid::Cid;
use futures::{
    Stream, StreamExt,
    future::{Either, select},
    stream,
};
use reqwest::{
    Body, Response,
    multipart::{Form, Part},
};
use serde::{Deserialize, de::IgnoredAny};
use tokio::sync::mpsc;

use crate::store::{
    error::StoreError,
    kubo::rpc::{Rpc, RpcError, SMALL},
    seam::Blocks,
};

use hospital_record_core::record::dag::Block;

/// `{"roots": [], "version": 1}` in dag-cbor, after its length. It names no roots: they are known only at the end, and
/// pins come later.
const CAR_HEADER: &[u8] = b"\x11\xa2eroots\x80gversion\x01";

struct Sent {
    count: u64,
    last: Cid,
}

enum Feeding {
    /// The blocks ended with this error.
    Input(StoreError),
    /// The connection takes no more blocks: the answer says why.
    Closed,
    TimedOut(StoreError),
}

pub(super) async fn import(rpc: &Rpc, mut blocks: Blocks<'_>) -> Result<u64, StoreError> {
    let Some(first) = blocks.next().await.transpose()? else { return Ok(0) };
    let probe = first.cid;
    // One block is being sent and one waits: a put takes no more memory than these.
    let (sender, receiver) = mpsc::channel(1);
    let feed = pin!(feed(rpc, stream::iter([Ok(first)]).chain(blocks), sender));
    let query = [("pin-roots", "false".to_owned()), ("stats", "true".to_owned())];
    let file = Part::stream(Body::wrap_stream(car(receiver))).file_name("blocks.car");
    let answer = pin!(rpc.command("dag/import", &query)?.multipart(Form::new().part("file", file)).send());
    match select(answer, feed).await {
        Either::Left((early, _)) => Err(refusal(rpc, early, &probe).await),
        Either::Right((Ok(sent), answer)) => {
            let answer = rpc.within(rpc.timeout, answer).await?;
            finish(rpc, answer, &sent, &probe).await
        }
        Either::Right((Err(Feeding::Closed), answer)) => {
            let early = rpc.within(rpc.timeout, answer).await?;
            Err(refusal(rpc, early, &probe).await)
        }
        Either::Right((Err(Feeding::Input(error) | Feeding::TimedOut(error)), _)) => Err(error),
    }
}

async fn feed(
    rpc: &Rpc,
    blocks: impl Stream<Item = Result<Block, StoreError>>,
    sender: mpsc::Sender<io::Result<Block>>,
) -> Result<Sent, Feeding> {
    let mut blocks = pin!(blocks);
    let (mut count, mut last) = (0, Cid::default());
    while let Some(block) = blocks.next().await {
        let block = match block {
            Ok(block) => block,
            Err(error) => {
                // An error aborts the request. A normal end would make it look complete.
                let broken = Err(io::Error::other("the blocks ended early"));
                let _ = rpc.within(rpc.timeout, sender.send(broken)).await;
                return Err(Feeding::Input(error));
            }
        };
        (count, last) = (count + 1, block.cid);
        let sent = rpc.within(rpc.timeout, sender.send(Ok(block))).await.map_err(Feeding::TimedOut)?;
        sent.map_err(|_| Feeding::Closed)?;
    }
    Ok(Sent { count, last })
}

fn car(mut receiver: mpsc::Receiver<io::Result<Block>>) -> impl Stream<Item = io::Result<Bytes>> {
    let blocks = stream::poll_fn(move |context| receiver.poll_recv(context));
    let frames = blocks.flat_map(|block| {
        let frame = match block {
            Ok(block) => [Some(Ok(frame_header(&block))), Some(Ok(block.bytes))],
            Err(error) => [Some(Err(error)), None],
        };
        stream::iter(frame.into_iter().flatten())
    });
    stream::iter([Ok(Bytes::from_static(CAR_HEADER))]).chain(frames)
}

fn frame_header(block: &Block) -> Bytes {
    let cid = block.cid.to_bytes();
    let mut length = unsigned_varint::encode::usize_buffer();
    let mut header = BytesMut::with_capacity(length.len() + cid.len());
    header.put_slice(unsigned_varint::encode::usize(cid.len() + block.bytes.len(), &mut length));
    header.put_slice(&cid);
    header.freeze()
}

/// A put succeeds if the node counted as many blocks as were sent, and has the last one.
async fn finish(rpc: &Rpc, answer: reqwest::Result<Response>, sent: &Sent, probe: &Cid) -> Result<u64, StoreError> {
    let response = match answer {
        Ok(response) => response,
        Err(error) => return Err(broken(rpc, error, probe).await),
    };
    let whole = async { rpc.answer(response).await?.whole(SMALL).await };
    let body = rpc.within(rpc.timeout, whole).await?.map_err(|error| failed(rpc, error, &sent.last))?;
    match imported(&body) {
        Some(count) if count == sent.count => {}
        Some(count) => return Err(rpc.senseless(&format!("it took {count} of {} blocks", sent.count))),
        None => {
            return rpc
                .json(&body, "it did not say how many blocks it took")
                .and_then(|IgnoredAny| Err(rpc.senseless("it did not say how many blocks it took")));
        }
    }
    if !rpc.has(&sent.last).await? {
        return Err(rpc.senseless("it says that it took all blocks, but lacks the last"));
    }
    Ok(sent.count)
}

/// The reason why the node answered before it had all blocks.
async fn refusal(rpc: &Rpc, answer: reqwest::Result<Response>, probe: &Cid) -> StoreError {
    match answer {
        Ok(response) => match rpc.within(rpc.timeout, rpc.answer(response)).await {
            Ok(Ok(_)) => rpc.senseless("it answered before it had all blocks"),
            Ok(Err(error)) => failed(rpc, error, probe),
            Err(error) => error,
        },
        Err(error) => broken(rpc, error, probe).await,
    }
}

/// A node that refuses an upload may close the connection before its reason arrives. A small request gets the reason.
async fn broken(rpc: &Rpc, error: reqwest::Error, probe: &Cid) -> StoreError {
    match rpc.has(probe).await {
        Err(reason @ (StoreError::Refused { .. } | StoreError::Unreachable { .. })) => reason,
        _ => rpc.unreachable(error),
    }
}

fn failed(rpc: &Rpc, error: RpcError, cid: &Cid) -> StoreError {
    match error {
        RpcError::Told(reason) if reason.contains("mismatch in content integrity") => {
            StoreError::Integrity { cid: *cid, reason }
        }
        error => rpc.failed(error),
    }
}

fn imported(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Line {
        stats: Option<Stats>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Stats {
        block_count: u64,
    }
    let lines = serde_json::Deserializer::from_slice(body).into_iter::<Line>();
    lines.filter_map(Result::ok).find_map(|line| line.stats).map(|stats| stats.block_count)
}
