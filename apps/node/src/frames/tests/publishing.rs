use axum::{body::Body, http::Request};
use futures::future::join_all;
use hospital_record::{Deployment, node::Session};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use tokio::runtime::Runtime;

use super::stage::*;
use crate::{
    clock::now,
    frames::{
        publish::LONGEST,
        rows::{CHANNELS_OF_AN_ACCOUNT, Most},
    },
};

#[tokio::test]
async fn repeated_frame_has_one_place_and_another_one_is_refused() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let first = stage.publish(&ana, 7, b"one").await.id();
    let second = stage.publish(&ana, 9, b"two").await.id();
    assert_ne!(first, second);
    for (number, frame, expected) in [(7, "one", &first), (9, "two", &second), (7, "one", &first)] {
        assert_eq!(&stage.publish(&ana, number, frame.as_bytes()).await.id(), expected, "{number}");
    }
    for (number, frame, says) in
        [(7, "One", "other bytes"), (9, "tw", "other bytes"), (8, "one", "ascend"), (0, "x", "ascend")]
    {
        let answer = stage.publish(&ana, number, frame.as_bytes()).await;
        answer.check(409, says);
        assert_eq!(answer.json["next"], 10, "{number}");
    }
    let last = stage.publish(&ana, u64::MAX, b"last").await.id();
    assert_eq!(stage.publish(&ana, u64::MAX, b"last").await.id(), last);
    let answer = stage.publish(&ana, u64::MAX, b"more").await;
    answer.check(409, "use another channel");
    assert!(answer.json["next"].is_null());

    let at_once = join_all((0..20).map(|_| stage.publish(&ana, 5, b"same"))).await;
    at_once[0].check(409, "ascend");
    let other = ana.path("ffffffffffffffffffffffffffffffff");
    let at_once = join_all((0..20).map(|_| stage.call(ana.request(&other, 5, "same")))).await;
    let id = at_once[0].id();
    assert!(at_once.iter().all(|answer| answer.id() == id), "a frame that comes again while it is stored");
}

#[tokio::test]
async fn only_the_account_of_a_channel_publishes_in_it() {
    let stage = Stage::plain().await;
    let (ana, bea, deployment) = (stage.person().await, stage.person().await, stage.system.deployment());
    let sign = async |deployment: Deployment, host: &str, until: u64| {
        Session::sign(&ana.identity, deployment, host, until).await.unwrap().to_string()
    };
    let (path, later) = (format!("{}?number=1", ana.path(NAME)), now() + 600);
    let other_chain = Deployment { chain: deployment.chain + 1, ..deployment };
    for (token, status, says) in [
        (None, 401, "needs a session"),
        (Some("hr1.a.b.c".to_owned()), 401, "no session"),
        (Some(sign(deployment, "evil.example", later).await), 401, "another host"),
        (Some(sign(other_chain, HOST, later).await), 401, "chain or contract"),
        (Some(sign(deployment, HOST, now() - 61).await), 401, "is over"),
        (Some(bea.token.clone()), 403, "only the account of a channel"),
    ] {
        stage.call(request(token.as_deref(), &path, "frame")).await.check(status, says);
    }
    assert_eq!(stage.listen(&format!("{}?after=0", ana.path(NAME)), None).await.begin().await, "0-0");
    stage.call(request(Some(&ana.token), &path, "frame")).await.id();

    let strict = Stage::new(Most::new(1 << 28), Some(vec![ana.account])).await;
    let (bea, other) = (strict.person().await, strict.system.deployment());
    strict.publish(&bea, 1, b"frame").await.check(403, "does not serve this account");
    let token = sign(other, HOST, later).await;
    strict.call(request(Some(&token), &path, "frame")).await.id();
}

#[tokio::test]
async fn frame_has_a_number_a_type_and_at_most_64_kib() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let path = ana.path(NAME);
    stage.call(ana.request(&path, 1, vec![7; LONGEST])).await.id();
    stage.call(ana.request(&path, 2, vec![7; LONGEST + 1])).await.check(413, "64 KiB");
    stage.call(ana.request(&path, 2, "")).await.check(400, "1 byte to 64 KiB");
    for query in ["", "?number=", "?number=-1", "?number=18446744073709551616", "?n=1"] {
        stage.call(request(Some(&ana.token), &format!("{path}{query}"), "x")).await.check(400, "number");
    }
    for (kind, says) in [("text/plain", "application/octet-stream"), ("application/json", "send a frame as")] {
        let mut request = ana.request(&path, 2, "x");
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        stage.call(request).await.check(415, says);
    }
    for name in ["x", "00112233445566778899AABBCCDDEEFF", "00112233445566778899aabbccddeeff0", "%ff"] {
        stage.call(ana.request(&ana.path(name), 2, "x")).await.check(400, "32 hex digits");
    }
    let metrics = stage.room.metrics().await;
    assert!(metrics.contains("hospital_record_frames_refused_total{reason=\"type\"} 1\n"), "{metrics}");
    assert!(metrics.contains("hospital_record_frames_published_total 1\n"), "{metrics}");
    assert!(!metrics.contains(&NAME[..8]) && !metrics.contains("0x"), "{metrics}");
}

