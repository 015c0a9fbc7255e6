//! The requests of the room of logins.

mod begin;
mod vault;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use hospital_record::node::{checked_user, messages::Bytes};
use hospital_record_core::vault::opaque;
use serde::{Serialize, de::DeserializeOwned};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{body_of, json, not_kept},
    guard::Caller,
    login::{Room, keys::Id, problem::Problem},
};

/// The longest body of a request in bytes.
const LONGEST: usize = 8 << 10;

pub(crate) fn routes(room: Room) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(begin::begin))
        .routes(routes!(begin::prove))
        .routes(routes!(begin::live))
        .routes(routes!(begin::end))
        .routes(routes!(vault::end_all))
        .routes(routes!(vault::status, vault::put_vault, vault::delete_vault))
        .routes(routes!(vault::begin_vault))
        .routes(routes!(vault::put_way))
        .with_state(room)
}

async fn answer<T: DeserializeOwned, A: Serialize>(
    body: Body,
    work: impl AsyncFnOnce(T) -> Result<A, Problem>,
) -> Response {
    let body = match body_of(body, LONGEST).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match serde_json::from_slice(&body) {
        Ok(request) => said(work(request).await),
        // The error of the parser would repeat what was sent.
        Err(_) => malformed("this is not a request of a login: update this program").into_response(),
    }
}

/// No answer is kept anywhere on its way.
fn said<A: Serialize>(result: Result<A, Problem>) -> Response {
    not_kept(result.map_or_else(Problem::into_response, |answer| json(&answer)))
}

async fn network(room: &Room, caller: &Caller) -> Result<Id, Problem> {
    room.0.keys.id("network", caller.network.to_string().as_bytes()).await
}

/// No message of a client is longer.
fn short(message: &Bytes) -> Result<(), Problem> {
    match message.len() > opaque::LONGEST_MESSAGE {
        true => Err(malformed("this is not a request of a login: it is too long")),
        false => Ok(()),
    }
}

/// One spelling, whatever the client did.
fn user(typed: &str) -> Result<String, Problem> {
    checked_user(typed).map_err(|error| malformed(&error.to_string()))
}

fn malformed(what: &str) -> Problem {
    Problem::Malformed(what.to_owned())
}

fn random() -> Result<Id, Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no randomness");
        Problem::Unavailable
    })?;
    Ok(bytes)
}
