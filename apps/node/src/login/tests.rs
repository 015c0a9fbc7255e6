//! The room behind its guard, on a real database; the login keys are in this process.

#![allow(clippy::unwrap_used)]

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
        messages::{Begin, Bytes, Challenge, Ended, Evaluated, Live, NewVault, NewWay, Opened, Proof, Status, Token},
    },
};
use hospital_record_core::{
    error::LoginError,
    vault::{
        opaque::{LoggingIn, Registering, ServerKeys},
        sealed::{SEALED, WRAPPED},
    },
};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use tempfile::TempDir;
use tower_service::Service;
use utoipa::openapi::OpenApi;

use super::{
    Parts, Room,
    keys::Keys,
    routes,
    rows::{Rows, RowsError},
};
use crate::{
    api::tests::assert_named,
    browser::Browsers,
    clock::now,
    database::Database,
    guard::{self, Guard, PerMinute},
    members::Members,
    trust::Trust,
};

const HOST: &str = "clinic.example";
const PASSWORD: &[u8] = b"correct horse battery";
const HOME: [u8; 4] = [192, 0, 2, 77];
const ELSEWHERE: [u8; 4] = [198, 51, 100, 3];

struct Stage {
    system: System,
    folder: TempDir,
    room: Room,
    router: Router,
    api: OpenApi,
}

