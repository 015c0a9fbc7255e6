//! An upload: it may take any time while the server takes more of it, and times out when it does not.

use std::pin::pin;

use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    future::{Either, select},
    stream,
};
use reqwest::{Body, RequestBuilder};
use tokio::sync::mpsc;

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
    Early(Result<Answer<'a>, StoreError>),
}

enum Feeding {
    /// The pieces ended with this error.
    Input(StoreError),
    /// The connection takes no more: the answer says why.
    Closed,
    TimedOut(StoreError),
}

/// Sends the request that `request` makes of a body with these pieces. Memory use does not grow with their number.
pub(super) async fn upload<'a>(
    server: &'a Server,
    pieces: impl Stream<Item = Result<Bytes, StoreError>>,
    request: impl FnOnce(Body) -> Result<RequestBuilder, StoreError>,
) -> Result<Uploaded<'a>, StoreError> {
    // One piece is being sent and one waits: an upload takes no more memory than these.
    let (sender, mut receiver) = mpsc::channel(1);
    let body = Body::wrap_stream(stream::poll_fn(move |context| receiver.poll_recv(context)));
    let answer = pin!(server.send(request(body)?));
    let feed = pin!(feed(server, pieces, sender));
    match select(answer, feed).await {
        Either::Left((early, _)) => Ok(Uploaded::Early(early)),
        Either::Right((Ok(()), answer)) => Ok(Uploaded::Whole(server.within(server.timeout, answer).await?)),
        Either::Right((Err(Feeding::Closed), answer)) => {
            Ok(Uploaded::Early(server.within(server.timeout, answer).await?))
        }
        Either::Right((Err(Feeding::Input(error) | Feeding::TimedOut(error)), _)) => Err(error),
    }
}

async fn feed(
    server: &Server,
    pieces: impl Stream<Item = Result<Bytes, StoreError>>,
    sender: mpsc::Sender<Result<Bytes, StoreError>>,
) -> Result<(), Feeding> {
    let mut pieces = pin!(pieces);
    while let Some(piece) = pieces.next().await {
        let mut piece = match piece {
            Ok(piece) => piece,
            Err(error) => {
                // An error aborts the request. A normal end would make it look complete.
                let broken = Err(StoreError::Input("the blocks ended early".into()));
                let _ = server.within(server.timeout, sender.send(broken)).await;
                return Err(Feeding::Input(error));
            }
        };
        while !piece.is_empty() {
            let step = piece.split_to(piece.len().min(STEP));
            let sent = server.within(server.timeout, sender.send(Ok(step))).await.map_err(Feeding::TimedOut)?;
            sent.map_err(|_| Feeding::Closed)?;
        }
    }
    Ok(())
}
