//! A put: all blocks as one CAR in one request.

use cid::Cid;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{
    Body,
    multipart::{Form, Part},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::{
    base::task::StreamInBox,
    store::{
        car::write_car,
        error::StoreError,
        kubo::rpc::Rpc,
        seam::Blocks,
        server::{Answer, SMALL, ServerError},
        upload::{Uploaded, upload},
    },
};

struct Sent {
    count: u64,
    last: Cid,
}

pub(super) async fn import(rpc: &Rpc, mut blocks: Blocks<'_>) -> Result<u64, StoreError> {
    let Some(first) = blocks.next().await.transpose()? else { return Ok(0) };
    let probe = first.cid;
    let mut sent = Sent { count: 0, last: probe };
    let blocks = stream::iter([Ok(first)]).chain(blocks).inspect_ok(|block| {
        sent = Sent { count: sent.count + 1, last: block.cid };
    });
    let query = [("pin-roots", "false".to_owned()), ("stats", "true".to_owned())];
    let request = |body: Body| {
        let file = Part::stream(body).file_name("blocks.car");
        Ok(rpc.command("dag/import", &query)?.multipart(Form::new().part("file", file)))
    };
    // It names no roots: they are known only at the end, and pins come later.
    let uploaded = upload(rpc, write_car(&[], blocks.in_box()), request).await?;
    match uploaded {
        Uploaded::Whole(Ok(answer)) => finish(rpc, answer, &sent).await,
        Uploaded::Early(Ok(answer)) => Err(refusal(rpc, answer, &probe).await),
        Uploaded::Whole(Err(error)) | Uploaded::Early(Err(error)) => Err(broken(rpc, error, &probe).await),
    }
}

/// A put succeeds if the node counted as many blocks as were sent, and has the last one.
async fn finish(rpc: &Rpc, answer: Answer<'_>, sent: &Sent) -> Result<u64, StoreError> {
    let whole = async { rpc.whole(rpc.good(answer).await?, SMALL).await };
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
async fn refusal(rpc: &Rpc, answer: Answer<'_>, probe: &Cid) -> StoreError {
    match rpc.within(rpc.timeout, rpc.good(answer)).await {
        Ok(Ok(_)) => rpc.senseless("it answered before it had all blocks"),
        Ok(Err(error)) => failed(rpc, error, probe),
        Err(error) => error,
    }
}

/// A node that refuses an upload may close the connection before its reason arrives. A small request gets the reason.
async fn broken(rpc: &Rpc, error: StoreError, probe: &Cid) -> StoreError {
    match rpc.has(probe).await {
        Err(reason @ (StoreError::Refused { .. } | StoreError::Unreachable { .. })) => reason,
        _ => error,
    }
}

fn failed(rpc: &Rpc, error: ServerError, cid: &Cid) -> StoreError {
    match error {
        ServerError::Told(reason) if reason.contains("mismatch in content integrity") => {
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
