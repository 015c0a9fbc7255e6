//! A pin: the node answers after some seconds at the latest, and is asked again while it makes progress.

use std::time::Duration;

use cid::Cid;
use reqwest::{Method, header::CONTENT_LENGTH};
use serde::Deserialize;

use crate::{
    platform::clock::{Instant, sleep_until},
    store::{
        error::StoreError,
        node::{Node, answer::good},
    },
};

/// How long a node may work on a pin before it answers, and some time for the answer.
const HOLD: Duration = Duration::from_secs(12);
/// A node that answers at once is not asked more often.
const PAUSE: Duration = Duration::from_millis(250);

#[derive(Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
enum Report {
    Pinned,
    Working { blocks: u64 },
    Unpinned,
}

pub(super) async fn pin(node: &Node, root: &Cid) -> Result<(), StoreError> {
    let server = &node.server;
    let (mut most, mut moved) = (None, Instant::now());
    loop {
        let asked = Instant::now();
        match ask(node, Method::PUT, root, server.timeout.max(HOLD)).await? {
            Report::Pinned => return Ok(()),
            Report::Working { blocks } if most.is_none_or(|most| blocks > most) => {
                (most, moved) = (Some(blocks), Instant::now());
            }
            Report::Working { .. } if moved.elapsed() >= server.timeout => return Err(server.late(server.timeout)),
            Report::Working { .. } => {}
            Report::Unpinned => return Err(server.senseless("it says that it removed a pin that it should set")),
        }
        sleep_until(asked + PAUSE).await;
    }
}

pub(super) async fn unpin(node: &Node, root: &Cid) -> Result<(), StoreError> {
    match ask(node, Method::DELETE, root, node.server.timeout).await? {
        Report::Unpinned => Ok(()),
        _ => Err(node.server.senseless("it does not say that it removed the pin")),
    }
}

async fn ask(node: &Node, method: Method, root: &Cid, patience: Duration) -> Result<Report, StoreError> {
    let token = node.token().await?;
    let asking = async {
        // Some proxies refuse a PUT that does not say that it has no body.
        let request = node.command(method, &format!("v1/pins/{root}"), &token)?.header(CONTENT_LENGTH, 0);
        good(node.server.send(request).await?, root).await
    };
    node.server.within(patience, asking).await?
}
