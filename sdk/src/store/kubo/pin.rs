//! A pin: it may take any time while it makes progress, and times out without progress.

use std::time::Duration;

use bytes::BytesMut;
use cid::Cid;
use serde::Deserialize;

use crate::{
    platform::clock::{Instant, timeout_at},
    store::{
        error::StoreError,
        kubo::{Kubo, rpc},
        server::{Answer, SMALL, ServerError},
    },
};

/// After this time without another block, the node is asked whether a block is missing. Kubo reports progress twice a
/// second.
const DOUBT: Duration = Duration::from_secs(2);

pub(super) async fn pin(kubo: &Kubo, root: &Cid) -> Result<(), StoreError> {
    let rpc = &kubo.rpc;
    if !rpc.has(root).await? && !kubo.has_peers().await {
        return Err(StoreError::NotFound { cid: *root });
    }
    let query = [("arg", root.to_string()), ("progress", "true".to_owned())];
    let asking = async { rpc.good(rpc.send(rpc.command("pin/add", &query)?).await?).await };
    let answer = rpc.within(rpc.timeout, asking).await?.map_err(|error| failed(kubo, root, error))?;
    let mut reports = Reports { answer, unread: BytesMut::new() };
    let mut pace = Pace::new(kubo);
    loop {
        match timeout_at(pace.until, reports.next()).await {
            Err(_) => pace.doubt(root).await?,
            Ok(Err(error)) => return Err(failed(kubo, root, error)),
            Ok(Ok(None)) => return Err(rpc.senseless("it ended without a confirmation of the pin")),
            Ok(Ok(Some(report))) if report.pins.contains(&root.to_string()) => return Ok(()),
            Ok(Ok(Some(report))) => pace.moved(report.progress),
        }
    }
}

fn failed(kubo: &Kubo, root: &Cid, error: ServerError) -> StoreError {
    match error {
        ServerError::Told(text) if rpc::gave_up(&text) => {
            StoreError::NotFound { cid: rpc::missing_in(&text).unwrap_or(*root) }
        }
        error => kubo.rpc.failed(error),
    }
}

/// Limits how long a pin may stay at the same number of blocks.
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

    /// Finds the block that the pin waits for, and gives the peers time to send it. Kubo alone would wait forever for a
    /// block that nobody has.
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
    /// A block of the DAG that the node lacks; `None` if it does not know.
    async fn missing_below(&self, root: &Cid) -> Option<Cid> {
        let query = [("arg", root.to_string()), ("offline", "true".to_owned()), ("progress", "false".to_owned())];
        match self.rpc.ask("dag/stat", &query, SMALL).await {
            Err(ServerError::Told(text)) => rpc::missing_in(&text),
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
    async fn next(&mut self) -> Result<Option<Report>, ServerError> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line = self.unread.split_to(end + 1);
                return Ok(Some(self.answer.server.json(&line, "its report is invalid")?));
            }
            match self.answer.next().await? {
                Some(bytes) if self.unread.len() + bytes.len() <= SMALL => self.unread.extend_from_slice(&bytes),
                Some(_) => return Err(self.answer.server.senseless("its report never ends").into()),
                None if self.unread.is_empty() => return Ok(None),
                // The rest has no end of line.
                None => return Ok(Some(self.answer.server.json(&self.unread.split(), "its report is invalid")?)),
            }
        }
    }
}
