//! A room on the chain in memory, with a hospital that vouches, and a real database in a folder.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use hospital_record::{
    Address, Card, Client, Identity, System,
    alloy::primitives::B256,
    directory::{Listing, SignedListing},
    node::Session,
};
use serde_json::Value;
use tempfile::TempDir;
use tower_service::Service;
use utoipa::openapi::OpenApi;

use crate::{
    api::tests::assert_named,
    browser::Browsers,
    clock::now,
    database::Database,
    directory::{
        room::{Room, Surroundings},
        routes,
        rows::Rows,
    },
};

pub(super) const HOST: &str = "clinic.example";

pub(super) struct Stage {
    pub(super) system: System,
    pub(super) hospital: Client,
    pub(super) room: Room,
    pub(super) rows: Rows,
    router: Router,
    api: OpenApi,
    _folder: TempDir,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let stage = Self::unchecked(u64::MAX).await;
        stage.room.check_due(300).await.unwrap();
        stage
    }

    /// With room for so many listings, before vouches were checked the first time.
    pub(super) async fn unchecked(most: u64) -> Self {
        let system = System::in_memory().await.unwrap();
        let hospital = system.person().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let rows = Rows::new(Database::open(folder.path()).await.unwrap()).with_most(most);
        let around = Surroundings {
            system: system.clone(),
            browsers: Browsers::new(&[HOST.into()], &[], 8550).unwrap(),
            authorities: vec![hospital.address()],
            patience: Duration::from_secs(30),
        };
        let room = Room::new(rows.clone(), around);
        let (router, api) = routes(room.clone()).split_for_parts();
        Self { system, hospital, router, api, room, rows, _folder: folder }
    }

    /// Somebody for whom the hospital vouches.
    pub(super) async fn doctor(&self) -> Identity {
        let (doctor, _) = Identity::generate().unwrap();
        self.hospital.vouches().give(doctor.address(), "practitioner").await.unwrap();
        doctor
    }

    pub(super) fn listing(&self, of: &Identity, name: &str, issued_at: u64) -> Listing {
        let card = Card { deployment: self.system.deployment(), account: of.address(), profile: B256::ZERO };
        Listing::new(card, name, &["cardiology"], &["en", "hi"], issued_at).unwrap()
    }

    pub(super) async fn signed(&self, of: &Identity, name: &str, issued_at: u64) -> SignedListing {
        self.listing(of, name, issued_at).sign(of, HOST).await.unwrap()
    }

    pub(super) async fn call(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().call(request).await.unwrap();
        assert_named(&self.api, &method, &path, response.status());
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 30).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(super) async fn put_json(&self, host: &str, body: impl ToString) -> u16 {
        let request = Request::put("/v1/directory").header("host", host).header("content-type", "application/json");
        self.call(request.body(Body::from(body.to_string())).unwrap()).await.status.as_u16()
    }

    pub(super) async fn put(&self, listing: &SignedListing) -> u16 {
        self.put_json(HOST, serde_json::to_string(listing).unwrap()).await
    }

    /// Lists somebody from now on.
    pub(super) async fn publish(&self, of: &Identity, name: &str) {
        assert_eq!(self.put(&self.signed(of, name, now()).await).await, 200);
    }

    pub(super) async fn delete(&self, account: Address, by: Option<&Identity>) -> Answer {
        let mut request = Request::delete(format!("/v1/directory/{account}")).header("host", HOST);
        if let Some(by) = by {
            let session = Session::sign(by, self.system.deployment(), HOST, now() + 600).await.unwrap();
            request = request.header("authorization", format!("Bearer {session}"));
        }
        self.call(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call(Request::get(path).header("host", HOST).body(Body::empty()).unwrap()).await
    }

    /// The names that a search shows.
    pub(super) async fn names(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/v1/directory?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
        let listings = answer.body["listings"].as_array().unwrap();
        listings.iter().map(|listing| listing["name"].as_str().unwrap().to_owned()).collect()
    }
}