struct Person {
    account: Address,
    token: String,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn read<T: DeserializeOwned>(self) -> T {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.headers["cache-control"], "no-store");
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Stage {
    async fn new(most: u64, allowed: Option<Vec<Address>>) -> Self {
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

    async fn plain() -> Self {
        Self::new(100, None).await
    }

    async fn person(&self) -> Person {
        let (identity, _) = Identity::generate().unwrap();
        let session = Session::sign(&identity, self.system.deployment(), HOST, now() + 600).await.unwrap();
        Person { account: identity.address(), token: session.to_string() }
    }

    async fn send(&self, from: [u8; 4], by: Option<&Person>, method: &str, path: &str, body: Vec<u8>) -> Answer {
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

    async fn call(&self, by: Option<&Person>, method: &str, path: &str, body: &impl Serialize) -> Answer {
        self.send(HOME, by, method, path, serde_json::to_vec(body).unwrap()).await
    }

    async fn ask(&self, by: &Person, method: &str, path: &str) -> Answer {
        self.send(HOME, Some(by), method, path, Vec::new()).await
    }

    async fn begun(&self, by: &Person, user: &str, password: &[u8]) -> Result<Bytes, Answer> {
        let (registering, request) = Registering::start(password).unwrap();
        let begin = Begin { user: user.into(), request: request.into() };
        let answer = self.call(Some(by), "POST", "/v1/vault/begin", &begin).await;
        if answer.status != 200 {
            return Err(answer);
        }
        let evaluated: Evaluated = answer.read();
        Ok(registering.finish(password, &evaluated.answer, HOST).unwrap().0.into())
    }

    /// A vault whose content stands for the generation: what is sealed is no business of the node.
    async fn register(&self, by: &Person, user: &str, generation: u64, password: &[u8]) -> Answer {
        match self.begun(by, user, password).await {
            Ok(record) => self.call(Some(by), "PUT", "/v1/vault", &vault(user, generation, record)).await,
            Err(answer) => answer,
        }
    }

    async fn add_way(&self, by: &Person, user: &str, generation: u64) -> Answer {
        let record = self.begun(by, user, PASSWORD).await.unwrap_or_default();
        let way = NewWay { user: user.into(), generation, record, wrapped: vec![1; WRAPPED].into() };
        self.call(Some(by), "PUT", "/v1/vault/ways", &way).await
    }

    /// The first half of a login, and what the client makes of the answer.
    async fn begin(&self, from: [u8; 4], user: &str, password: &[u8]) -> Result<Result<Proof, LoginError>, Answer> {
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

    async fn log_in(&self, user: &str) -> Opened {
        let Ok(Ok(proof)) = self.begin(HOME, user, PASSWORD).await else { panic!("the login does not begin") };
        self.call(None, "POST", "/v1/login/proof", &proof).await.read()
    }

    async fn is_live(&self, token: &Bytes) -> bool {
        let token = Token { token: token.clone() };
        self.call(None, "POST", "/v1/login/live", &token).await.read::<Live>().live
    }
}

fn vault(user: &str, generation: u64, record: Bytes) -> NewVault {
    let sealed = vec![u8::try_from(generation).unwrap(); SEALED].into();
    NewVault { user: user.into(), generation, record, wrapped: vec![1; WRAPPED].into(), sealed }
}

#[tokio::test]
async fn vault_is_handed_to_the_password_alone_and_tells_of_failures() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let status: Status = stage.register(&ana, "Ana", 1, PASSWORD).await.read();
    assert_eq!((status.generation, status.ways, status.logins), (1, 1, 0));
    let opened = stage.log_in("ana").await;
    assert_eq!((opened.account, opened.generation, opened.failures), (ana.account, 1, 0));
    assert_eq!((opened.sealed.len(), opened.wrapped.len()), (SEALED, WRAPPED));
    let wrong = stage.begin(HOME, "ana", b"correct horse batterz").await;
    assert_eq!(wrong.ok().unwrap().err(), Some(LoginError::Refused));
    assert_eq!(stage.log_in("ana").await.failures, 0, "it may still be proven");
    let (rows, name) = (&stage.room.0.rows, stage.room.0.keys.id("name", b"ana").await.unwrap());
    for (id, ago) in [(1, 7200), (2, 3600), (3, 121)] {
        rows.attempt(&[id; 32], &name, &[id; 32], &Bytes::from(vec![1]), now() - ago).await.unwrap();
    }
    let opened = stage.log_in("ANA").await;
    let last = now() - 121;
    assert_eq!((opened.failures, opened.last_failure.is_some_and(|at| at.abs_diff(last) < 60)), (3, true));
    assert_eq!(stage.log_in("ana").await.failures, 0, "told once");
}

#[tokio::test]
async fn proof_is_good_once_in_time_and_for_its_attempt() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let prove = async |proof: &Proof| stage.call(None, "POST", "/v1/login/proof", proof).await.status;
    let begin = async || stage.begin(HOME, "ana", PASSWORD).await.ok().unwrap().unwrap();
    let proof = begin().await;
    assert_eq!((prove(&proof).await, prove(&proof).await), (200, 401));
    let (one, other) = (begin().await, begin().await);
    assert_eq!(prove(&Proof { attempt: one.attempt.clone(), proof: other.proof.clone() }).await, 401);
    assert_eq!(prove(&one).await, 401, "a wrong proof ends the attempt");
    assert_eq!(prove(&Proof { attempt: vec![0; 32].into(), proof: other.proof.clone() }).await, 401);
    assert_eq!(prove(&Proof { attempt: Bytes::new(), proof: other.proof.clone() }).await, 401);
    let id = other.attempt.as_ref().try_into().unwrap();
    let late = stage.room.0.rows.prove(&id, &[9; 32], now() + 121, |_| true).await;
    assert!(matches!(late, Err(RowsError::Refused)));
    assert_eq!(prove(&other).await, 200, "the attempt beside it");
}

#[tokio::test]
async fn two_machines_log_in_at_once_and_a_login_ends_no_pause() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let (Ok(Ok(one)), Ok(Ok(other))) =
        (stage.begin(HOME, "ana", PASSWORD).await, stage.begin(ELSEWHERE, "ana", PASSWORD).await)
    else {
        panic!("both begin")
    };
    for proof in [one, other] {
        let opened: Opened = stage.call(None, "POST", "/v1/login/proof", &proof).await.read();
        assert_eq!(opened.failures, 0);
    }
    // A stranger who could see that his pause ended would know that somebody has this name.
    let (rows, name, at) = (&stage.room.0.rows, stage.room.0.keys.id("name", b"ana").await.unwrap(), now());
    for id in 1..=5 {
        rows.attempt(&[id; 32], &name, &[9; 32], &Bytes::from(vec![1]), at).await.unwrap();
    }
    stage.log_in("ana").await;
    let next = rows.attempt(&[6; 32], &name, &[9; 32], &Bytes::from(vec![1]), at).await;
    assert!(matches!(next, Err(RowsError::Paused(_))));
}

#[tokio::test]
async fn who_registers_learns_slowly_which_names_are_taken() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    // Each answer tells whether the name is taken, so each counts, for the account and for the network.
    let put = vault("ana", 7, stage.begun(&ben, "ben", PASSWORD).await.ok().unwrap());
    let mut answers = Vec::new();
    while answers.len() < 200 && !answers.contains(&429) {
        answers.push(stage.call(Some(&ben), "PUT", "/v1/vault", &put).await.status);
    }
    assert!(answers.len() > 40 && answers[..40].iter().all(|status| *status == 409), "{answers:?}");
    assert_eq!(answers.last(), Some(&429));
    let way =
        NewWay { user: "ana".into(), generation: 1, record: put.record.clone(), wrapped: vec![1; WRAPPED].into() };
    let tried = stage.call(Some(&ben), "PUT", "/v1/vault/ways", &way).await.status;
    assert!([429, 404].contains(&tried), "a pause of a second may be over: {tried}");
    // Evaluations of passwords under one name are counted for the name.
    let mut begun = 0;
    while begun < 20 && stage.begun(&ben, "carl", PASSWORD).await.is_ok() {
        begun += 1;
    }
    assert!((5..20).contains(&begun), "{begun}");
}

