//! Subscribing: the frames of a channel as server-sent events.
//!
//! Whoever knows the name of a channel may subscribe. A reader who lost access still gets ciphertext, without its key.

use axum::{
    Extension,
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response, sse::Event},
};
use base64ct::{Base64, Encoding};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    answer::{Said, said},
    frames::{
        Room,
        channel::Channel,
        publish::channel,
        rows::{Frame, Kept, Rows, cursor},
    },
    guard::Caller,
    listening::{Cursor, Follows, event, last_id},
};

/// Before the first frame of a channel that is not known yet.
const NOWHERE: Cursor = Cursor { run: 0, number: 0 };

/// Where a listener goes on.
#[derive(Clone, Copy)]
enum From {
    /// With the next new frame.
    Now,
    /// With the oldest one that is held.
    Oldest,
    /// After this frame.
    After(Cursor),
}

/// One event of a channel, described.
#[derive(ToSchema)]
#[schema(as = FrameEvent)]
#[expect(dead_code, reason = "a description")]
pub(super) struct Told {
    /// Where to go on. A sign of life has nothing else.
    id: String,
    /// `begin`, `frame` or `missed`.
    event: Option<String>,
    /// JSON: of a frame its number, its time in milliseconds since 1970, and its bytes in base64.
    data: Option<String>,
}

/// The frames of a channel, as server-sent events
#[utoipa::path(
    get,
    path = "/v1/frames/{account}/{channel}",
    tag = "frames",
    params(
        ("account" = String, Path, description = "The account of the channel.", pattern = "^0x[0-9a-fA-F]{40}$"),
        ("channel" = String, Path, description = "Its name.", pattern = "^[0-9a-f]{32}$"),
        ("after" = Option<String>, Query, description = "0, or where to go on.", pattern = "^(0|[0-9]{1,19}-[0-9]{1,19})$"),
        ("Last-Event-ID" = Option<String>, Header, description = "Where to go on.", pattern = "^[0-9]{1,19}-[0-9]{1,19}$"),
    ),
    responses(
        (status = 200, description = "The events, for 90 s.", content_type = "text/event-stream", body = Told),
        (status = 400, description = "No channel, or the id is not one of these events.", body = Said),
        (status = 503, description = "Too many listen.", body = Said),
    )
)]
pub(super) async fn subscribe(
    State(room): State<Room>,
    Extension(caller): Extension<Caller>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let channel = match channel(path.ok()) {
        Ok(channel) => channel,
        Err(problem) => return problem.into_response(),
    };
    let from = match last_id(&headers) {
        // It is newer than the address, which a browser repeats as it is.
        Ok(Some(cursor)) => Ok(From::After(cursor)),
        Ok(None) => after(query.as_deref().unwrap_or_default()),
        Err(wrong) => Err(wrong),
    };
    let from = match from {
        Ok(from) => from,
        Err(wrong) => return said(StatusCode::BAD_REQUEST, wrong),
    };
    let changes = room.0.listeners.of(channel);
    room.0.listening.answer(&caller, changes, Followed { rows: room.0.rows.clone(), channel, from }).await
}

fn after(query: &str) -> Result<From, &'static str> {
    match query.split('&').find_map(|pair| pair.strip_prefix("after=")) {
        None => Ok(From::Now),
        Some("0") => Ok(From::Oldest),
        Some(id) => id.parse().map(From::After).map_err(|()| "after is 0 or an id of these events"),
    }
}

/// A channel and one listener's place in it.
struct Followed {
    rows: Rows,
    channel: Channel,
    from: From,
}

impl Follows for Followed {
    async fn news(&mut self) -> Option<Vec<Event>> {
        let news = self.read().await;
        news.inspect_err(|error| tracing::warn!(%error, "the database did not answer a listener")).ok()
    }

    fn cursor(&self) -> Option<Cursor> {
        match self.from {
            From::After(cursor) => Some(cursor),
            _ => None,
        }
    }
}

impl Followed {
    async fn read(&mut self) -> sqlx::Result<Vec<Event>> {
        let kept = self.rows.channel(&self.channel).await?;
        let after = match self.from {
            From::Now => return Ok(self.begin(kept.map_or(NOWHERE, |kept| cursor(kept.run, kept.newest)))),
            From::Oldest => return Ok(self.begin(kept.map_or(NOWHERE, |kept| cursor(kept.run, kept.removed)))),
            From::After(after) => after,
        };
        let Some(kept) = kept else {
            return Ok(if after == NOWHERE { Vec::new() } else { self.missed(NOWHERE, None) });
        };
        let place = place(after, &kept);
        let frames = self.rows.after(kept.run, place.unwrap_or(kept.removed)).await?;
        let first = frames.first();
        let last = first.map_or(kept.newest, |frame| frame.place - 1);
        // They go on from its place, unless some were removed before this or meanwhile.
        if place.is_none_or(|place| first.map_or(place < kept.removed, |frame| frame.place != place + 1)) {
            return Ok(self.missed(cursor(kept.run, last), first));
        }
        Ok(self.go_on(kept.run, &frames))
    }

    fn begin(&mut self, at: Cursor) -> Vec<Event> {
        self.from = From::After(at);
        vec![event(at, "begin", &json!({}))]
    }

    /// The frames themselves follow.
    fn missed(&mut self, at: Cursor, first: Option<&Frame>) -> Vec<Event> {
        self.from = From::After(at);
        vec![event(at, "missed", &json!({ "first": first.map(|frame| frame.number) }))]
    }

    fn go_on(&mut self, run: i64, frames: &[Frame]) -> Vec<Event> {
        if let Some(last) = frames.last() {
            self.from = From::After(cursor(run, last.place));
        }
        let told = frames.iter().map(|frame| {
            let data = json!({ "number": frame.number, "at": frame.at, "frame": Base64::encode_string(&frame.bytes) });
            event(cursor(run, frame.place), "frame", &data)
        });
        told.collect()
    }
}

/// The listener's place in the channel; `None` if it is of another run, or was never reached.
fn place(after: Cursor, kept: &Kept) -> Option<i64> {
    let is_here = after == NOWHERE || after.run == kept.run.cast_unsigned();
    let place = i64::try_from(after.number).ok()?;
    (is_here && place <= kept.newest).then_some(place)
}
