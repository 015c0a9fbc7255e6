//! Listeners of events.

use std::collections::HashSet;

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{Response, sse::Event},
};
use hospital_record::Address;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{Said, said},
    events::{Events, Notice, window::News},
    guard::Caller,
    listening::{Cursor, Follows, event, last_id},
};

/// Where listeners come.
pub(crate) const EVENTS: &str = "/v1/events";
/// The most accounts of one listener.
const MOST_ACCOUNTS: usize = 64;

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
    Case,
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
    let cursor = match last_id(&headers) {
        Ok(cursor) => cursor,
        Err(wrong) => return said(StatusCode::BAD_REQUEST, wrong),
    };
    let changes = events.0.changes.subscribe();
    events.0.listening.clone().answer(&caller, changes, Followed { events, cursor, accounts }).await
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

/// The accounts of one listener.
struct Followed {
    events: Events,
    /// After this event; `None` for a new listener.
    cursor: Option<Cursor>,
    accounts: HashSet<Address>,
}

impl Follows for Followed {
    async fn news(&mut self) -> Option<Vec<Event>> {
        let window = self.events.window();
        let end = window.end();
        let news = match self.cursor {
            // The id of the first event is where a listener begins.
            None => vec![event(end, "begin", &json!({}))],
            Some(cursor) => match window.after(cursor) {
                News::All(notices) => {
                    let own = notices.iter().filter(|(_, notice)| self.accounts.contains(&notice.account));
                    own.map(|(at, notice)| told(*at, notice)).collect()
                }
                News::Missed => vec![event(end, "missed", &json!({}))],
            },
        };
        self.cursor = Some(end);
        Some(news)
    }

    fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }
}

fn told(at: Cursor, notice: &Notice) -> Event {
    event(at, notice.kind.name(), &json!({ "account": notice.account, "block": notice.block }))
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
