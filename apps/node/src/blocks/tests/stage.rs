//! A room on a store in memory that fails when a test says so, and a real database in a folder.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use hospital_record::{
    Address, Cid, Identity, System,
    node::Session,
    store::{self, Block, StoreOptions},
};
use tempfile::TempDir;
use tower_service::Service;
use utoipa::openapi::OpenApi;

pub(super) use super::{faulty::*, made::*};
use crate::{
    api::tests::assert_named,
    blocks::{
        room::{Patience, Room},
        routes,
        rows::{BELOW_A_PIN, Quota, Rows},
    },
    clock::now,
    database::Database,
    members::Members,
    trust::Trust,
};

pub(super) const HOST: &str = "clinic.example";
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// The settings of a room under test.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) quota: Quota,
    pub(super) allowed: Option<Vec<Address>>,
    pub(super) patience: Patience,
}

impl Default for Options {
    fn default() -> Self {
        let patience = Patience::new();
        Self { quota: Quota { account: 1 << 30, total: 1 << 40 }, allowed: None, patience }
    }
}

pub(super) struct Stage {
    pub(super) system: System,
    folder: TempDir,
    pub(super) store: Arc<Faulty>,
    pub(super) room: Room,
    router: Router,
    api: OpenApi,
}

impl Stage {
    pub(super) async fn new(options: Options) -> Self {
        let system = System::in_memory().await.unwrap();
        let inner = store::open("memory:", &StoreOptions::default()).unwrap();
        let store = Arc::new(Faulty { inner, fault: AtomicU8::new(NOTHING), pins: Mutex::default() });
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(folder.path()).await.unwrap();
        let rows = Rows::new(database, options.quota, DAY);
        let trust = options
            .allowed
            .map(|allowed| Arc::new(Trust::new(system.clone(), HashSet::from_iter(allowed), Vec::new())));
        let members = Members::new(system.deployment(), trust, Duration::from_secs(30));
        let room = Room::new(store.clone(), rows, members, options.patience);
        let (router, api) = routes(room.clone()).split_for_parts();
        Self { system, folder, store, router, api, room }
    }

    pub(super) async fn plain() -> Self {
        Self::new(Options::default()).await
    }

    pub(super) fn fails(&self, fault: u8) {
        self.store.fault.store(fault, SeqCst);
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
        let body = to_bytes(body, 1 << 30).await.ok();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(super) async fn put(&self, by: &Person, blocks: &[Block]) -> Answer {
        self.call(by.upload(Body::from(car(blocks).await))).await
    }

    pub(super) async fn pin(&self, by: &Person, root: &Cid) -> Answer {
        self.call(by.request("PUT", &format!("/v1/pins/{root}"))).await
    }

    pub(super) async fn unpin(&self, by: &Person, root: &Cid) -> Answer {
        self.call(by.request("DELETE", &format!("/v1/pins/{root}"))).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn serves(&self, block: &Block) -> bool {
        let answer = self.get(&format!("/ipfs/{}?format=raw", block.cid)).await;
        match answer.status.as_u16() {
            200 => answer.body.unwrap() == block.bytes,
            404 => false,
            other => panic!("{other}"),
        }
    }

    /// The database agrees with itself, and with the pins of the backing store.
    pub(super) async fn check_books(&self) {
        let pool = self.pool().await;
        let one = async |sql: &'static str| -> i64 { sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap() };
        for (what, sql) in [
            (
                "what an account holds",
                "SELECT COUNT(*) FROM accounts WHERE held <> (SELECT COALESCE(SUM(cost), 0) FROM holds JOIN blocks USING (cid) \
                 WHERE holds.account = accounts.account) + 512 * (SELECT COUNT(*) FROM pinned_blocks \
                 WHERE pinned_blocks.account = accounts.account)",
            ),
            (
                "what the node holds",
                "SELECT held - (SELECT COALESCE(SUM(cost), 0) FROM blocks) - 512 * (SELECT COUNT(*) FROM pinned_blocks) FROM node",
            ),
            (
                "pins of a block",
                "SELECT COUNT(*) FROM holds WHERE pins <> (SELECT COUNT(*) FROM pinned_blocks \
                 WHERE pinned_blocks.account = holds.account AND pinned_blocks.cid = holds.cid)",
            ),
            ("blocks of nobody", "SELECT COUNT(*) FROM blocks WHERE cid NOT IN (SELECT cid FROM holds)"),
            (
                "blocks of a pin",
                "SELECT COUNT(*) FROM pins WHERE state = 'pinned' AND blocks <> (SELECT COUNT(*) FROM pinned_blocks \
                 WHERE pinned_blocks.account = pins.account AND pinned_blocks.root = pins.root)",
            ),
        ] {
            assert_eq!(one(sql).await, 0, "{what}");
        }
        assert_eq!(BELOW_A_PIN, 512);
        let known: Vec<(String, String)> =
            sqlx::query_as("SELECT root, state FROM pins").fetch_all(&pool).await.unwrap();
        let pinned = self.store.pins.lock().unwrap().clone();
        for root in &pinned {
            assert!(known.iter().any(|(known, _)| known == root), "a pin of the backing store that nobody knows");
        }
        for (root, state) in &known {
            assert!(state != "pinned" || pinned.contains(root), "a pin that the backing store does not have");
        }
    }

    async fn pool(&self) -> sqlx::SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.folder.path().join("node.sqlite"));
        sqlx::SqlitePool::connect_with(options).await.unwrap()
    }

    pub(super) async fn held(&self, by: &Person) -> u64 {
        self.room.0.rows.held(by.account).await.unwrap()
    }
}

pub(super) struct Person {
    pub(super) identity: Identity,
    pub(super) account: Address,
    pub(super) token: String,
}

impl Person {
    pub(super) fn upload(&self, body: Body) -> Request<Body> {
        let request = Request::post("/v1/blocks").header("content-type", "application/vnd.ipld.car");
        self.signed(request).body(body).unwrap()
    }

    pub(super) fn request(&self, method: &str, path: &str) -> Request<Body> {
        self.signed(Request::builder().method(method).uri(path)).body(Body::empty()).unwrap()
    }

    fn signed(&self, request: axum::http::request::Builder) -> axum::http::request::Builder {
        request.header("host", HOST).header("authorization", format!("Bearer {}", self.token))
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// `None` if it broke off.
    pub(super) body: Option<Bytes>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(self.body.as_deref().unwrap_or_default()).into_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The status, and the text if it is an error: one line in `error`.
    pub(super) fn check(&self, status: u16, says: &str) {
        let text = self.text();
        assert!(self.status.as_u16() == status && text.contains(says), "{} {text}, not {status} {says}", self.status);
        if status >= 400 {
            let error: serde_json::Value = serde_json::from_str(&text).unwrap();
            let error = error["error"].as_str().unwrap();
            assert!(!error.is_empty() && error.len() < 500 && !error.contains('\n'), "{error}");
        }
    }
}
