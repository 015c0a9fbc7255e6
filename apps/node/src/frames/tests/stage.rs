//! A room behind the guard, with a real database in a folder.

use std::{collections::HashSet, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, BodyDataStream, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request},
    middleware,
};
use base64ct::{Base64, Encoding};
use futures::StreamExt;
use hospital_record::{Address, Identity, System, node::Session};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tower_service::Service;
use utoipa::openapi::OpenApi;

use crate::{
    api::tests::assert_named,
    browser::Browsers,
    clock::now,
    database::Database,
    frames::{
        self, Room,
        rows::{Most, Rows},
    },
    guard::{self, Guard, PerMinute},
    listening::Listening,
    members::Members,
    trust::Trust,
};

pub(super) const HOST: &str = "clinic.example";
pub(super) const NAME: &str = "00112233445566778899aabbccddeeff";

pub(super) struct Stage {
    pub(super) system: System,
    folder: TempDir,
    database: Database,
    pub(super) room: Room,
    pub(super) stop: watch::Sender<bool>,
    router: Router,
    api: OpenApi,
    workers: JoinSet<()>,
}

pub(super) struct Person {
    pub(super) identity: Identity,
    pub(super) account: Address,
    pub(super) token: String,
}

impl Person {
    /// Its channel of this name.
    pub(super) fn path(&self, name: &str) -> String {
        format!("/v1/frames/{:#x}/{name}", self.account)
    }

    /// Its frame.
    pub(super) fn request(&self, path: &str, number: u64, frame: impl Into<Body>) -> Request<Body> {
        request(Some(&self.token), &format!("{path}?number={number}"), frame)
    }
}

pub(super) fn request(token: Option<&str>, path: &str, frame: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(path).header("host", HOST).header("content-type", "application/octet-stream");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(frame.into()).unwrap()
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
}

impl Answer {
    #[track_caller]
    pub(super) fn check(&self, status: u16, says: &str) {
        assert!(self.status == status && self.json.to_string().contains(says), "{} {}", self.status, self.json);
        let later = self.headers.contains_key("retry-after");
        assert_eq!(later, [429, 503].contains(&status), "{status}");
    }

    #[track_caller]
    pub(super) fn id(&self) -> String {
        self.check(200, "id");
        self.json["id"].as_str().unwrap().to_owned()
    }
}

impl Stage {
    pub(super) async fn new(most: Most, allowed: Option<Vec<Address>>) -> Self {
        let (system, folder) = (System::in_memory().await.unwrap(), tempfile::tempdir().unwrap());
        let trust = allowed.map(|all| Arc::new(Trust::new(system.clone(), HashSet::from_iter(all), Vec::new())));
        Self::at(system, folder, most, trust).await
    }

    async fn at(system: System, folder: TempDir, most: Most, trust: Option<Arc<Trust>>) -> Self {
        let database = Database::open(folder.path()).await.unwrap();
        let members = Members::new(system.deployment(), trust, Duration::from_secs(30));
        let (stop, stopped) = watch::channel(false);
        let mut workers = JoinSet::new();
        let rows = Rows::new(database.clone(), most);
        let room = frames::open(rows, members, Listening::new(512, stopped), &mut workers);
        let browsers = Browsers::new(&[HOST.into()], &[], 1).unwrap();
        let [signed, questions, others, frames] = [NonZeroU32::MAX; 4];
        let guard = Arc::new(Guard::new(browsers, false, PerMinute { signed, questions, frames, others }));
        let peer = ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 1], 7)));
        let (router, api) = frames::routes(room.clone()).split_for_parts();
        let router = router.layer(middleware::from_fn_with_state(guard, guard::guard)).layer(Extension(peer));
        Self { system, folder, database, room, stop, router, api, workers }
    }

    pub(super) async fn plain() -> Self {
        Self::new(Most::new(256 << 20), None).await
    }

    /// The node ends, and another one starts with its database.
    pub(super) async fn restarted(self) -> Self {
        let Self { system, folder, database, room, stop, router, mut workers, .. } = self;
        drop((room, router, stop));
        while workers.join_next().await.is_some() {}
        drop(database);
        Self::at(system, folder, Most::new(256 << 20), None).await
    }

    pub(super) async fn person(&self) -> Person {
        let (identity, _) = Identity::generate().unwrap();
        let session = Session::sign(&identity, self.system.deployment(), HOST, now() + 600).await.unwrap();
        Person { account: identity.address(), identity, token: session.to_string() }
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().call(request).await.unwrap();
        assert_named(&self.api, &method, &path, response.status());
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    pub(super) async fn status(&self, request: Request<Body>) -> u16 {
        self.router.clone().call(request).await.unwrap().status().as_u16()
    }

    pub(super) async fn publish(&self, by: &Person, number: u64, frame: &[u8]) -> Answer {
        self.call(by.request(&by.path(NAME), number, frame.to_vec())).await
    }

    /// The answer to a subscriber.
    pub(super) async fn listen(&self, path: &str, last_id: Option<&str>) -> Listener {
        let mut request = Request::get(path).header("host", HOST);
        if let Some(id) = last_id {
            request = request.header("last-event-id", id);
        }
        let response = self.router.clone().call(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        Listener { body: response.into_body().into_data_stream(), read: String::new() }
    }

    pub(super) async fn run(&self, sql: &'static str) {
        let mut writing = self.database.write().await.unwrap();
        sqlx::query(sql).execute(&mut *writing).await.unwrap();
        writing.commit().await.unwrap();
    }
}

pub(super) struct Listener {
    body: BodyDataStream,
    read: String,
}

/// An event: its id, its name and its data.
pub(super) type Event = (String, String, Value);

impl Listener {
    /// The next event that is sent soon, without signs of life; `None` if the answer ends or nothing comes.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let of = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
                let event = (of("id:").to_owned(), of("event:").to_owned(), of("data:").to_owned());
                self.read = rest.to_owned();
                return Some((event.0, event.1, serde_json::from_str(&event.2).unwrap()));
            }
            let bytes = timeout(Duration::from_millis(500), self.body.next()).await.ok()??.unwrap();
            self.read.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// Whether the answer ends by itself.
    pub(super) async fn ends(&mut self) -> bool {
        let rest = async { while self.body.next().await.is_some() {} };
        timeout(Duration::from_secs(5), rest).await.is_ok()
    }

    /// The id of the first event, `begin`.
    pub(super) async fn begin(&mut self) -> String {
        let (id, name, _) = self.next().await.unwrap();
        assert_eq!(name, "begin");
        id
    }

    /// The next frame: its id, number and bytes.
    pub(super) async fn frame(&mut self) -> (String, u64, Vec<u8>) {
        let (id, name, data) = self.next().await.unwrap();
        assert_eq!(name, "frame", "{data}");
        (id, data["number"].as_u64().unwrap(), Base64::decode_vec(data["frame"].as_str().unwrap()).unwrap())
    }
}
