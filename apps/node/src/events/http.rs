//! Listeners of events.

use std::collections::HashSet;

use axum::{
    Extension, Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{Response, sse::Event},
    routing::get,
};
use hospital_record::Address;
use serde_json::json;

use crate::{
    answer::said,
    events::{Events, Notice, window::News},
    guard::Caller,
    listening::{Cursor, Follows, event, last_id},
};

/// Where listeners come.
pub(crate) const EVENTS: &str = "/v1/events";
/// The most accounts of one listener.
const MOST_ACCOUNTS: usize = 64;

/// `GET /v1/events?accounts=0x…,0x…`.
pub(crate) fn routes(events: Events) -> Router {
    Router::new().route(EVENTS, get(listen)).with_state(events)
}

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
