//! JSON-RPC over HTTP with a limit on answers. Errors keep their HTTP status.
//!
//! alloy's own transport reads an answer of any length into memory. It also drops the status of an error whose body is
//! a JSON-RPC error, so a rate limit looks like a final refusal.

use std::task::{Context, Poll};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket, ResponsePayload},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use reqwest::Response;
use tower_service::Service;
use url::Url;

use crate::platform::http::{Http, beginning, body_kind};

/// The maximum length of an error's body, which is only text.
const LONGEST_ERROR: usize = 64 << 10;

/// A shorter part of a URL is not a key but a word, like the name of a network.
const SHORTEST_KEY: usize = 16;

/// An answer is longer than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its answer is longer than {most} bytes")]
pub(super) struct TooLong {
    pub(super) most: usize,
}

/// The server does not speak JSON-RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it answered with {came}, and not as an RPC node does")]
pub(super) struct NotRpc {
    came: &'static str,
}

/// It has no `Debug`, because the URL may hold a key.
#[derive(Clone)]
pub(super) struct Bounded {
    http: Http,
    url: Url,
    most: usize,
}

impl Bounded {
    pub(super) fn new(http: Http, url: Url, most: usize) -> Self {
        Self { http, url, most }
    }

    async fn ask(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let post = self.http.post(self.url.clone()).map_err(TransportErrorKind::custom)?;
        let sent = post.headers(request.headers()).json(&request).send().await;
        let response = sent.map_err(TransportErrorKind::custom)?;
        let status = response.status();
        if !status.is_success() {
            // The part that was read of a long body still says what is wrong. The status says whether to retry.
            let body = read(response, LONGEST_ERROR).await.unwrap_or_default();
            let body = self.without_key(&String::from_utf8_lossy(&body));
            return Err(TransportErrorKind::http_error(status.as_u16(), body));
        }
        let body = read(response, self.most).await?;
        let answer = serde_json::from_slice(&body);
        let mut answer = answer.map_err(|_| TransportErrorKind::custom(NotRpc { came: body_kind(&body) }))?;
        if let ResponsePacket::Single(single) = &mut answer
            && let ResponsePayload::Failure(error) = &mut single.payload
        {
            error.message = self.without_key(&error.message).into();
        }
        Ok(answer)
    }

    /// Removes the key from a server's message, which may repeat the request's path.
    fn without_key(&self, text: &str) -> String {
        let keys = self.url.path_segments().into_iter().flatten().chain(self.url.query());
        let keys = keys.filter(|part| part.len() >= SHORTEST_KEY);
        keys.fold(text.to_owned(), |text, key| text.replace(key, "(key)"))
    }
}

/// Holds at most `most` bytes, whatever length the answer claims.
async fn read(response: Response, most: usize) -> Result<Vec<u8>, TransportError> {
    let body = beginning(response, most).await.map_err(TransportErrorKind::custom)?;
    if body.len() > most { Err(TransportErrorKind::custom(TooLong { most })) } else { Ok(body) }
}

impl Service<RequestPacket> for Bounded {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().ask(request))
    }
}
