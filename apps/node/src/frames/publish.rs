//! Publishing: a frame is acknowledged when it is on the disk.

use std::{num::NonZeroU32, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use hospital_record::Address;
use serde::Serialize;
use tokio::{sync::oneshot, time::timeout};
use utoipa::ToSchema;

use crate::{
    answer::{Said, body_of, json},
    browser::{BYTES, essence},
    frames::{
        Room,
        channel::Channel,
        problem::{Problem, WithNext},
        rows::New,
        writer::Waiting,
    },
    listening::Cursor,
};

/// The longest frame in bytes.
pub(super) const LONGEST: usize = 64 << 10;
/// The time in which a frame must get its place among those that wait for the disk.
const PLACE_WITHIN: Duration = Duration::from_secs(10);

#[derive(Serialize, ToSchema)]
struct Published {
    id: String,
}

/// Publish a frame
#[utoipa::path(
    post,
    path = "/v1/frames/{account}/{channel}",
    tag = "frames",
    params(
        ("account" = String, Path, description = "The account of the channel.", pattern = "^0x[0-9a-fA-F]{40}$"),
        ("channel" = String, Path, description = "Its name.", pattern = "^[0-9a-f]{32}$"),
        ("number" = u64, Query, description = "The publisher's own; it ascends in a channel."),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    security(("session" = [])),
    responses(
        (status = 200, description = "It is on the disk.", body = Published),
        (status = 400, description = "No channel or number, or an empty frame.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The channel is of another account, or the node does not serve it.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 409, description = "Go on with another number.", body = WithNext),
        (status = 413, description = "The frame is too long.", body = Said),
        (status = 415, description = "Another type.", body = Said),
        (status = 429, description = "The account publishes too much.", body = Said),
        (status = 503, description = "The node is full, or its database or the chain does not answer.", body = Said),
        (status = 507, description = "The account has as many channels as it may have.", body = Said),
    )
)]
pub(super) async fn publish(
    State(room): State<Room>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    // The body comes first: a caller that still sends may not read an answer, and a frame is short.
    let bytes = match body_of(body, LONGEST).await {
        Ok(bytes) => bytes,
        Err(refused) => {
            let is_long = refused.status() == StatusCode::PAYLOAD_TOO_LARGE;
            room.0.metrics.refused(if is_long { "too_long" } else { "slow" });
            return refused;
        }
    };
    match room.publish(path.ok(), query.as_deref().unwrap_or_default(), &headers, bytes).await {
        Ok(cursor) => json(&Published { id: cursor.to_string() }),
        Err(problem) => {
            room.0.metrics.refused(problem.reason());
            problem.into_response()
        }
    }
}

impl Room {
    async fn publish(
        &self,
        path: Option<Path<(String, String)>>,
        query: &str,
        headers: &HeaderMap,
        bytes: Bytes,
    ) -> Result<Cursor, Problem> {
        let account = self.0.members.account(headers).await?;
        let channel = channel(path)?;
        if account != channel.account {
            return Err(Problem::NotOwn);
        }
        if !essence(headers).eq_ignore_ascii_case(BYTES) {
            return Err(Problem::Type);
        }
        let number = number(query).ok_or(Problem::Malformed("name the frame's number: ?number=7"))?;
        if bytes.is_empty() {
            return Err(Problem::Malformed("a frame has 1 byte to 64 KiB"));
        }
        self.count(account, bytes.len())?;
        self.store(New { channel, number, bytes }).await
    }

    /// Counts a frame against the limits of its account.
    fn count(&self, account: Address, length: usize) -> Result<(), Problem> {
        self.0.frames.take(&account).map_err(Problem::TooFast)?;
        let length = u32::try_from(length).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX);
        self.0.bytes.take_several(&account, length).map_err(Problem::TooFast)
    }

    async fn store(&self, frame: New) -> Result<Cursor, Problem> {
        let place = timeout(PLACE_WITHIN, self.0.writer.reserve()).await;
        let place = place.ok().and_then(Result::ok).ok_or(Problem::Unavailable)?;
        let (answer, stored) = oneshot::channel();
        place.send(Waiting { frame, answer });
        stored.await.unwrap_or(Err(Problem::Unavailable))
    }
}

pub(super) fn channel(path: Option<Path<(String, String)>>) -> Result<Channel, Problem> {
    let channel = path.and_then(|Path((account, name))| Channel::parse(&account, &name));
    channel.ok_or(Problem::Malformed("a channel is /v1/frames/0x.../ and 32 hex digits in lower case"))
}

fn number(query: &str) -> Option<u64> {
    let digits = query.split('&').find_map(|pair| pair.strip_prefix("number="))?;
    digits.parse().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_is_decimal() {
        for (query, expected) in [
            ("number=7", Some(7)),
            ("a=b&number=0", Some(0)),
            ("number=18446744073709551615", Some(u64::MAX)),
            ("number=18446744073709551616", None),
            ("number=+7", None),
            ("number=-1", None),
            ("number=0x7", None),
            ("number=", None),
            ("numbers=7", None),
            ("", None),
        ] {
            assert_eq!(number(query), expected, "{query}");
        }
    }
}
