//! Server-sent events (WHATWG HTML). A listener who comes back with its last id misses nothing.

use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
    str::FromStr,
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use futures::{Stream, stream};
use hospital_record::Address;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::Instant,
};

use crate::{
    answer::{said, said_later},
    events::{Cursor, Events, Notice, window::News},
};

/// Where listeners come.
pub(crate) const EVENTS: &str = "/v1/events";
/// The most accounts of one listener.
const MOST_ACCOUNTS: usize = 64;
/// How long one answer lasts: less than a connection. The listener then comes back with its last id.
const LASTS: Duration = Duration::from_secs(90);
/// The interval of a sign of life.
const ALIVE: Duration = Duration::from_secs(15);
/// When to come back if too many listen.
const A_WHILE: Duration = Duration::from_secs(30);

/// `GET /v1/events?accounts=0x…,0x…`.
pub(crate) fn routes(events: Events) -> Router {
    Router::new().route(EVENTS, get(listen)).with_state(events)
}

async fn listen(State(events): State<Events>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let Some(accounts) = accounts(query.as_deref().unwrap_or_default()) else {
        return said(StatusCode::BAD_REQUEST, "name one to 64 accounts: ?accounts=0x...,0x...");
    };
    let cursor = match headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().parse::<Cursor>()) {
        None => None,
        Some(Ok(cursor)) => Some(cursor),
        Some(Err(())) => return said(StatusCode::BAD_REQUEST, "Last-Event-ID is not an id of these events"),
    };
    let Some(place) = events.place() else {
        return said_later(StatusCode::SERVICE_UNAVAILABLE, "too many listen at the moment", A_WHILE);
    };
    let listener = Listener {
        changes: events.0.changes.subscribe(),
        cursor,
        accounts,
        ready: VecDeque::new(),
        until: Instant::now() + LASTS,
        events,
        _place: place,
    };
    Sse::new(listener.stream()).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}

/// `None` if they are not one to 64 addresses.
fn accounts(query: &str) -> Option<HashSet<Address>> {
    let named = query.split('&').find_map(|pair| pair.strip_prefix("accounts="))?;
    let named: Vec<&str> = named.split(',').flat_map(|part| part.split("%2C")).collect();
    if named.len() > MOST_ACCOUNTS {
        return None;
    }
    named.into_iter().map(|one| one.parse().ok()).collect()
}

struct Listener {
    events: Events,
    changes: watch::Receiver<u64>,
    /// After this event; `None` for a new listener.
    cursor: Option<Cursor>,
    accounts: HashSet<Address>,
    ready: VecDeque<Event>,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async {
            loop {
                if let Some(event) = listener.ready.pop_front() {
                    return Some((Ok(event), listener));
                }
                listener.changes.mark_unchanged();
                listener.fill();
                if listener.ready.is_empty() {
                    let changed = tokio::time::timeout_at(listener.until, listener.changes.changed());
                    changed.await.ok()?.ok()?;
                }
            }
        })
    }

    /// Takes what came since the cursor.
    fn fill(&mut self) {
        let window = self.events.window();
        let Some(end) = window.end() else { return };
        let news = match self.cursor {
            // The id of the first event is where a listener begins.
            None => Some(event_at(end, "begin", &json!({}))),
            Some(cursor) => match window.after(cursor) {
                News::All(notices) => {
                    let own = notices.iter().filter(|notice| self.accounts.contains(&notice.account));
                    self.ready.extend(own.map(event));
                    None
                }
                News::Missed => Some(event_at(end, "missed", &json!({}))),
            },
        };
        self.ready.extend(news);
        self.cursor = Some(end.max(self.cursor.unwrap_or(end)));
    }
}

fn event(notice: &Notice) -> Event {
    event_at(notice.at, notice.kind.name(), &json!({ "account": notice.account, "block": notice.at.block }))
}

fn event_at(at: Cursor, name: &str, data: &serde_json::Value) -> Event {
    Event::default().id(format!("{}-{}", at.block, at.index)).event(name).data(data.to_string())
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (block, index) = text.split_once('-').ok_or(())?;
        Ok(Self { block: block.parse().map_err(drop)?, index: index.parse().map_err(drop)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listener_names_one_to_sixty_four_accounts() {
        let one = "0x1111111111111111111111111111111111111111";
        assert_eq!(accounts(&format!("accounts={one},{one}")).map(|all| all.len()), Some(1));
        assert_eq!(accounts(&format!("a=b&accounts={one}%2C{one}")).map(|all| all.len()), Some(1));
        for query in
            ["", "accounts=", "accounts=0x11", "accounts=ana", &format!("accounts={}", vec![one; 65].join(","))]
        {
            assert_eq!(accounts(query), None, "{query}");
        }
    }

    #[test]
    fn cursor_is_read_as_it_is_written() {
        assert_eq!("7-3".parse(), Ok(Cursor { block: 7, index: 3 }));
        for text in ["", "7", "-", "7-", "7-3-1", "a-1", "-1-1", "99999999999999999999-0"] {
            assert_eq!(text.parse::<Cursor>(), Err(()), "{text}");
        }
    }
}
