//! JSON-RPC over HTTP whose answers are bounded, and whose errors keep their HTTP status.
//!
//! alloy's own transport reads an answer of any length into memory, and drops the status of an error whose body is a
//! JSON-RPC error: then a rate limit cannot be told apart from a final refusal.

use std::task::{Context, Poll};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut},
};
use reqwest::{Client, Response};
use tower_service::Service;
use url::Url;

/// Of an error's body no more is read: it is words.
const LONGEST_ERROR: usize = 64 << 10;

/// An answer is longer than is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its answer is longer than {most} bytes")]
pub(super) struct TooLong {
    pub(super) most: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Bounded {
    client: Client,
    url: Url,
    most: usize,
}

impl Bounded {
    pub(super) fn new(client: Client, url: Url, most: usize) -> Self {
        Self { client, url, most }
    }

    async fn ask(self, request: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let sent = self.client.post(self.url).headers(request.headers()).json(&request).send().await;
        let response = sent.map_err(TransportErrorKind::custom)?;
        let status = response.status();
        if !status.is_success() {
            // What of a long body was read still says what is wrong; the status says whether to ask again.
            let body = read(response, LONGEST_ERROR).await.unwrap_or_default();
            return Err(TransportErrorKind::http_error(status.as_u16(), String::from_utf8_lossy(&body).into_owned()));
        }
        let body = read(response, self.most).await?;
        serde_json::from_slice(&body).map_err(|error| TransportError::deser_err(error, String::from_utf8_lossy(&body)))
    }
}

/// At most `most` bytes are ever held, whatever length the answer says it has.
async fn read(mut response: Response, most: usize) -> Result<Vec<u8>, TransportError> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(TransportErrorKind::custom)? {
        if body.len() + part.len() > most {
            return Err(TransportErrorKind::custom(TooLong { most }));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
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
