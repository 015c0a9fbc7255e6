//! An upload of pieces, which are made while they are sent.

use std::pin::pin;

use bytes::Bytes;
use futures::{
    Stream, StreamExt,
    future::{Either, select},
    stream,
};
use reqwest::{Body, RequestBuilder};
use tokio::sync::mpsc;

use super::{STEP, Uploaded};
use crate::store::{error::StoreError, server::Server};

enum Feeding {
    /// The pieces ended with this error.
    Input(StoreError),
    /// The connection takes no more: the answer says why.
    Closed,
    TimedOut(StoreError),
}

/// Sends the request that `request` makes of a body with these pieces. Memory use does not grow with their number.
pub(in crate::store) async fn upload<'a>(
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use url::Url;

    use super::*;

    /// Feeds one long piece to a connection that takes each part of it after this time.
    async fn fed(timeout: Duration, each: Duration) -> (Result<(), Feeding>, usize) {
        let server = Server::new("a node", String::new(), Url::parse("http://127.0.0.1:1").unwrap(), timeout);
        let (sender, mut receiver) = mpsc::channel::<Result<Bytes, StoreError>>(1);
        let take = async move {
            let mut taken = 0;
            while let Ok(Some(Ok(step))) = tokio::time::timeout(timeout * 9, receiver.recv()).await {
                taken += step.len();
                tokio::time::sleep(each).await;
            }
            taken
        };
        let piece = Bytes::from(vec![7; STEP * 4 + 1]);
        futures::join!(feed(&server, stream::iter([Ok(piece)]), sender), take)
    }

    #[tokio::test]
    async fn piece_may_take_longer_than_the_timeout_while_its_parts_do_not() {
        let second = Duration::from_secs(1);
        let (result, taken) = fed(second, second * 2 / 5).await;
        assert!(result.is_ok() && taken == STEP * 4 + 1, "{taken}");
        let (result, taken) = fed(second / 5, second).await;
        assert!(matches!(result, Err(Feeding::TimedOut(StoreError::TimedOut { .. }))), "{taken}");
    }
}
