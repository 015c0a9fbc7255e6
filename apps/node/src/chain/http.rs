//! JSON-RPC 2.0 over HTTP: one question, or some of them together.

use std::{borrow::Cow, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{Said, body_of, json, said_later},
    chain::{Chain, LONGEST_ANSWER, Problem},
    guard::Caller,
    places::Place,
};

/// Where questions are sent.
pub(crate) const RPC: &str = "/v1/rpc";
/// The longest question: a call with a hundred grants as its data, in hex.
const LONGEST: usize = 128 * 1024;
/// The most questions together.
const TOGETHER: usize = 20;
/// The longest id that is repeated in an answer.
const LONGEST_ID: usize = 64;
/// An answer that is sent in one piece.
const SHORT: usize = 64 * 1024;
/// When to come back if the chain does not answer.
const A_MOMENT: Duration = Duration::from_secs(1);

#[derive(Deserialize, ToSchema)]
struct Question<'a> {
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^2\\.0$")]
    jsonrpc: Cow<'a, str>,
    /// A number, a text or null.
    #[serde(borrow)]
    #[schema(value_type = Value)]
    id: &'a RawValue,
    #[serde(borrow)]
    #[schema(value_type = String)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    #[schema(value_type = Vec<Value>, required = false)]
    params: Option<&'a RawValue>,
}

#[derive(Serialize, ToSchema)]
struct Answer {
    #[schema(value_type = String)]
    jsonrpc: &'static str,
    #[schema(value_type = Value)]
    id: Box<RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    result: Option<Arc<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<Refusal>,
}

#[derive(Serialize, ToSchema)]
struct Refusal {
    code: i64,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value)]
    data: Option<Box<RawValue>>,
}

/// One, or up to 20 together.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description")]
enum Questions<'a> {
    #[serde(borrow)]
    One(Question<'a>),
    #[serde(borrow)]
    Several(Vec<Question<'a>>),
}

/// As many as there were questions; one if they could not be read.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "a description")]
enum Answers {
    One(Answer),
    Several(Vec<Answer>),
}

pub(crate) fn routes(chain: Chain) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(ask)).with_state(chain)
}

/// Questions to the chain, by JSON-RPC 2.0
#[utoipa::path(
    post,
    path = RPC,
    tag = "questions",
    request_body(content = Questions, description = "At most 128 KiB."),
    responses(
        (status = 200, description = "The answers. A question that is refused has its error here.", body = Answers),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 413, description = "It is too long.", body = Said),
        (status = 503, description = "The chain does not answer, or too many ask.", body = Said),
    )
)]
async fn ask(State(chain): State<Chain>, Extension(caller): Extension<Caller>, body: Body) -> Response {
    let body = match body_of(body, LONGEST).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    let Ok(turn) = chain.turn(caller.network).await else { return busy() };
    if body.trim_ascii_start().first() != Some(&b'[') {
        return match chain.one(&body).await {
            Ok(answer) => sent(&answer, turn),
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
    match chain.several(&questions).await {
        Ok(answers) => sent(&answers, turn),
        Err(_) => busy(),
    }
}

/// The turn ends when the caller has taken the answer: many slow callers would fill the memory.
fn sent(answer: &impl Serialize, turn: Place) -> Response {
    let bytes = Bytes::from(serde_json::to_vec(answer).unwrap_or_default());
    if bytes.len() <= SHORT {
        return ([(header::CONTENT_TYPE, "application/json")], bytes).into_response();
    }
    let parts = stream::unfold((bytes, turn), |(mut rest, turn)| async {
        let part = rest.split_to(rest.len().min(SHORT));
        (!part.is_empty()).then(|| (Ok::<_, Infallible>(part), (rest, turn)))
    });
    ([(header::CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response()
}

impl Chain {
    /// The answers, one after the other. With those that are too long together, the rest are refused.
    async fn several(&self, questions: &[&RawValue]) -> Result<Vec<Answer>, Problem> {
        let (mut answers, mut length) = (Vec::new(), 0);
        for question in questions {
            let answer = match length > LONGEST_ANSWER {
                false => self.one(question.get().as_bytes()).await,
                true => Err(Problem::TooLong),
            };
            let answer = match answer {
                Err(Problem::Busy) => return Err(Problem::Busy),
                Err(problem) => refusal(RawValue::NULL.to_owned(), problem),
                Ok(answer) => answer,
            };
            length += answer.result.as_ref().map_or(0, |result| result.get().len());
            answers.push(answer);
        }
        Ok(answers)
    }

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
        Problem::TooLong => (-32005, None),
        Problem::Busy => (-32603, None),
    };
    Answer { jsonrpc: "2.0", id, result: None, error: Some(Refusal { code, message, data }) }
}

/// Clients wait for a service that is unavailable, and then ask again.
fn busy() -> Response {
    said_later(StatusCode::SERVICE_UNAVAILABLE, &Problem::Busy.to_string(), A_MOMENT).into_response()
}
