//! What the node takes and answers, as OpenAPI 3.1 at `/openapi.json`: of the rooms that are switched on, and no others.
//!
//! A room gives its routes as an [`OpenApiRouter`], by `routes!(handler)`. Each handler has its `#[utoipa::path]` beside
//! it, which names every status that the handler answers: a route without one does not compile. What the guard answers
//! before a room sees the request is added here, for all of them.

use std::future::ready;

use axum::{
    Extension, Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use hospital_record_page::Page;
use utoipa::openapi::{
    Components, ContentBuilder, Header, Info, Object, OpenApi, OpenApiBuilder, Ref, RefOr,
    path::{Operation, PathItem},
    response::ResponseBuilder,
    schema::{Schema, SchemaType, Type},
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::answer::said;

/// The description as JSON.
#[derive(Clone)]
struct Document(Bytes);

/// What the guard can answer to any request.
const TO_ALL: [(StatusCode, &str); 4] = [
    (StatusCode::UNAUTHORIZED, "The session is for a host that is not surely this node."),
    (StatusCode::FORBIDDEN, "The web page that sent it may not use this node."),
    (StatusCode::MISDIRECTED_REQUEST, "The node does not have the name in Host."),
    (StatusCode::TOO_MANY_REQUESTS, "Too many requests of one network address."),
];
/// And to each POST.
const TO_POSTS: (StatusCode, &str) = (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Its type is none that the node takes.");

/// The node without a room.
pub(crate) fn rooms() -> OpenApiRouter {
    let mut info = Info::new("hospital-record-node", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A hospital's node: what it offers is at /.well-known/hospital-record. Each error is one line of text. After 429 \
         and 503, Retry-After says when to try again."
            .into(),
    );
    let session = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("hr1.ACCOUNT.UNTIL.SIGNATURE")
        .description(Some("A statement that the account signed for this host, good for at most 15 minutes."))
        .build();
    let mut components = Components::new();
    components.add_security_scheme("session", SecurityScheme::Http(session));
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).components(Some(components)).build())
}

/// The routes of all rooms, and their description beside them. Where no room has an address, the page may.
pub(crate) fn described(rooms: OpenApiRouter, page: Option<Page>) -> Result<Router, String> {
    let (router, mut api) = rooms.routes(routes!(document)).split_for_parts();
    complete(&mut api);
    let document = api.to_json().map_err(|error| format!("the description of the routes: {error}"))?;
    let elsewhere = move |method: Method, uri: Uri, headers: HeaderMap| {
        let answer = page.as_ref().and_then(|page| page.answer(&method, uri.path(), &headers));
        ready(answer.map_or_else(nowhere, |answer| answer.map(Body::from)))
    };
    let router = router.fallback(elsewhere).method_not_allowed_fallback(no_method);
    Ok(router.layer(Extension(Document(document.into()))))
}

/// This description
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "node",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value))
)]
async fn document(Extension(Document(document)): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

fn nowhere() -> Response {
    said(StatusCode::NOT_FOUND, "this node has no such address: /openapi.json lists all")
}

async fn no_method() -> Response {
    said(StatusCode::METHOD_NOT_ALLOWED, "this address has no such method: Allow names those that it has")
}

/// Adds what holds for all routes.
fn complete(api: &mut OpenApi) {
    for item in api.paths.paths.values_mut() {
        for operation in operations(item) {
            TO_ALL.iter().for_each(|answer| add(operation, *answer));
        }
        item.post.iter_mut().for_each(|post| add(post, TO_POSTS));
        for operation in operations(item) {
            name_waits(operation);
            let parameters = operation.parameters.iter_mut().flatten();
            parameters.filter_map(|parameter| parameter.schema.as_mut()).for_each(not_null);
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, head, .. } = item;
    [get, put, post, delete, head].into_iter().flatten()
}

/// Adds an answer, unless the handler describes its own.
fn add(operation: &mut Operation, (status, text): (StatusCode, &str)) {
    let error = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
    let answer = ResponseBuilder::new().description(text).content("application/json", error).build();
    operation.responses.responses.entry(status.as_str().to_owned()).or_insert(RefOr::T(answer));
}

fn name_waits(operation: &mut Operation) {
    for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
        if let Some(RefOr::T(answer)) = operation.responses.responses.get_mut(status.as_str()) {
            let mut seconds = Header::new(Object::with_type(Type::Integer));
            seconds.description = Some("The seconds to wait.".into());
            answer.headers.insert("Retry-After".into(), seconds);
        }
    }
}

/// An optional parameter is left out: it has no spelling of null, unlike a field of JSON.
fn not_null(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            if let SchemaType::Array(types) = &mut object.schema_type {
                types.retain(|kind| *kind != Type::Null);
            }
        }
        RefOr::T(Schema::OneOf(one)) => one.items.retain(|item| !is_null(item)),
        _ => {}
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if matches!(object.schema_type, SchemaType::Type(Type::Null)))
}

#[cfg(test)]
pub(crate) mod tests;
