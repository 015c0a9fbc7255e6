//! Connections: their number, their time limits, and their end.

use std::{
    net::IpAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{limits::network, tls::Tls};

/// From the first byte of a connection, or the end of the request before, to the end of the next one's headers.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Headers of one request: their bytes, with the request's first line, and their number.
const HEADER_BYTES: usize = 16 * 1024;
const HEADER_COUNT: usize = 64;
/// The age at which a connection ends after its current answer; a caller can open another.
const CONNECTION_AGE: Duration = Duration::from_secs(120);
/// The further time after which it ends without an answer: an upload may take most of it.
const LAST_ANSWER_WITHIN: Duration = Duration::from_secs(180);
/// The pause after the system failed to accept a connection, for example with all files in use.
const PAUSE: Duration = Duration::from_millis(100);

/// The limits on connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connections {
    pub(crate) all: usize,
    /// For one network address; `None` behind a proxy, which has all connections.
    pub(crate) of_one: Option<usize>,
}

/// Serves until the stop signal; then each connection ends after its current answer.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    most: Connections,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let counted = Counted::default();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|stop| *stop) => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // A connection over the limit is closed at once: a waiting one would keep later callers out.
        if let Some(place) = counted.place(network(peer.ip()), most) {
            let router = router.clone().layer(Extension(ConnectInfo(peer)));
            connections.spawn(welcome(tls.clone(), stream, router, stop.clone(), place));
        }
    }
    while connections.join_next().await.is_some() {}
}

/// The place is held from the first byte, so that handshakes count too.
async fn welcome(tls: Option<Tls>, stream: TcpStream, router: Router, stop: watch::Receiver<bool>, _place: Place) {
    let Some(tls) = tls else { return connection(stream, router, stop).await };
    if let Some(stream) = tls.accept(stream).await {
        connection(stream, router, stop).await;
    }
}

async fn connection<S>(stream: S, router: Router, mut stop: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    http.max_buf_size(HEADER_BYTES).max_headers(HEADER_COUNT);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(CONNECTION_AGE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LAST_ANSWER_WITHIN, connection).await;
}

/// The networks of all open connections.
#[derive(Clone, Default)]
struct Counted(Arc<Mutex<Vec<IpAddr>>>);

/// Held while a connection is open.
struct Place {
    counted: Counted,
    network: IpAddr,
}

impl Counted {
    fn place(&self, network: IpAddr, most: Connections) -> Option<Place> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.iter().filter(|other| **other == network).count();
        if open.len() >= most.all || most.of_one.is_some_and(|most| own >= most) {
            return None;
        }
        open.push(network);
        Some(Place { counted: self.clone(), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.counted.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = open.iter().position(|network| *network == self.network) {
            open.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_network_has_its_share_of_connections_and_returns_them() {
        let (counted, most) = (Counted::default(), Connections { all: 3, of_one: Some(2) });
        let of = |last: u8| counted.place([192, 0, 2, last].into(), most);
        let (first, _second) = (of(1).unwrap(), of(1).unwrap());
        assert!(of(1).is_none());
        let _other = of(2).unwrap();
        assert!(of(3).is_none(), "three in all");
        drop(first);
        assert!(of(3).is_some());
    }
}
