#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderValue, Method, Request},
};
use hospital_record::{
    B256, System,
    node::NodeInfo,
    relay::{Fate, SignedRequest},
};
use serde_json::{Value, json};
use tokio::sync::watch;
use tower_service::Service;
use utoipa::PartialSchema;

use super::*;
use crate::{
    about::{self, Info as DescribedInfo, Node},
    browser::Browsers,
    events::{self, Events},
    guard::{Guard, PerMinute},
    listening::Listening,
    relay::{Ending, Signed},
};

/// Fails if the description of a room does not name this answer to a request for this path.
pub(crate) fn assert_named(api: &OpenApi, method: &Method, path: &str, status: StatusCode) {
    let parts: Vec<&str> = path.split('/').collect();
    let is_of = |template: &str| {
        let of: Vec<&str> = template.split('/').collect();
        let fits = |(of, part): (&&str, &&str)| of == part || of.starts_with('{') && !part.is_empty();
        of.len() == parts.len() && of.iter().zip(&parts).all(fits)
    };
    let Some((template, item)) = api.paths.paths.iter().find(|(template, _)| is_of(template)) else { return };
    let operation = match *method {
        Method::GET | Method::HEAD => &item.get,
        Method::POST => &item.post,
        Method::PUT => &item.put,
        Method::DELETE => &item.delete,
        _ => &None,
    };
    let Some(operation) = operation else { return };
    let named = &operation.responses.responses;
    assert!(named.contains_key(status.as_str()), "{method} {template} does not name {status}");
}

async fn node() -> Router {
    let system = System::in_memory().await.unwrap();
    let most = 1000.try_into().unwrap();
    let per_minute = PerMinute { signed: most, questions: most, frames: most, others: most };
    let guard = Arc::new(Guard::new(Browsers::new(&[], &[], 1).unwrap(), false, per_minute));
    let events = Events::new(Listening::new(16, watch::channel(false).1));
    described(rooms().merge(events::routes(events)).merge(about::routes(Node::new(system, guard))), None).unwrap()
}

async fn ask(router: &Router, method: Method, path: &str) -> (StatusCode, Option<String>, Value) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let (head, body) = router.clone().call(request).await.unwrap().into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let allow = head.headers.get("allow").map(|allow| allow.to_str().unwrap().to_owned());
    (head.status, allow, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn description_names_the_rooms_that_are_on_and_what_every_route_answers() {
    let (status, _, api) = ask(&node().await, Method::GET, "/openapi.json").await;
    assert_eq!((status, &api["openapi"]), (StatusCode::OK, &json!("3.1.0")));
    let paths = api["paths"].as_object().unwrap();
    let known = ["/.well-known/hospital-record", "/health", "/metrics", "/openapi.json", "/v1/events"];
    assert_eq!(paths.keys().collect::<Vec<_>>(), known);
    let mut names = BTreeSet::new();
    for (path, item) in paths {
        for operation in item.as_object().unwrap().values() {
            assert!(names.insert(operation["operationId"].as_str().unwrap()), "{path}: a second one of this name");
            let parameters = operation["parameters"].to_string();
            assert!(path != "/v1/events" || parameters.contains("Last-Event-ID"), "{parameters}");
            assert!(!parameters.contains("\"null\""), "{path}: a parameter is never null: {parameters}");
            let answers = operation["responses"].as_object().unwrap();
            for status in ["200", "401", "403", "421", "429"] {
                assert!(answers.contains_key(status), "{path} {status}");
            }
            for (status, answer) in answers {
                let waits = answer["headers"]["Retry-After"].is_object();
                assert_eq!(waits, ["429", "503"].contains(&status.as_str()), "{path} {status}");
                let schema = &answer["content"]["application/json"]["schema"]["$ref"];
                let is_error = status.starts_with(['4', '5']);
                assert_eq!(schema == "#/components/schemas/Error", is_error, "{path} {status}: {answer}");
            }
        }
    }
    assert_eq!(api["components"]["schemas"]["Error"]["required"], json!(["error"]));
    assert_eq!(api["components"]["securitySchemes"]["session"]["scheme"], "bearer");
}

#[tokio::test]
async fn address_or_method_that_is_not_there_is_refused_in_words() {
    let node = node().await;
    for (method, path, expected, allowed) in [
        (Method::GET, "/", 404, None),
        (Method::POST, "/v1/nothing", 404, None),
        (Method::DELETE, "/health", 405, Some("GET,HEAD")),
        (Method::POST, "/openapi.json", 405, Some("GET,HEAD")),
    ] {
        let (status, allow, answer) = ask(&node, method, path).await;
        assert_eq!((status.as_u16(), allow.as_deref()), (expected, allowed), "{path}");
        assert!(answer["error"].as_str().is_some_and(|error| error.starts_with("this ")), "{path}: {answer}");
    }
}

/// The names of a described type's fields.
pub(crate) fn fields(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

pub(crate) fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

pub(crate) fn schema_of<T: PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap()
}

#[tokio::test]
async fn described_types_are_those_that_are_sent() {
    let system = System::in_memory().await.unwrap();
    let mut info = NodeInfo::new(system.contract(), "test");
    for service in [
        &mut info.rpc,
        &mut info.events,
        &mut info.blocks,
        &mut info.frames,
        &mut info.directory,
        &mut info.login,
        &mut info.relay,
    ] {
        *service = Some("/".into());
    }
    assert_eq!(keys(&serde_json::to_value(&info).unwrap()), fields(&schema_of::<DescribedInfo>()));
    let request = SignedRequest { chain_id: 1, contract: Default::default(), data: Default::default() };
    assert_eq!(keys(&serde_json::to_value(&request).unwrap()), fields(&schema_of::<Signed>()));
    let hash = B256::repeat_byte(7);
    for (fate, described) in [
        (Fate::Waiting, Ending::Waiting),
        (Fate::Done { transaction: Some(hash) }, Ending::Done { transaction: Some(hash.to_string()) }),
        (Fate::Done { transaction: None }, Ending::Done { transaction: None }),
        (Fate::Refused { reason: "no".into() }, Ending::Refused { reason: "no".into() }),
    ] {
        assert_eq!(serde_json::to_value(fate).unwrap(), serde_json::to_value(described).unwrap());
    }
}

#[tokio::test]
async fn rooms_come_before_files_of_the_page_and_the_rest_is_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["index.html", "openapi.json"] {
        std::fs::write(folder.path().join(name), "<!doctype html>").unwrap();
    }
    let router = described(rooms(), Some(Page::open(folder.path()).unwrap())).unwrap();
    for (path, expected, media_type) in [
        ("/", StatusCode::OK, "text/html; charset=utf-8"),
        ("/openapi.json", StatusCode::OK, "application/json"),
        ("/nothing", StatusCode::NOT_FOUND, "application/json"),
    ] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let answer = router.clone().call(request).await.unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["content-type"]),
            (expected, &HeaderValue::from_static(media_type))
        );
    }
}