#[tokio::test]
async fn long_messages_and_tokens_are_refused() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let long = || Bytes::from(vec![7; 513]);
    let token = Token { token: long() };
    let begin = Begin { user: "ana".into(), request: long() };
    assert_eq!(stage.call(None, "POST", "/v1/login/live", &token).await.status, 400);
    assert_eq!(stage.call(None, "POST", "/v1/login/end", &token).await.status, 400);
    assert_eq!(stage.call(None, "POST", "/v1/login", &begin).await.status, 400);
    assert_eq!(stage.call(Some(&ana), "POST", "/v1/vault/begin", &begin).await.status, 400);
}

#[tokio::test]
async fn wrong_password_and_unknown_name_are_told_and_slowed_alike() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let mut seen = Vec::new();
    for user in ["ana", "ben"] {
        let Ok(Err(wrong)) = stage.begin(HOME, user, b"a wrong password").await else { panic!("{user}") };
        let body = serde_json::to_vec(&Begin { user: user.into(), request: LoggingIn::start(b"").unwrap().1.into() });
        let body = body.unwrap();
        // A slow machine may sleep through the first pauses.
        let mut slowed = None;
        for _ in 0..20 {
            let answer = stage.send(HOME, None, "POST", "/v1/login", body.clone()).await;
            if answer.status == 429 {
                let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
                assert!(answer.text().contains(&format!("wait {wait} s")), "{}", answer.text());
                slowed = Some(answer.text().split_once(": wait").unwrap().0.to_owned());
                break;
            }
        }
        let Ok(Err(_)) = stage.begin(ELSEWHERE, user, b"a wrong password").await else { panic!("another network") };
        seen.push((wrong, slowed));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].1.as_ref().is_some_and(|text| text.contains("too many attempts failed")), "{seen:?}");
}

#[tokio::test]
async fn each_count_has_its_pause() {
    let stage = Stage::plain().await;
    let (rows, at) = (&stage.room.0.rows, now());
    let mut next = 0_u16;
    let mut attempt = async |name: u8, network: u16, now: u64| {
        next += 1;
        let [id, network] = [next, network].map(|number| {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_be_bytes());
            id
        });
        match rows.attempt(&id, &[name; 32], &network, &Bytes::from(vec![1]), now).await {
            Ok(()) => 0,
            Err(RowsError::Paused(wait)) => wait.as_secs(),
            Err(error) => panic!("{error}"),
        }
    };
    for _ in 0..5 {
        assert_eq!(attempt(1, 1, at).await, 0);
    }
    assert_eq!((attempt(1, 1, at).await, attempt(1, 1, at).await), (1, 1), "a refused attempt does not count");
    assert_eq!((attempt(1, 1, at + 1).await, attempt(1, 1, at + 1).await, attempt(1, 2, at).await), (0, 2, 0));
    for network in 10..53 {
        assert_eq!(attempt(1, network, at + 1).await, 0, "{network}");
    }
    assert_eq!((attempt(1, 99, at + 1).await, attempt(2, 99, at + 1).await), (1, 0), "one name from anywhere");
    for name in 3..97 {
        assert_eq!(attempt(name, 1, at + 1).await, 0, "{name}");
    }
    assert_eq!((attempt(98, 1, at + 1).await, attempt(98, 3, at + 1).await), (1, 0), "one network for any name");
    assert_eq!(attempt(1, 1, at + 2 + 24 * 3600).await, 0, "a day later");
}

