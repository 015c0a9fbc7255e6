//! What the node offers, whether it is well, and its numbers.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use hospital_record::{
    Address, System,
    node::{NodeInfo, WELL_KNOWN},
};

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{A_MOMENT, Said, json, said_later},
    blocks, chain, directory, events, frames,
    guard::Guard,
    login, numbers, relay,
};

pub(crate) const HEALTH: &str = "/health";
pub(crate) const METRICS: &str = "/metrics";

/// The rooms that are switched on.
pub(crate) struct Node {
    system: System,
    pub(crate) guard: Arc<Guard>,
    pub(crate) relay: Option<relay::Service>,
    /// Whether it forwards questions to the chain, and tells of events.
    pub(crate) answers_questions: bool,
    pub(crate) blocks: Option<blocks::Room>,
    pub(crate) login: Option<login::Room>,
    pub(crate) frames: Option<frames::Room>,
    pub(crate) directory: Option<directory::Room>,
}

impl Node {
    pub(crate) fn new(system: System, guard: Arc<Guard>) -> Self {
        Self {
            system,
            guard,
            relay: None,
            answers_questions: false,
            blocks: None,
            frames: None,
            directory: None,
            login: None,
        }
    }

    pub(crate) fn contract(&self) -> Address {
        self.system.contract().address()
    }

    fn info(&self) -> NodeInfo {
        let at_root = |is_on: bool| is_on.then(|| "/".to_owned());
        let software = concat!("hospital-record-node ", env!("CARGO_PKG_VERSION"));
        let mut info = NodeInfo::new(self.system.contract(), software);
        info.rpc = self.answers_questions.then(|| chain::RPC.to_owned());
        info.events = self.answers_questions.then(|| events::EVENTS.to_owned());
        info.relay = at_root(self.relay.is_some());
        info.blocks = at_root(self.blocks.is_some());
        info.login = at_root(self.login.is_some());
        info.frames = self.frames.as_ref().map(|_| frames::FRAMES.to_owned());
        info.directory = self.directory.as_ref().map(|_| directory::DIRECTORY.to_owned());
        info
    }

    /// The reason why a room cannot serve.
    async fn health(&self) -> Result<(), String> {
        if let Some(blocks) = &self.blocks {
            blocks.health().await?;
        }
        if let Some(login) = &self.login {
            login.health().await?;
        }
        if let Some(frames) = &self.frames {
            frames.health().await?;
        }
        match &self.relay {
            Some(relay) => relay.health().await,
            None => self.system.ledger().newest().await.map(drop).map_err(|error| {
                tracing::warn!(%error, "the chain did not answer");
                "the chain does not answer this node at the moment".to_owned()
            }),
        }
    }
}

pub(crate) fn routes(node: Node) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(about))
        .routes(routes!(health))
        .routes(routes!(metrics))
        .with_state(Arc::new(node))
}

/// [`NodeInfo`], described.
#[derive(ToSchema)]
#[schema(as = NodeInfo, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
pub(crate) struct Info {
    /// Of this answer.
    version: u32,
    software: String,
    /// EIP-155.
    chain_id: u64,
    /// By name; `HospitalRecord` is always there.
    #[schema(value_type = BTreeMap<String, String>)]
    contracts: BTreeMap<String, Address>,
    /// Each service is a URL relative to the node's own address, and missing if it is off.
    rpc: Option<String>,
    events: Option<String>,
    /// `ipfs/CID`, `v1/blocks` and `v1/pins/CID` are below it.
    blocks: Option<String>,
    frames: Option<String>,
    directory: Option<String>,
    /// `v1/login` and `v1/vault` are below it.
    login: Option<String>,
    /// `v1/requests` is below it.
    relay: Option<String>,
}

/// Nothing is wrong.
#[derive(Serialize, ToSchema)]
struct Well {}

/// What this node offers
#[utoipa::path(
    get,
    path = WELL_KNOWN,
    tag = "node",
    responses((status = 200, description = "The rooms that are on, the chain and its contracts.", body = Info))
)]
async fn about(State(node): State<Arc<Node>>) -> Response {
    json(&node.info())
}

/// Whether this node can serve
#[utoipa::path(
    get,
    path = HEALTH,
    tag = "node",
    responses(
        (status = 200, description = "All is well.", body = Well),
        (status = 503, description = "What cannot be reached.", body = Said),
    )
)]
async fn health(State(node): State<Arc<Node>>) -> Response {
    node.health().await.map_or_else(|reason| unwell(&reason), |()| json(&Well {}))
}

fn unwell(reason: &str) -> Response {
    said_later(StatusCode::SERVICE_UNAVAILABLE, reason, A_MOMENT)
}

/// Numbers for Prometheus
#[utoipa::path(
    get,
    path = METRICS,
    tag = "node",
    responses((status = 200, description = "Prometheus' text format.", content_type = "text/plain", body = String))
)]
async fn metrics(State(node): State<Arc<Node>>) -> Response {
    let name = "hospital_record_node_limited_total";
    let help = "Requests that the rate limit of a network address refused.";
    let mut text = String::new();
    numbers::add(&mut text, (name, "counter", help), [("", node.guard.limited())]);
    if let Some(relay) = &node.relay {
        text.push_str(&relay.metrics().await);
    }
    if let Some(blocks) = &node.blocks {
        text.push_str(&blocks.metrics().await);
    }
    if let Some(login) = &node.login {
        text.push_str(&login.metrics().await);
    }
    if let Some(frames) = &node.frames {
        text.push_str(&frames.metrics().await);
    }
    if let Some(directory) = &node.directory {
        text.push_str(&directory.metrics().await);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn node_that_is_not_well_says_when_to_ask_again() {
        let response = unwell("the chain does not answer");
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key("retry-after"));
    }
}
