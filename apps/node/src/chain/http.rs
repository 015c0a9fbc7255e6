//! JSON-RPC 2.0 over HTTP: one question, or some of them together.

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use futures::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    answer::{body_of, json, said_later},
    chain::{Chain, Problem},
    guard::Caller,
};

/// Where questions are sent.
pub(crate) const RPC: &str = "/v1/rpc";
/// The longest question: a call with a hundred grants as its data, in hex.
const LONGEST: usize = 128 * 1024;
/// The most questions together.
const TOGETHER: usize = 20;
/// The longest id that is repeated in an answer.
const LONGEST_ID: usize = 64;
/// When to come back if the chain does not answer.
const A_MOMENT: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Question<'a> {
    #[serde(borrow)]
    jsonrpc: Cow<'a, str>,
    #[serde(borrow)]
    id: &'a RawValue,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Answer {
    jsonrpc: &'static str,
    id: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Arc<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Refusal>,
}

#[derive(Serialize)]
struct Refusal {
    code: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
}

/// `POST /v1/rpc`.
pub(crate) fn routes(chain: Chain) -> Router {
    Router::new().route(RPC, post(ask)).with_state(chain)
}

async fn ask(State(chain): State<Chain>, Extension(caller): Extension<Caller>, body: Body) -> Response {
    let body = match body_of(body, LONGEST).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    if body.trim_ascii_start().first() != Some(&b'[') {
        return match chain.one(&body).await {
            Ok(answer) => json(&answer),
            Err(Problem::Busy) => busy(),
            Err(problem) => json(&refusal(RawValue::NULL.to_owned(), problem)),
        };
    }
    let Ok(questions) = serde_json::from_slice::<Vec<&RawValue>>(&body) else {
        return json(&refusal(RawValue::NULL.to_owned(), Problem::Malformed));
    };
    if questions.is_empty() || questions.len() > TOGETHER {
        let problem = Problem::Parameters("ask one to twenty questions together");
        return json(&refusal(RawValue::NULL.to_owned(), problem));
    }
    if let Err(wait) = caller.counts_also(questions.len() - 1) {
        return said_later(StatusCode::TOO_MANY_REQUESTS, "too many questions", wait);
    }
    let asked = join_all(questions.iter().map(|question| chain.one(question.get().as_bytes()))).await;
    if asked.iter().any(|answer| matches!(answer, Err(Problem::Busy))) {
        return busy();
    }
    let answers = asked.into_iter().map(|answer| match answer {
        Ok(answer) => answer,
        Err(problem) => refusal(RawValue::NULL.to_owned(), problem),
    });
    json(&answers.collect::<Vec<_>>())
}

impl Chain {
    /// The answer to one question; an error if the provider does not answer, or if it is no question.
    async fn one(&self, question: &[u8]) -> Result<Answer, Problem> {
        let question: Question<'_> = serde_json::from_slice(question).map_err(|_| Problem::Malformed)?;
        if question.jsonrpc != "2.0" || !is_id(question.id) {
            return Err(Problem::Malformed);
        }
        let id = question.id.to_owned();
        match self.answer(&question.method, question.params).await {
            Ok(result) => Ok(Answer { jsonrpc: "2.0", id, result: Some(result), error: None }),
            Err(Problem::Busy) => Err(Problem::Busy),
            Err(problem) => Ok(refusal(id, problem)),
        }
    }
}

/// A number, a text or null.
fn is_id(id: &RawValue) -> bool {
    id.get().len() <= LONGEST_ID && !id.get().starts_with(['{', '['])
}

fn refusal(id: Box<RawValue>, problem: Problem) -> Answer {
    let message = problem.to_string();
    let (code, data) = match problem {
        Problem::Refused { code, data, .. } => (code, data),
        Problem::Malformed => (-32600, None),
        Problem::Method(_) => (-32601, None),
        Problem::Parameters(_) => (-32602, None),
        Problem::Busy => (-32603, None),
    };
    Answer { jsonrpc: "2.0", id, result: None, error: Some(Refusal { code, message, data }) }
}

/// Clients wait for a service that is unavailable, and then ask again.
fn busy() -> Response {
    said_later(StatusCode::SERVICE_UNAVAILABLE, &Problem::Busy.to_string(), A_MOMENT).into_response()
}
