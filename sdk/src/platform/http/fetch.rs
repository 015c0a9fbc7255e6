//! HTTP of a browser, by its `fetch`: connections, certificates and redirects are the browser's.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use reqwest::{Client, Response};

use super::{Piece, causes};
use crate::base::task::{BoxStream, StreamInBox};

/// Deadlines are those of the callers: `fetch` has none.
pub(super) fn build(_: bool, _: Duration, _: Duration) -> Result<Client, String> {
    Client::builder().build().map_err(|error| causes(&error))
}

/// A browser does not say whether a connection was made.
pub(crate) fn is_connect(_: &reqwest::Error) -> bool {
    false
}

/// A browser does not say why a connection failed.
pub(crate) fn is_wrong_certificate(_: &(dyn Error + 'static)) -> bool {
    false
}

/// The pieces of an answer.
pub(crate) struct Incoming(BoxStream<'static, reqwest::Result<Bytes>>);

impl Incoming {
    pub(crate) fn of(response: Response) -> Self {
        Self(response.bytes_stream().in_box())
    }

    /// The next piece; `None` at a proper end.
    pub(crate) async fn next(&mut self) -> reqwest::Result<Option<Piece>> {
        Ok(self.0.next().await.transpose()?.map(Piece::Bytes))
    }
}