#[tokio::test]
async fn vault_belongs_to_its_account() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let record = stage.begun(&ana, "ana", PASSWORD).await.ok().unwrap();
    let put = async |by: Option<&Person>, vault: &NewVault| stage.call(by, "PUT", "/v1/vault", vault).await.status;
    for generation in [0, 2, u64::MAX] {
        let vault = NewVault { generation, ..vault("ana", 1, record.clone()) };
        assert_eq!(put(Some(&ana), &vault).await, 409, "{generation}");
    }
    let first = vault("ana", 1, record.clone());
    assert_eq!(
        (put(None, &first).await, put(Some(&ana), &first).await, put(Some(&ana), &first).await),
        (401, 200, 200)
    );
    assert_eq!(
        put(Some(&ana), &NewVault { sealed: vec![7; SEALED].into(), ..first.clone() }).await,
        409,
        "not the same"
    );
    assert_eq!(put(Some(&ben), &first).await, 409, "a name of somebody else");
    assert_eq!(stage.begun(&ben, "ANA", PASSWORD).await.err().unwrap().status, 409);
    for wrong in [
        NewVault { sealed: vec![1; SEALED - 1].into(), ..first.clone() },
        NewVault { wrapped: vec![1; WRAPPED + 1].into(), ..first.clone() },
        NewVault { record: vec![7; 191].into(), ..first.clone() },
        NewVault { user: "a b".into(), ..first.clone() },
    ] {
        assert_eq!(put(Some(&ana), &wrong).await, 400);
    }
    let ended: Ended = stage.ask(&ben, "DELETE", "/v1/vault").await.read();
    assert_eq!(ended.logins, 0);
    assert_eq!(stage.log_in("ana").await.account, ana.account, "as it was");
    let _: Ended = stage.ask(&ana, "DELETE", "/v1/vault").await.read();
    let Ok(Err(LoginError::Refused)) = stage.begin(HOME, "ana", PASSWORD).await else { panic!("it is deleted") };
    let _: Status = stage.register(&ben, "ana", 1, PASSWORD).await.read();
}

#[tokio::test]
async fn new_password_ends_the_old_one_other_ways_and_logins_at_once() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let added: Status = stage.add_way(&ana, "ana-safe", 1).await.read();
    assert_eq!((added.ways, stage.add_way(&ana, "other", 2).await.status), (2, 409));
    let (one, other) = (stage.log_in("ana").await, stage.log_in("ana-safe").await);
    assert!(stage.is_live(&one.token).await && stage.is_live(&other.token).await);
    let status: Status = stage.register(&ana, "ana", 2, b"another long password").await.read();
    assert_eq!((status.generation, status.ways, status.logins), (2, 1, 0));
    assert!(!stage.is_live(&one.token).await && !stage.is_live(&other.token).await);
    for user in ["ana", "ana-safe"] {
        let Ok(Err(LoginError::Refused)) = stage.begin(HOME, user, PASSWORD).await else { panic!("{user}") };
    }
}

#[tokio::test]
async fn logins_end_one_by_one_and_all_at_once() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let logins = [stage.log_in("ana").await, stage.log_in("ana").await, stage.log_in("ana").await];
    let token = Token { token: logins[0].token.clone() };
    let ended = async || stage.call(None, "POST", "/v1/login/end", &token).await.read::<Ended>().logins;
    assert_eq!((ended().await, ended().await), (1, 0));
    let end_all = async |by| stage.ask(by, "DELETE", "/v1/logins").await.read::<Ended>().logins;
    assert_eq!(end_all(&ben).await, 0);
    assert!(stage.is_live(&logins[1].token).await && !stage.is_live(&Bytes::new()).await);
    assert_eq!(end_all(&ana).await, 2);
    assert!(!stage.is_live(&logins[2].token).await);
    assert_eq!(stage.send(HOME, None, "DELETE", "/v1/logins", Vec::new()).await.status, 401);
}

#[tokio::test]
async fn numbers_of_vaults_ways_and_logins_have_limits() {
    let stage = Stage::new(1, None).await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    assert_eq!(stage.add_way(&ana, "ana", 1).await.status, 404);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    assert_eq!(stage.register(&ben, "ben", 1, PASSWORD).await.status, 507);
    for way in 2..=9 {
        assert_eq!(stage.add_way(&ana, &format!("ana{way}"), 1).await.status, if way <= 8 { 200 } else { 409 });
    }
    let (rows, at) = (&stage.room.0.rows, now());
    let name = stage.room.0.keys.id("name", b"ana").await.unwrap();
    for number in 0..70_u8 {
        let at = at + u64::from(number);
        rows.attempt(&[number; 32], &name, &[number; 32], &Bytes::from(vec![1]), at).await.unwrap();
        rows.prove(&[number; 32], &[number; 32], at, |_| true).await.unwrap();
    }
    assert_eq!(rows.has(ana.account).await.unwrap().logins, 64);
    assert!(!rows.is_live(&[5; 32]).await.unwrap() && rows.is_live(&[6; 32]).await.unwrap(), "the oldest ended");
}

