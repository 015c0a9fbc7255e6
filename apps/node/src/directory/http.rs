//! The directory over HTTP. Everything is by the host that the caller asks: a listing was signed for one.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    Extension, Router,
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hospital_record::{
    Address,
    directory::{Query, SignedListing},
};
use serde_json::{Value, json};

use crate::{
    answer::{self, body_of},
    browser::essence,
    directory::{problem::Problem, room::Room},
    guard::Caller,
};

/// Where the directory is.
pub(crate) const DIRECTORY: &str = "/v1/directory";
/// The longest request, in bytes: a listing in which every character is escaped.
const LONGEST: usize = 16 * 1024;

type From = Option<Extension<Caller>>;

/// `GET|PUT /v1/directory`, `GET|DELETE /v1/directory/{account}`.
pub(crate) fn routes(room: Room) -> Router {
    Router::new()
        .route(DIRECTORY, get(search).put(publish))
        .route("/v1/directory/{account}", get(one).delete(withdraw))
        .with_state(room)
}

async fn publish(State(room): State<Room>, from: From, headers: HeaderMap, body: Body) -> Response {
    if !essence(&headers).eq_ignore_ascii_case("application/json") {
        return refused(&room, Problem::Type);
    }
    let body = match body_of(body, LONGEST).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let published = async {
        let signed: SignedListing = serde_json::from_slice(&body)
            .map_err(|error| Problem::Malformed(format!("this is no signed listing: {error}")))?;
        room.publish(network(from), &host(&headers), &signed).await
    };
    match published.await {
        Ok(()) => answer::json(&json!({ "status": "published" })),
        Err(problem) => refused(&room, problem),
    }
}

async fn withdraw(State(room): State<Room>, uri: Uri, headers: HeaderMap) -> Response {
    let withdrawn = async { room.withdraw(&host(&headers), account(&uri)?, &headers).await };
    match withdrawn.await {
        Ok(was_listed) => answer::json(&json!({ "status": "withdrawn", "wasListed": was_listed })),
        Err(problem) => refused(&room, problem),
    }
}

async fn search(State(room): State<Room>, from: From, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let found = async {
        let query = Query::of_url(query.as_deref().unwrap_or_default());
        let query = query.map_err(|error| Problem::Malformed(error.to_string()))?;
        room.search(network(from), &host(&headers), &query).await
    };
    match found.await {
        Ok(found) => {
            let listings: Vec<Value> = found.listings.iter().filter_map(|one| serde_json::from_str(one).ok()).collect();
            not_kept(answer::json(&json!({ "listings": listings, "next": found.next })))
        }
        Err(problem) => refused(&room, problem),
    }
}

async fn one(State(room): State<Room>, uri: Uri, headers: HeaderMap) -> Response {
    let found = async { room.one(&host(&headers), account(&uri)?).await };
    match found.await {
        Ok(listing) => not_kept(([(header::CONTENT_TYPE, "application/json")], listing).into_response()),
        Err(problem) => refused(&room, problem),
    }
}

/// A proxy must not show a listing whose vouch has ended.
fn not_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

fn refused(room: &Room, problem: Problem) -> Response {
    room.0.metrics.refused(&problem);
    problem.into_response()
}

fn network(from: From) -> IpAddr {
    from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(caller)| caller.network)
}

/// The host that was asked, as it is signed. The guard has refused a request without one.
fn host(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_ascii_lowercase()
}

fn account(uri: &Uri) -> Result<Address, Problem> {
    let text = uri.path().rsplit('/').next().unwrap_or_default();
    text.parse().map_err(|_| Problem::Malformed("this is no address of an account".into()))
}
