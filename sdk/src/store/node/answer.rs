//! What a node answers to a request that writes, and what its errors mean.

use cid::Cid;
use reqwest::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    platform::http,
    store::{
        error::StoreError,
        server::{Answer, SMALL},
    },
};

/// The body of an error.
#[derive(Deserialize)]
struct Problem {
    error: String,
    /// The block that a pin lacks.
    missing: Option<String>,
}

/// The body of an answer with status 200 or 202. Other answers are errors; `cid` is the block that they are about if they
/// name none.
pub(super) async fn good<T: DeserializeOwned>(answer: Answer<'_>, cid: &Cid) -> Result<T, StoreError> {
    if !matches!(answer.status, StatusCode::OK | StatusCode::ACCEPTED) {
        return Err(failure(answer, cid).await);
    }
    let server = answer.server;
    let body = answer.whole(SMALL).await.map_err(|error| server.failed(error))?;
    server.json(&body, "its answer is JSON of another kind")
}

async fn failure(answer: Answer<'_>, cid: &Cid) -> StoreError {
    let (server, status) = (answer.server, answer.status);
    let (otherwise, status_and_wait) = (answer.unexpected(), answer.status_and_wait());
    if status.is_redirection() {
        return otherwise;
    }
    let body = match answer.whole(SMALL).await {
        Ok(body) => body,
        Err(error) => return server.failed(error),
    };
    let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
        return match status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                server.refused(format!("this is not a node that stores blocks (HTTP {})", status.as_u16()))
            }
            status if http::is_passing(status) && !http::is_page(&body) => otherwise,
            _ => server.stranger(http::body_kind(&body), status),
        };
    };
    let url = server.url.clone();
    let reason = match http::one_line(&problem.error) {
        text if text.is_empty() => status_and_wait.clone(),
        text => text,
    };
    match status {
        StatusCode::INSUFFICIENT_STORAGE => StoreError::Full { url },
        StatusCode::UNPROCESSABLE_ENTITY => StoreError::Integrity { cid: named_in(&reason).unwrap_or(*cid), reason },
        StatusCode::NOT_FOUND => match problem.missing.and_then(|missing| missing.parse().ok()) {
            Some(cid) => StoreError::NotFound { cid },
            None => server.refused(reason),
        },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::METHOD_NOT_ALLOWED => server.refused(reason),
        status if status == StatusCode::REQUEST_TIMEOUT || http::is_passing(status) => {
            StoreError::Unreachable { url, reason: format!("{reason} ({status_and_wait})"), source: None }
        }
        _ => StoreError::Failed { url, reason, source: None },
    }
}

/// The first CID in a text.
fn named_in(text: &str) -> Option<Cid> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| word.parse().ok())
}
