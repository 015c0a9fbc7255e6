//! A room, people, and what they ask.

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Request},
    middleware,
};
use hospital_record::{
    Address, Identity, System,
    node::{
        Session,
        messages::{Begin, Bytes, Challenge, Evaluated, Live, NewVault, NewWay, Opened, Proof, Token},
    },
};
use hospital_record_core::{
    error::LoginError,
    vault::{
        opaque::{LoggingIn, Registering, ServerKeys},
        sealed::{SEALED, WRAPPED},
    },
};
use serde::{Serialize, de::DeserializeOwned};
use tempfile::TempDir;
use tower_service::Service;
use utoipa::openapi::OpenApi;

use crate::{
    api::tests::assert_named,
    browser::Browsers,
    clock::now,
    database::Database,
    guard::{self, Guard, PerMinute},
    login::{
        Parts, Room,
        keys::{Id, Keys},
        routes,
        rows::{Rows, tries::Attempt},
    },
    members::Members,
    trust::Trust,
};

pub(super) const HOST: &str = "clinic.example";
pub(super) const PASSWORD: &[u8] = b"correct horse battery";
pub(super) const HOME: [u8; 4] = [192, 0, 2, 77];
pub(super) const ELSEWHERE: [u8; 4] = [198, 51, 100, 3];

pub(super) struct Stage {
    pub(super) system: System,
    pub(super) folder: TempDir,
    pub(super) room: Room,
    router: Router,
    api: OpenApi,
}

pub(super) struct Person {
    pub(super) account: Address,
    token: String,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn read<T: DeserializeOwned>(self) -> T {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.headers["cache-control"], "no-store");
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Stage {
    pub(super) async fn new(most: u64, allowed: Option<Vec<Address>>) -> Self {
        let system = System::in_memory().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let rows = Rows::new(Database::open(folder.path()).await.unwrap(), most);
        let trust = Trust::new(system.clone(), allowed.unwrap_or_default().into_iter().collect(), Vec::new());
        let members = Members::new(system.deployment(), Some(Arc::new(trust)), Duration::from_secs(30));
        let keys = Keys::in_this_process(ServerKeys::random().unwrap());
        let room = Room(Arc::new(Parts { rows, keys, members }));
        let often = NonZeroU32::new(1_000_000).unwrap();
        let most = PerMinute { signed: often, questions: often, frames: often, others: often };
        let guard = Arc::new(Guard::new(Browsers::new(&[HOST.to_owned()], &[], 1).unwrap(), false, most));
        let (router, api) = routes(room.clone()).split_for_parts();
        let router = router.layer(middleware::from_fn_with_state(guard, guard::guard));
        Self { system, folder, room, router, api }
    }

    pub(super) async fn plain() -> Self {
        Self::new(100, None).await
    }

    pub(super) async fn person(&self) -> Person {
        let (identity, _) = Identity::generate().unwrap();
        let session = Session::sign(&identity, self.system.deployment(), HOST, now() + 600).await.unwrap();
        Person { account: identity.address(), token: session.to_string() }
    }

    pub(super) async fn send(
        &self,
        from: [u8; 4],
        by: Option<&Person>,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", HOST);
        if method != "GET" && method != "DELETE" {
            request = request.header("content-type", "application/json");
        }
        if let Some(by) = by {
            request = request.header("authorization", format!("Bearer {}", by.token));
        }
        let mut router = self.router.clone().layer(Extension(ConnectInfo(SocketAddr::from((from, 1)))));
        let response = router.call(request.body(Body::from(body)).unwrap()).await.unwrap();
        assert_named(&self.api, &method.parse().unwrap(), path, response.status());
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    pub(super) async fn call(&self, by: Option<&Person>, method: &str, path: &str, body: &impl Serialize) -> Answer {
        self.send(HOME, by, method, path, serde_json::to_vec(body).unwrap()).await
    }

    pub(super) async fn ask(&self, by: &Person, method: &str, path: &str) -> Answer {
        self.send(HOME, Some(by), method, path, Vec::new()).await
    }

    pub(super) async fn begun(&self, by: &Person, user: &str, password: &[u8]) -> Result<Bytes, Answer> {
        let (registering, request) = Registering::start(password).unwrap();
        let begin = Begin { user: user.into(), request: request.into() };
        let answer = self.call(Some(by), "POST", "/v1/vault/begin", &begin).await;
        if answer.status != 200 {
            return Err(answer);
        }
        let evaluated: Evaluated = answer.read();
        Ok(registering.finish(password, &evaluated.answer, HOST).unwrap().0.into())
    }

    /// The first request of a registration, without what the client makes of the answer.
    pub(super) async fn tried(&self, from: [u8; 4], by: &Person, user: &str) -> u16 {
        let (_, request) = Registering::start(PASSWORD).unwrap();
        let begin = Begin { user: user.into(), request: request.into() };
        self.send(from, Some(by), "POST", "/v1/vault/begin", serde_json::to_vec(&begin).unwrap()).await.status
    }

    /// A vault whose content stands for the generation: what is sealed is no business of the node.
    pub(super) async fn register(&self, by: &Person, user: &str, generation: u64, password: &[u8]) -> Answer {
        match self.begun(by, user, password).await {
            Ok(record) => self.call(Some(by), "PUT", "/v1/vault", &vault(user, generation, record)).await,
            Err(answer) => answer,
        }
    }

    pub(super) async fn add_way(&self, by: &Person, user: &str, generation: u64) -> Answer {
        let record = self.begun(by, user, PASSWORD).await.unwrap_or_default();
        let way = NewWay { user: user.into(), generation, record, wrapped: vec![1; WRAPPED].into() };
        self.call(Some(by), "PUT", "/v1/vault/ways", &way).await
    }

    /// The first half of a login, and what the client makes of the answer.
    pub(super) async fn begin(
        &self,
        from: [u8; 4],
        user: &str,
        password: &[u8],
    ) -> Result<Result<Proof, LoginError>, Answer> {
        let (logging_in, request) = LoggingIn::start(password).unwrap();
        let begin = Begin { user: user.into(), request: request.into() };
        let answer = self.send(from, None, "POST", "/v1/login", serde_json::to_vec(&begin).unwrap()).await;
        if answer.status != 200 {
            return Err(answer);
        }
        let challenge: Challenge = answer.read();
        let proof = logging_in.finish(password, &challenge.answer, HOST);
        Ok(proof.map(|(proof, _)| Proof { attempt: challenge.attempt, proof: proof.into() }))
    }

    pub(super) async fn log_in(&self, user: &str) -> Opened {
        let Ok(Ok(proof)) = self.begin(HOME, user, PASSWORD).await else { panic!("the login does not begin") };
        self.call(None, "POST", "/v1/login/proof", &proof).await.read()
    }

    pub(super) async fn is_live(&self, token: &Bytes) -> bool {
        let token = Token { token: token.clone() };
        self.call(None, "POST", "/v1/login/live", &token).await.read::<Live>().live
    }
}

pub(super) fn vault(user: &str, generation: u64, record: Bytes) -> NewVault {
    let sealed = vec![u8::try_from(generation).unwrap(); SEALED].into();
    NewVault { user: user.into(), generation, record, wrapped: vec![1; WRAPPED].into(), sealed }
}

/// An attempt of nobody's password.
pub(super) fn attempt(id: Id, name: &Id, network: Id) -> Attempt {
    Attempt { id, name: *name, network, state: Bytes::from(vec![1]), record: None }
}
