use std::time::{Duration, Instant};

use axum::{
    body::{Body, Bytes},
    http::{Request, header},
};
use futures::{StreamExt, stream};
use hospital_record::{Deployment, node::Session, store::MAX_BLOCK};

use super::stage::*;
use crate::{
    blocks::{
        room::Patience,
        upload::{LONGEST, MOST_BLOCKS},
    },
    clock::now,
};

#[tokio::test]
async fn blocks_are_stored_counted_and_served() {
    let (stage, blocks) = (Stage::plain().await, dag(&[1 << 20, 5000, 7, 0]));
    let ana = stage.person().await;
    stage.put(&ana, &blocks).await.check(200, r#"{"blocks":5}"#);
    for block in &blocks {
        assert!(stage.serves(block).await, "{}", block.cid);
    }
    assert_eq!(stage.held(&ana).await, counts(&blocks));
    let twice = [blocks.clone(), blocks.clone()].concat();
    stage.put(&ana, &twice).await.check(200, r#"{"blocks":10}"#);
    assert_eq!(stage.held(&ana).await, counts(&blocks), "what is there counts once");
    stage.put(&ana, &[]).await.check(200, r#"{"blocks":0}"#);
    stage.check_books().await;
}

#[tokio::test]
async fn only_a_session_of_an_admitted_account_for_this_host_writes() {
    let stage = Stage::plain().await;
    let (ana, deployment) = (stage.person().await, stage.system.deployment());
    let sign = async |deployment: Deployment, host: &str, until: u64| {
        format!("Bearer {}", Session::sign(&ana.identity, deployment, host, until).await.unwrap())
    };
    let other_chain = Deployment { chain: deployment.chain + 1, ..deployment };
    let later = now() + 600;
    let of_bea = stage.person().await.token;
    let (bea, ana_parts) = (of_bea.split('.').nth(1).unwrap(), ana.token.split('.').collect::<Vec<_>>());
    let stolen = format!("Bearer hr1.{bea}.{}.{}", ana_parts[2], ana_parts[3]);
    let good = format!("Bearer {}", ana.token);
    let block = leaf(10);
    let cases: Vec<(Vec<String>, &str, &str)> = vec![
        (vec![], HOST, "writing needs a session"),
        (vec![good.clone(), good.clone()], HOST, "writing needs a session"),
        (vec![ana.token.clone()], HOST, "writing needs a session"),
        (vec![format!("Basic {}", ana.token)], HOST, "writing needs a session"),
        (vec!["Bearer ".into()], HOST, "this is no session"),
        (vec!["Bearer hr1.a.b.c".into()], HOST, "this is no session"),
        (vec![stolen], HOST, "another account"),
        (vec![good.clone()], "evil.example", "another host"),
        (vec![good.clone()], "clinic.example:8443", "another host"),
        (vec![sign(other_chain, HOST, later).await], HOST, "another account, or for another host, chain or contract"),
        (vec![sign(deployment, HOST, now() - 61).await], HOST, "is over"),
        (vec![sign(deployment, HOST, now() + 3600).await], HOST, "more than 15 minutes"),
    ];
    for (tokens, host, says) in cases {
        for (method, path) in [
            ("POST", "/v1/blocks".into()),
            ("PUT", format!("/v1/pins/{}", block.cid)),
            ("DELETE", format!("/v1/pins/{}", block.cid)),
        ] {
            let mut request = Request::builder().method(method).uri(&path).header("host", host);
            request = request.header("content-type", "application/vnd.ipld.car");
            for token in &tokens {
                request = request.header("authorization", token);
            }
            let body = Body::from(car(std::slice::from_ref(&block)).await);
            let answer = stage.call(request.body(body).unwrap()).await;
            answer.check(401, says);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
    assert!(!stage.store.inner.has(&block.cid).await.unwrap());
    let mut request = ana.upload(Body::from(car(std::slice::from_ref(&block)).await));
    request.headers_mut().insert(header::HOST, "Clinic.EXAMPLE".parse().unwrap());
    stage.call(request).await.check(200, "");

    let strict = Stage::new(Options { allowed: Some(vec![ana.account]), ..Options::default() }).await;
    let bea = strict.person().await;
    strict.put(&bea, &[leaf(9)]).await.check(403, "does not serve this account");
    strict.pin(&bea, &block.cid).await.check(403, "does not serve");
    strict.put(&ana, &[leaf(9)]).await.check(200, "");
}

#[tokio::test]
async fn broken_car_is_refused_and_nothing_of_it_is_stored() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let good = leaf(5000);
    let whole = car(&[good.clone(), leaf(3000)]).await;
    let wrong = {
        let mut bytes = whole.clone();
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    };
    let header = car(&[]).await;
    let with = |section: &[u8]| [header.clone(), section.to_vec()].concat();
    let other_hash = [&[0x04, 0x01, 0x55, 0x00, 0x00][..]].concat();
    for (bytes, status, says) in [
        (wrong, 422, "its hash differs"),
        (whole[..whole.len() - 1].to_vec(), 400, "breaks off"),
        (whole[..header.len() + 3].to_vec(), 400, "breaks off"),
        (Vec::new(), 400, "breaks off"),
        (b"<!DOCTYPE html>".to_vec(), 400, "CAR"),
        (vec![0xff; 100], 400, "varint"),
        (with(&[0xff; 20]), 400, "varint"),
        (with(&[0]), 400, "no valid CID"),
        (with(&other_hash), 422, "SHA2-256"),
        (with(&[0xff, 0xff, 0xff, 0x7f]), 413, "longer than 2 MiB"),
        (vec![0; 4096], 400, "CAR"),
    ] {
        let length = bytes.len();
        stage.call(ana.upload(Body::from(bytes))).await.check(status, says);
        assert!(!stage.store.inner.has(&good.cid).await.unwrap(), "{length} bytes, {says}");
    }
    assert_eq!(stage.held(&ana).await, 0);
    for kind in ["application/json", "text/plain", "application/vnd.ipld.carx", ""] {
        let mut request = ana.upload(Body::from(whole.clone()));
        request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().unwrap());
        stage.call(request).await.check(415, "application/vnd.ipld.car");
    }
    let mut request = ana.upload(Body::from(whole));
    request.headers_mut().insert(header::CONTENT_TYPE, "Application/vnd.ipld.car; version=1".parse().unwrap());
    stage.call(request).await.check(200, r#"{"blocks":2}"#);
}

#[tokio::test]
async fn body_has_a_longest_length_and_a_highest_number_of_blocks() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let mut request = ana.upload(Body::empty());
    request.headers_mut().insert(header::CONTENT_LENGTH, (LONGEST + 1).to_string().parse().unwrap());
    stage.call(request).await.check(413, "more than 16 MiB");
    let large: Vec<_> = (0..8).map(|_| leaf(MAX_BLOCK)).collect();
    let bytes = car(&large).await;
    assert!(bytes.len() > LONGEST);
    let pieces = stream::iter(
        bytes.chunks(100_000).map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece))).collect::<Vec<_>>(),
    );
    stage.call(ana.upload(Body::from_stream(pieces))).await.check(413, "more than 16 MiB");
    assert_eq!(stage.held(&ana).await, 0);
    stage.put(&ana, &large[..7]).await.check(200, r#"{"blocks":7}"#);

    let same = vec![leaf(1); MOST_BLOCKS + 1];
    stage.put(&ana, &same).await.check(413, "more than 16384 blocks");
    stage.put(&ana, &same[1..]).await.check(200, r#"{"blocks":16384}"#);
}

#[tokio::test]
async fn slow_or_broken_body_ends_in_time_and_stores_nothing() {
    let patience = Patience {
        body: Duration::from_secs(3),
        silence: Duration::from_millis(200),
        rest: Duration::from_millis(100),
        ..Patience::new()
    };
    let stage = Stage::new(Options { patience, ..Options::default() }).await;
    let (ana, block) = (stage.person().await, leaf(100_000));
    let bytes = Bytes::from(car(std::slice::from_ref(&block)).await);
    let half = bytes.slice(..50_000);
    let silent = stream::iter([Ok::<_, std::io::Error>(half.clone())]).chain(stream::pending());
    let rest = bytes.clone();
    let dripping = stream::iter(0..).then(move |place| {
        let byte = rest.slice(place..=place);
        async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, std::io::Error>(byte)
        }
    });
    let cut = stream::iter([Ok(half), Err(std::io::Error::other("reset"))]);
    for (body, status, says, milliseconds) in [
        (Body::from_stream(silent), 408, "in time", 200..1_500),
        (Body::from_stream(dripping), 408, "in time", 3_000..6_000),
        (Body::from_stream(cut), 400, "broke off", 0..1_500),
    ] {
        let start = Instant::now();
        let answer = stage.call(ana.upload(body)).await;
        answer.check(status, says);
        assert_eq!(answer.header("connection"), "close");
        assert!(milliseconds.contains(&start.elapsed().as_millis()), "{says} {:?}", start.elapsed());
    }
    assert!(!stage.store.inner.has(&block.cid).await.unwrap());
    assert_eq!(stage.held(&ana).await, 0);
}

#[tokio::test]
async fn slow_uploads_of_one_account_keep_no_other_account_out() {
    let patience = Patience { place: Duration::from_millis(300), ..Patience::new() };
    let stage = Stage::new(Options { patience, ..Options::default() }).await;
    let (ana, bea) = (stage.person().await, stage.person().await);
    let slow = || stage.call(ana.upload(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())));
    let hogs = futures::future::join_all((0..4).map(|_| slow()));
    let others = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let refused = stage.put(&ana, &[leaf(10)]).await;
        refused.check(429, "too much at once");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        stage.put(&bea, &[leaf(10)]).await.check(200, "");
    };
    tokio::select! {
        _ = hogs => panic!("they never end"),
        () = others => {}
    }
    stage.put(&ana, &[leaf(10)]).await.check(200, "");
}
