//! A pin: it may take its time as long as it gets on, but it may not stand still.

use std::time::Duration;

use bytes::BytesMut;
use cid::Cid;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::store::{
    error::StoreError,
    kubo::{
        Kubo,
        rpc::{self, Answer, RpcError, SMALL},
    },
};

/// After so long without a further block it is asked whether one is missing. Kubo reports twice a second.
const DOUBT: Duration = Duration::from_secs(2);

pub(super) async fn pin(kubo: &Kubo, root: &Cid) -> Result<(), StoreError> {
    let rpc = &kubo.rpc;
    if !rpc.has(root).await? && !kubo.has_peers().await {
        return Err(StoreError::NotFound { cid: *root });
    }
    let query = [("arg", root.to_string()), ("progress", "true".to_owned())];
    let asking = async {
        let response = rpc.command("pin/add", &query)?.send().await.map_err(|error| rpc.unreachable(error))?;
        rpc.answer(response).await
    };
    let answer = rpc.within(rpc.timeout, asking).await?.map_err(|error| failed(kubo, root, error))?;
    let mut reports = Reports { answer, unread: BytesMut::new() };
    let mut pace = Pace::new(kubo);
    loop {
        match timeout_at(pace.until, reports.next()).await {
            Err(_) => pace.doubt(root).await?,
            Ok(Err(error)) => return Err(failed(kubo, root, error)),
            Ok(Ok(None)) => return Err(rpc.senseless("it ended without saying that the pin holds")),
            Ok(Ok(Some(report))) if report.pins.contains(&root.to_string()) => return Ok(()),
            Ok(Ok(Some(report))) => pace.moved(report.progress),
        }
    }
}

fn failed(kubo: &Kubo, root: &Cid, error: RpcError) -> StoreError {
    match error {
        RpcError::Told(text) if rpc::gave_up(&text) => {
            StoreError::NotFound { cid: rpc::missing_in(&text).unwrap_or(*root) }
        }
        error => kubo.rpc.failed(error),
    }
}

/// How long a pin may stay at the same number of blocks.
struct Pace<'a> {
    kubo: &'a Kubo,
    blocks: u64,
    patience: Duration,
    until: Instant,
    doubt: Doubt,
}

enum Doubt {
    None,
    Missing(Cid),
    Slow,
}

impl<'a> Pace<'a> {
    fn new(kubo: &'a Kubo) -> Self {
        let patience = DOUBT.min(kubo.rpc.timeout);
        Self { kubo, blocks: 0, patience, until: Instant::now() + patience, doubt: Doubt::None }
    }

    fn moved(&mut self, blocks: u64) {
        if blocks > self.blocks {
            *self = Self { blocks, ..Self::new(self.kubo) };
        }
    }

    /// Kubo waits for ever for a block that nobody has: finds out which, and gives its peers their time to bring it.
    async fn doubt(&mut self, root: &Cid) -> Result<(), StoreError> {
        match self.doubt {
            Doubt::Missing(cid) => return Err(StoreError::NotFound { cid }),
            Doubt::Slow => return Err(self.kubo.rpc.late(self.patience)),
            Doubt::None => {}
        }
        (self.doubt, self.patience) = match self.kubo.missing_below(root).await {
            Some(cid) if !self.kubo.has_peers().await => return Err(StoreError::NotFound { cid }),
            Some(cid) => (Doubt::Missing(cid), self.kubo.peers),
            None => (Doubt::Slow, self.kubo.rpc.timeout),
        };
        self.until = Instant::now() + self.patience;
        Ok(())
    }
}

impl Kubo {
    /// A block of the DAG that the node lacks; none where it does not know.
    async fn missing_below(&self, root: &Cid) -> Option<Cid> {
        let query = [("arg", root.to_string()), ("offline", "true".to_owned()), ("progress", "false".to_owned())];
        match self.rpc.ask("dag/stat", &query, SMALL).await {
            Err(RpcError::Told(text)) => rpc::missing_in(&text),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    #[serde(default)]
    progress: u64,
    #[serde(default)]
    pins: Vec<String>,
}

/// JSON lines as they arrive.
struct Reports<'a> {
    answer: Answer<'a>,
    unread: BytesMut,
}

impl Reports<'_> {
    async fn next(&mut self) -> Result<Option<Report>, RpcError> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line = self.unread.split_to(end + 1);
                return self.answer.json(&line, "its report makes no sense").map(Some);
            }
            match self.answer.next().await? {
                Some(bytes) if self.unread.len() + bytes.len() <= SMALL => self.unread.extend_from_slice(&bytes),
                Some(_) => return Err(self.answer.senseless("its report never ends")),
                None if self.unread.is_empty() => return Ok(None),
                // What is left has no end of its line.
                None => return self.answer.json(&self.unread.split(), "its report makes no sense").map(Some),
            }
        }
    }
}
