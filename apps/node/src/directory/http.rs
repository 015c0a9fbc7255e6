//! The directory over HTTP. Everything is by the host that the caller asks: a listing was signed for one.

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    http::{HeaderMap, Uri, header},
    response::{IntoResponse, Response},
};
use hospital_record::{
    Address,
    directory::{Query, SignedListing},
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    answer::{self, Said, body_of, last_of, not_kept},
    browser::{essence, host},
    directory::{problem::Problem, room::Room},
    guard::Caller,
};

/// Where the directory is.
pub(crate) const DIRECTORY: &str = "/v1/directory";
/// The longest request, in bytes: a listing in which every character is escaped.
const LONGEST: usize = 16 * 1024;

type From = Option<Extension<Caller>>;

pub(crate) fn routes(room: Room) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(search, publish)).routes(routes!(one, withdraw)).with_state(room)
}

/// A listing, described.
#[derive(ToSchema)]
#[schema(as = Listing, rename_all = "camelCase")]
#[expect(dead_code, reason = "a description")]
pub(super) struct Described {
    account: String,
    host: String,
    name: String,
    /// FHIR's `PractitionerRole.specialty`, as text.
    specialty: Vec<String>,
    /// FHIR's `Practitioner.communication`: tags of BCP 47.
    communication: Vec<String>,
    card: String,
    /// In seconds since 1970.
    issued_at: u64,
    /// By the account (EIP-712).
    signature: String,
}

/// A page of listings, described.
#[derive(ToSchema)]
#[schema(as = Listings)]
#[expect(dead_code, reason = "a description")]
struct Listings {
    listings: Vec<Described>,
    /// The `after` of the next page.
    next: Option<String>,
}

/// The same as it is sent: the listings as they are kept.
#[derive(Serialize)]
struct Page {
    listings: Vec<Box<RawValue>>,
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PublishedListing)]
struct Published {
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WithdrawnListing)]
struct Withdrawn {
    status: &'static str,
    was_listed: bool,
}

/// List oneself
#[utoipa::path(
    put,
    path = DIRECTORY,
    tag = "directory",
    request_body = Described,
    responses(
        (status = 200, description = "It is on disk.", body = Published),
        (status = 400, description = "No listing, query or address that can be right.", body = Said),
        (status = 403, description = "Nobody vouches for the account, or the session is of another one.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 409, description = "A listing that is as new is here.", body = Said),
        (status = 413, description = "The listing is too long.", body = Said),
        (status = 415, description = "Another type.", body = Said),
        (status = 421, description = "The host may be another node's.", body = Said),
        (status = 422, description = "A field or the signature is wrong.", body = Said),
        (status = 429, description = "Too many at a time.", body = Said),
        (status = 503, description = "The chain or the database does not answer.", body = Said),
        (status = 507, description = "The directory is full.", body = Said),
    )
)]
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
        Ok(()) => answer::json(&Published { status: "published" }),
        Err(problem) => refused(&room, problem),
    }
}

/// End one's listing
#[utoipa::path(
    delete,
    path = "/v1/directory/{account}",
    tag = "directory",
    params(("account" = String, Path, description = "An account.", pattern = "^0x[0-9a-fA-F]{40}$")),
    security(("session" = [])),
    responses(
        (status = 200, description = "It is not shown any more.", body = Withdrawn),
        (status = 400, description = "No listing, query or address that can be right.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "Nobody vouches for the account, or the session is of another one.", body = Said),
        (status = 421, description = "The host may be another node's.", body = Said),
        (status = 503, description = "The chain or the database does not answer.", body = Said),
        (status = 507, description = "The directory is full.", body = Said),
    )
)]
async fn withdraw(State(room): State<Room>, uri: Uri, headers: HeaderMap) -> Response {
    let withdrawn = async { room.withdraw(&host(&headers), account(&uri)?, &headers).await };
    match withdrawn.await {
        Ok(was_listed) => answer::json(&Withdrawn { status: "withdrawn", was_listed }),
        Err(problem) => refused(&room, problem),
    }
}

/// Search practitioners
#[utoipa::path(
    get,
    path = DIRECTORY,
    tag = "directory",
    params(
        ("q" = Option<String>, Query, description = "Beginnings of words of the name or a speciality."),
        ("speciality" = Option<String>, Query, description = "Beginnings of words of a speciality."),
        ("language" = Option<String>, Query, description = "A tag of BCP 47."),
        ("limit" = Option<u32>, Query, description = "1 to 50."),
        ("after" = Option<String>, Query, description = "Where the page begins."),
    ),
    responses(
        (status = 200, description = "A page.", body = Listings),
        (status = 400, description = "No listing, query or address that can be right.", body = Said),
        (status = 429, description = "Too many at a time.", body = Said),
        (status = 503, description = "The chain or the database does not answer.", body = Said),
    )
)]
async fn search(State(room): State<Room>, from: From, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let found = async {
        let query = Query::of_url(query.as_deref().unwrap_or_default());
        let query = query.map_err(|error| Problem::Malformed(error.to_string()))?;
        room.search(network(from), &host(&headers), &query).await
    };
    match found.await {
        // A proxy must not show a listing whose vouch has ended.
        Ok(found) => {
            let listings = found.listings.into_iter().filter_map(|one| RawValue::from_string(one).ok()).collect();
            not_kept(answer::json(&Page { listings, next: found.next }))
        }
        Err(problem) => refused(&room, problem),
    }
}

/// The listing of an account
#[utoipa::path(
    get,
    path = "/v1/directory/{account}",
    tag = "directory",
    params(("account" = String, Path, description = "An account.", pattern = "^0x[0-9a-fA-F]{40}$")),
    responses(
        (status = 200, description = "The listing.", body = Described),
        (status = 400, description = "No listing, query or address that can be right.", body = Said),
        (status = 404, description = "The account is not shown.", body = Said),
        (status = 503, description = "The chain or the database does not answer.", body = Said),
    )
)]
async fn one(State(room): State<Room>, uri: Uri, headers: HeaderMap) -> Response {
    let found = async { room.one(&host(&headers), account(&uri)?).await };
    match found.await {
        Ok(listing) => not_kept(([(header::CONTENT_TYPE, "application/json")], listing).into_response()),
        Err(problem) => refused(&room, problem),
    }
}

fn refused(room: &Room, problem: Problem) -> Response {
    room.0.metrics.refused(&problem);
    problem.into_response()
}

fn network(from: From) -> IpAddr {
    from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(caller)| caller.network)
}

fn account(uri: &Uri) -> Result<Address, Problem> {
    last_of(uri).parse().map_err(|_| Problem::Malformed("this is no address of an account".into()))
}
