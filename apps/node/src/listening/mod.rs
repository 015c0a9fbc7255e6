//! Server-sent events (WHATWG HTML) of all rooms. A listener who comes back with its last id misses nothing.

mod cursor;

use std::{collections::VecDeque, convert::Infallible, future::Future, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, stream};
use tokio::{sync::watch, time::Instant};

pub(crate) use self::cursor::Cursor;
use crate::{
    answer::said_later,
    guard::Caller,
    places::{Place, Places},
};

/// How long one answer lasts: less than a connection. The listener then comes back with its last id.
const LASTS: Duration = Duration::from_secs(90);
/// The interval of a sign of life.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a listener waits for its place.
const PLACE_WITHIN: Duration = Duration::from_secs(2);
/// When to come back if too many listen.
const A_WHILE: Duration = Duration::from_secs(30);

/// The places of all listeners: each holds a connection.
#[derive(Clone)]
pub(crate) struct Listening(Arc<Inner>);

struct Inner {
    places: Places<IpAddr>,
    stop: watch::Receiver<bool>,
}

/// What one listener follows.
pub(crate) trait Follows: Send + 'static {
    /// What came since the last call; nothing if it must wait for a change. `None` ends the answer.
    fn news(&mut self) -> impl Future<Output = Option<Vec<Event>>> + Send;

    /// Up to where the listener has everything, if that is known.
    fn cursor(&self) -> Option<Cursor>;
}

impl Listening {
    /// Half of the connections can listen, so that the others can always ask; a sixteenth of them for one network.
    pub(crate) fn new(connections: usize, stop: watch::Receiver<bool>) -> Self {
        let places = Places::new(connections / 2, (connections / 16).max(1));
        Self(Arc::new(Inner { places, stop }))
    }

    /// The answer to a listener, which is told of news after each change.
    pub(crate) async fn answer<F: Follows>(
        &self,
        caller: &Caller,
        changes: watch::Receiver<u64>,
        follows: F,
    ) -> Response {
        let Some(place) = self.0.places.take(caller.network, PLACE_WITHIN).await else {
            return said_later(StatusCode::SERVICE_UNAVAILABLE, "too many listen at the moment", A_WHILE);
        };
        let (ready, until, stop) = (VecDeque::new(), Instant::now() + LASTS, self.0.stop.clone());
        let listener = Listener { follows, changes, stop, ready, until, _place: place };
        // Proxies would wait for the end of the answer.
        ([(HeaderName::from_static("x-accel-buffering"), "no")], Sse::new(listener.stream())).into_response()
    }
}

/// The id that a listener comes back with, or what is wrong with it.
pub(crate) fn last_id(headers: &HeaderMap) -> Result<Option<Cursor>, &'static str> {
    match headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().parse()) {
        None => Ok(None),
        Some(Ok(cursor)) => Ok(Some(cursor)),
        Some(Err(())) => Err("Last-Event-ID is not an id of these events"),
    }
}

/// An event with its id, its name and its data.
pub(crate) fn event(at: Cursor, name: &str, data: &serde_json::Value) -> Event {
    Event::default().id(at.to_string()).event(name).data(data.to_string())
}

struct Listener<F> {
    follows: F,
    changes: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    ready: VecDeque<Event>,
    until: Instant,
    _place: Place,
}

impl<F: Follows> Listener<F> {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async {
            loop {
                if *listener.stop.borrow() || Instant::now() >= listener.until {
                    return None;
                }
                if let Some(event) = listener.ready.pop_front() {
                    return Some((Ok(event), listener));
                }
                // Before the look: what comes during it counts as a change.
                listener.changes.mark_unchanged();
                listener.ready.extend(listener.follows.news().await?);
                if listener.ready.is_empty() && !listener.wait().await {
                    return None;
                }
            }
        })
    }

    /// Waits for a change, or sends a sign of life; false at the end.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            _ = self.stop.wait_for(|stop| *stop) => false,
            changed = self.changes.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(self.until) => false,
            () = tokio::time::sleep(ALIVE) => {
                // An id without data: a listener with no news comes back with a newer one.
                self.ready.extend(self.follows.cursor().map(|cursor| Event::default().id(cursor.to_string())));
                true
            }
        }
    }
}