#[tokio::test]
async fn only_accounts_that_the_node_serves_register() {
    let (ana, _) = Identity::generate().unwrap();
    let stage = Stage::new(10, Some(vec![ana.address()])).await;
    let ben = stage.person().await;
    assert_eq!(stage.begun(&ben, "ben", PASSWORD).await.err().unwrap().status, 403);
    assert_eq!(stage.call(Some(&ben), "PUT", "/v1/vault", &vault("ben", 1, vec![7; 192].into())).await.status, 403);
    // What somebody has here stays theirs to delete.
    assert_eq!(stage.ask(&ben, "DELETE", "/v1/vault").await.status, 200);
}

#[tokio::test]
async fn attempts_are_forgotten_when_they_count_no_more() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let (rows, keys) = (&stage.room.0.rows, &stage.room.0.keys);
    let [known, unknown] = [keys.id("name", b"ana").await.unwrap(), keys.id("name", b"ben").await.unwrap()];
    let at = now();
    for (id, name) in [([1; 32], &known), ([2; 32], unknown.as_slice().try_into().unwrap())] {
        rows.attempt(&id, name, &[1; 32], &Bytes::from(vec![1]), at).await.unwrap();
    }
    let count = async || -> i64 {
        let path = stage.folder.path().join("node.sqlite");
        let pool =
            sqlx::SqlitePool::connect_with(sqlx::sqlite::SqliteConnectOptions::new().filename(path)).await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM attempts WHERE told = 0").fetch_one(&pool).await.unwrap()
    };
    rows.forget(at + 3600).await.unwrap();
    assert_eq!(count().await, 2);
    rows.forget(at + 25 * 3600).await.unwrap();
    assert_eq!(count().await, 1, "of a name that somebody has");
    rows.forget(at + 91 * 24 * 3600).await.unwrap();
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn database_has_no_name_network_password_or_token() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let user = "an-unmistakable-name";
    let _: Status = stage.register(&ana, user, 1, PASSWORD).await.read();
    let opened = stage.log_in(user).await;
    let _ = stage.begin(HOME, user, b"some wrong password").await;
    let mut kept = Vec::new();
    for file in std::fs::read_dir(stage.folder.path()).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds(&format!("{:#x}", ana.account)), "what is looked through is the database");
    for secret in [user, "192.0.2.77", "192.0.2.0", "correct horse", &opened.token.to_string()] {
        assert!(!holds(secret), "{secret}");
    }
}

#[test]
fn no_request_of_a_stranger_breaks_the_room() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::plain());
    let ana = runtime.block_on(stage.person());
    let paths = ["/v1/login", "/v1/login/proof", "/v1/login/live", "/v1/login/end", "/v1/vault", "/v1/vault/begin"];
    let piece = prop_oneof![
        any::<Vec<u8>>().prop_map(|bytes| serde_json::json!(Bytes::from(bytes).to_string())),
        any::<String>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
    ];
    let field = prop::sample::select(vec![
        "user",
        "request",
        "attempt",
        "proof",
        "token",
        "generation",
        "record",
        "wrapped",
        "sealed",
        "other",
    ]);
    let body = prop_oneof![
        prop::collection::vec((field, piece), 0..6)
            .prop_map(|fields| serde_json::Value::from_iter(fields).to_string().into_bytes()),
        any::<Vec<u8>>(),
    ];
    let mut config = ProptestConfig::with_cases(400);
    config.failure_persistence = None;
    proptest!(config, |(path in prop::sample::select(paths.to_vec()), put in any::<bool>(), owner in any::<bool>(), body in body)| {
        let method = if put { "PUT" } else { "POST" };
        let status = runtime.block_on(stage.send(HOME, owner.then_some(&ana), method, path, body)).status;
        prop_assert!(status < 500, "{method} {path}: {status}");
    });
    let long = runtime.block_on(stage.send(HOME, None, "POST", "/v1/login", vec![b'['; 9 << 10]));
    assert_eq!(long.status, 413);
}