#[tokio::test]
async fn account_over_its_limit_waits_and_others_do_not() {
    let stage = Stage::plain().await;
    let (ana, bea, cem) = (stage.person().await, stage.person().await, stage.person().await);
    // At once: what a slow machine publishes one by one is within the limit.
    let answers = join_all((0..100).map(|_| stage.publish(&ana, 1, &[1; LONGEST]))).await;
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(good.len() >= 64 && !refused.is_empty(), "{} {}", good.len(), refused.len());
    refused.iter().for_each(|answer| answer.check(429, "publishes too much"));
    stage.publish(&bea, 1, &vec![1; LONGEST]).await.id();
    // Its first name is taken by each: numbers that come together are in no order.
    let answers = join_all((0..1_300).map(|_| stage.publish(&cem, 1, b"x"))).await;
    let (good, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert!(good.len() >= 1_200 && !refused.is_empty(), "{} {}", good.len(), refused.len());
    refused.iter().for_each(|answer| answer.check(429, "wait"));
}

#[tokio::test]
async fn frames_that_wait_share_a_commit() {
    let stage = Stage::plain().await;
    let people = join_all((0..200).map(|_| stage.person())).await;
    for answer in join_all(people.iter().map(|person| stage.publish(person, 1, b"frame"))).await {
        answer.id();
    }
    let metrics = stage.room.metrics().await;
    let commits = metrics.lines().find_map(|line| line.strip_prefix("hospital_record_frames_commits_total ")).unwrap();
    assert!(commits.parse::<u32>().unwrap() <= 40, "{commits}");
}

#[tokio::test]
async fn account_has_sixteen_channels_until_they_are_forgotten() {
    let stage = Stage::plain().await;
    let (ana, bea) = (stage.person().await, stage.person().await);
    for number in 0..CHANNELS_OF_AN_ACCOUNT {
        stage.call(ana.request(&ana.path(&format!("{number:032x}")), 1, "x")).await.id();
    }
    stage.publish(&ana, 1, b"x").await.check(507, "16 channels");
    stage.call(ana.request(&ana.path(&format!("{:032x}", 3)), 2, "x")).await.id();
    stage.publish(&bea, 1, b"x").await.id();
    let hour = 3_600_000;
    crate::frames::round(&stage.room.0.rows, crate::clock::now_millis() + hour).await.unwrap();
    stage.publish(&ana, 1, b"x").await.id();
}

#[tokio::test]
async fn failed_database_acknowledges_nothing() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    stage.publish(&ana, 1, b"x").await.id();
    stage.run("ALTER TABLE frames RENAME TO elsewhere").await;
    for answer in join_all([2, 3].map(|number| stage.publish(&ana, number, b"x"))).await {
        answer.check(503, "send the frame again");
    }
    stage.run("ALTER TABLE elsewhere RENAME TO frames").await;
    stage.publish(&ana, 2, b"x").await.id();
}

#[test]
fn every_frame_request_is_answered() {
    let runtime = Runtime::new().unwrap();
    let (stage, ana) = runtime.block_on(async {
        let stage = Stage::plain().await;
        let ana = stage.person().await;
        (stage, ana)
    });
    let known = select(vec![ana.path(NAME), ana.path(""), "/v1/frames/".into(), "/v1/frames".into(), "/".into()]);
    let rest = prop_oneof![
        Just("?number=1".to_owned()),
        Just("?after=0".to_owned()),
        "[a-zA-Z0-9/?=&%.:;+-]{0,60}",
        "(%[0-9a-f]{2}){0,20}",
    ];
    let names = select(vec!["authorization", "content-type", "content-length", "last-event-id", "accept"]);
    let values = vec(0x20..=0xff_u8, 0..40).prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != 0x7f).collect());
    let methods = select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"]);
    let inputs = (methods, known, rest, vec((names, values), 0..4), vec(any::<u8>(), 0..200), any::<bool>());
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) });
    let run = runner.run(
        &inputs,
        |(method, start, rest, headers, body, is_signed): (_, String, String, Vec<(_, Vec<u8>)>, _, bool)| {
            let mut request = Request::builder().method(method).uri(format!("{start}{rest}")).header("host", HOST);
            if is_signed {
                request = request.header("authorization", format!("Bearer {}", ana.token));
                request = request.header("content-type", "application/octet-stream");
            }
            for (name, value) in &headers {
                request = request.header(*name, value.as_slice());
            }
            if let Ok(request) = request.body(Body::from(body)) {
                let status = runtime.block_on(stage.status(request));
                let known = [200, 204, 400, 401, 403, 404, 405, 409, 415, 429].contains(&status);
                prop_assert!(known, "{method} {start}{rest}: {status}");
            }
            Ok(())
        },
    );
    run.unwrap();
    runtime.block_on(stage.publish(&ana, u64::MAX, b"still there")).id();
}
