//! Logging in.

use hospital_record::node::messages::{Begin, Bytes, Opened, Proof, Status, Token};
use hospital_record_core::{
    error::LoginError,
    vault::{
        opaque::LoggingIn,
        sealed::{SEALED, WRAPPED},
    },
};
use proptest::prelude::*;

use super::stage::*;
use crate::{clock::now, login::rows::RowsError};

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
        rows.attempt(&attempt([id; 32], &name, [id; 32]), now() - ago).await.unwrap();
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
        rows.attempt(&attempt([id; 32], &name, [9; 32]), at).await.unwrap();
    }
    stage.log_in("ana").await;
    let next = rows.attempt(&attempt([6; 32], &name, [9; 32]), at).await;
    assert!(matches!(next, Err(RowsError::Paused(_))));
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
    let mut tried = async |name: u8, network: u16, now: u64| {
        next += 1;
        let [id, network] = [next, network].map(|number| {
            let mut id = [0; 32];
            id[..2].copy_from_slice(&number.to_be_bytes());
            id
        });
        match rows.attempt(&attempt(id, &[name; 32], network), now).await {
            Ok(()) => 0,
            Err(RowsError::Paused(wait)) => wait.as_secs(),
            Err(error) => panic!("{error}"),
        }
    };
    for _ in 0..5 {
        assert_eq!(tried(1, 1, at).await, 0);
    }
    assert_eq!((tried(1, 1, at).await, tried(1, 1, at).await), (1, 1), "a refused attempt does not count");
    assert_eq!((tried(1, 1, at + 1).await, tried(1, 1, at + 1).await, tried(1, 2, at).await), (0, 2, 0));
    for network in 10..53 {
        assert_eq!(tried(1, network, at + 1).await, 0, "{network}");
    }
    assert_eq!((tried(1, 99, at + 1).await, tried(2, 99, at + 1).await), (1, 0), "one name from anywhere");
    for name in 3..97 {
        assert_eq!(tried(name, 1, at + 1).await, 0, "{name}");
    }
    assert_eq!((tried(98, 1, at + 1).await, tried(98, 3, at + 1).await), (1, 0), "one network for any name");
    assert_eq!(tried(1, 1, at + 2 + 24 * 3600).await, 0, "a day later");
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
        rows.attempt(&attempt(id, name, [1; 32]), at).await.unwrap();
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
