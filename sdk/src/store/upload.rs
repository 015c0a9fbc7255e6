//! An upload: it may take any time while the server takes more of it, and times out when it does not.

#[cfg(not(target_family = "wasm"))]
mod pieces;

use bytes::Bytes;
use reqwest::{Body, RequestBuilder};

#[cfg(not(target_family = "wasm"))]
pub(super) use self::pieces::upload;
use crate::store::{
    error::StoreError,
    server::{Answer, Server},
};

/// The server must take so many bytes within its timeout.
const STEP: usize = 256 << 10;

/// The answer to an upload, or the end of the connection.
pub(super) enum Uploaded<'a> {
    /// After everything was sent.
    Whole(Result<Answer<'a>, StoreError>),
    /// Before that: the server takes no more.
    #[cfg_attr(target_family = "wasm", expect(dead_code, reason = "a browser does not tell"))]
    Early(Result<Answer<'a>, StoreError>),
}

/// Sends the request that `request` makes of these bytes.
#[cfg(not(target_family = "wasm"))]
pub(super) async fn upload_whole<'a>(
    server: &'a Server,
    bytes: Bytes,
    request: impl FnOnce(Body) -> Result<RequestBuilder, StoreError>,
) -> Result<Uploaded<'a>, StoreError> {
    upload(server, futures::stream::iter([Ok(bytes)]), request).await
}

/// Sends the request that `request` makes of these bytes. A browser does not say how much of them the server took.
#[cfg(target_family = "wasm")]
pub(super) async fn upload_whole<'a>(
    server: &'a Server,
    bytes: Bytes,
    request: impl FnOnce(Body) -> Result<RequestBuilder, StoreError>,
) -> Result<Uploaded<'a>, StoreError> {
    let steps = u32::try_from(bytes.len() / STEP + 1).unwrap_or(u32::MAX);
    let answer = server
        .within(server.timeout.saturating_mul(steps), server.send_blob(request(Body::default())?, &bytes))
        .await?;
    Ok(Uploaded::Whole(answer))
}
