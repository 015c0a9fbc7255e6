//! What the node offers, whether it is well, and its numbers.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hospital_record::{
    Address, System,
    node::{NodeInfo, WELL_KNOWN},
};

use crate::{
    answer::{json, said},
    blocks, chain, directory, events,
    guard::Guard,
    numbers, relay,
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
    pub(crate) directory: Option<directory::Room>,
}

impl Node {
    pub(crate) fn new(system: System, guard: Arc<Guard>) -> Self {
        Self { system, guard, relay: None, answers_questions: false, blocks: None, directory: None }
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
        info.directory = self.directory.as_ref().map(|_| directory::DIRECTORY.to_owned());
        info
    }

    /// The reason why a room cannot serve.
    async fn health(&self) -> Result<(), String> {
        if let Some(blocks) = &self.blocks {
            blocks.health().await?;
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

/// `GET /.well-known/hospital-record`, `GET /health`, `GET /metrics`.
pub(crate) fn routes(node: Node) -> Router {
    Router::new()
        .route(WELL_KNOWN, get(about))
        .route(HEALTH, get(health))
        .route(METRICS, get(metrics))
        .with_state(Arc::new(node))
}

async fn about(State(node): State<Arc<Node>>) -> Response {
    json(&node.info())
}

async fn health(State(node): State<Arc<Node>>) -> Response {
    match node.health().await {
        Ok(()) => said(StatusCode::OK, ""),
        Err(reason) => said(StatusCode::SERVICE_UNAVAILABLE, &reason),
    }
}

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
    if let Some(directory) = &node.directory {
        text.push_str(&directory.metrics().await);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}
