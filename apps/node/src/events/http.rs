//! Server-sent events (WHATWG HTML). A listener who comes back with its last id misses nothing.

use std::{
    collections::{HashSet, VecDeque},
    convert::Infallible,
    time::Duration,
};

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderName, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, stream};
use hospital_record::Address;
use serde_json::json;
use tokio::{sync::watch, time::Instant};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{Said, said, said_later},
    events::{
        Events, Notice,
        window::{Cursor, News},
    },
    guard::Caller,
    places::Place,
};

/// Where listeners come.
pub(crate) const EVENTS: &str = "/v1/events";
/// The most accounts of one listener.
const MOST_ACCOUNTS: usize = 64;
/// How long one answer lasts: less than a connection. The listener then comes back with its last id.
const LASTS: Duration = Duration::from_secs(90);
/// The interval of a sign of life.
const ALIVE: Duration = Duration::from_secs(15);
/// How long a listener waits for its place.
const PLACE_WITHIN: Duration = Duration::from_secs(2);
/// When to come back if too many listen.
const A_WHILE: Duration = Duration::from_secs(30);

pub(crate) fn routes(events: Events) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(listen)).with_state(events)
}

/// One event, described.
#[derive(ToSchema)]
#[schema(as = Event)]
#[expect(dead_code, reason = "a description")]
struct Told {
    /// Where to go on. A sign of life has nothing else.
    id: String,
    event: Option<Name>,
    /// JSON: the account and the block of a journal or request, else nothing.
    data: Option<String>,
}

/// The name of an event, described.
#[derive(ToSchema)]
#[schema(as = EventName, rename_all = "lowercase")]
#[expect(dead_code, reason = "a description")]
enum Name {
    Begin,
    Journal,
    Request,
    Missed,
}

/// Which journals move, as server-sent events
#[utoipa::path(
    get,
    path = EVENTS,
    tag = "events",
    params(
        (
            "accounts" = String, Query, description = "One to 64 accounts.",
            pattern = "^0x[0-9a-fA-F]{40}(,0x[0-9a-fA-F]{40}){0,63}$"
        ),
        ("Last-Event-ID" = Option<String>, Header, description = "Where to go on.", pattern = "^[0-9]{1,19}-[0-9]{1,19}$"),
    ),
    responses(
        (status = 200, description = "The events, for 90 s.", content_type = "text/event-stream", body = Told),
        (status = 400, description = "No accounts, or the id is not one of these events.", body = Said),
        (status = 503, description = "Too many listen.", body = Said),
    )
)]
async fn listen(
    State(events): State<Events>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(accounts) = accounts(query.as_deref().unwrap_or_default()) else {
        return said(StatusCode::BAD_REQUEST, "name one to 64 accounts: ?accounts=0x...,0x...");
    };
    let cursor = match headers.get("last-event-id").map(|id| id.to_str().unwrap_or_default().parse::<Cursor>()) {
        None => None,
        Some(Ok(cursor)) => Some(cursor),
        Some(Err(())) => return said(StatusCode::BAD_REQUEST, "Last-Event-ID is not an id of these events"),
    };
    let Some(place) = events.0.places.take(caller.network, PLACE_WITHIN).await else {
        return said_later(StatusCode::SERVICE_UNAVAILABLE, "too many listen at the moment", A_WHILE);
    };
    let listener = Listener {
        changes: events.0.changes.subscribe(),
        stop: events.0.stop.clone(),
        cursor,
        accounts,
        ready: VecDeque::new(),
        until: Instant::now() + LASTS,
        events,
        _place: place,
    };
    // Proxies would wait for the end of the answer.
    ([(HeaderName::from_static("x-accel-buffering"), "no")], Sse::new(listener.stream())).into_response()
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
    stop: watch::Receiver<bool>,
    /// After this event; `None` for a new listener.
    cursor: Option<Cursor>,
    accounts: HashSet<Address>,
    ready: VecDeque<Event>,
    until: Instant,
    _place: Place,
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
                // An id without data: a listener whose accounts are quiet comes back with a newer one.
                self.ready.extend(self.cursor.map(|cursor| Event::default().id(cursor.to_string())));
                true
            }
        }
    }

    /// Takes what came since the cursor.
    fn fill(&mut self) {
        let window = self.events.window();
        let end = window.end();
        let news = match self.cursor {
            // The id of the first event is where a listener begins.
            None => Some(event_at(end, "begin", &json!({}))),
            Some(cursor) => match window.after(cursor) {
                News::All(notices) => {
                    let own = notices.iter().filter(|(_, notice)| self.accounts.contains(&notice.account));
                    self.ready.extend(own.map(|(at, notice)| event(*at, notice)));
                    None
                }
                News::Missed => Some(event_at(end, "missed", &json!({}))),
            },
        };
        self.ready.extend(news);
        self.cursor = Some(end);
    }
}

fn event(at: Cursor, notice: &Notice) -> Event {
    event_at(at, notice.kind.name(), &json!({ "account": notice.account, "block": notice.block }))
}

fn event_at(at: Cursor, name: &str, data: &serde_json::Value) -> Event {
    Event::default().id(at.to_string()).event(name).data(data.to_string())
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
}
