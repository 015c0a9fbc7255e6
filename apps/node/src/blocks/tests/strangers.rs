//! Whatever a stranger sends, the room answers, and goes on.

use axum::{
    body::{Body, Bytes},
    http::Request,
};
use futures::stream;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use tokio::runtime::Runtime;

use super::stage::*;

const KNOWN: [u16; 14] = [200, 202, 304, 400, 401, 403, 404, 405, 406, 408, 413, 415, 422, 429];

fn paths() -> impl Strategy<Value = String> {
    let cid = "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta";
    let known = select(vec!["/ipfs/", "/v1/blocks", "/v1/pins/", "/ipfs", "/v1", "/"]);
    let rest = prop_oneof![
        Just(cid.to_owned()),
        Just(format!("{cid}?format=raw")),
        Just(format!("{cid}?format=car&dag-scope=all")),
        "[a-zA-Z0-9/?=&%.:;+-]{0,60}",
        "(%[0-9a-f]{2}){0,20}",
    ];
    (known, rest).prop_map(|(start, rest)| format!("{start}{rest}"))
}

fn header_lines() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let names = select(vec![
        "accept",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "if-none-match",
        "range",
        "transfer-encoding",
        "x-forwarded-for",
    ]);
    let values = prop_oneof![
        Just(b"application/vnd.ipld.car".to_vec()),
        Just(b"application/vnd.ipld.raw, text/html;q=0".to_vec()),
        Just(b"Bearer hr1.00.1.00".to_vec()),
        Just(b"18446744073709551616".to_vec()),
        Just(b"W/\"*\", *,,".to_vec()),
        vec(0x20..=0xff_u8, 0..60).prop_map(|bytes| bytes.into_iter().filter(|byte| *byte != 0x7f).collect()),
    ];
    vec((names.prop_map(str::to_owned), values), 0..6)
}

fn request(
    method: &str,
    path: &str,
    headers: &[(String, Vec<u8>)],
    body: Vec<Vec<u8>>,
    token: Option<&str>,
) -> Option<Request<Body>> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, value.as_slice());
    }
    if let Some(token) = token {
        request = request.header("host", HOST).header("authorization", format!("Bearer {token}"));
    }
    let pieces = body.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
    request.body(Body::from_stream(stream::iter(pieces.collect::<Vec<_>>()))).ok()
}

/// Runs a room against many inputs.
fn against<T: std::fmt::Debug>(strategy: &impl Strategy<Value = T>, check: impl AsyncFn(&Stage, &Person, T)) {
    let runtime = Runtime::new().unwrap();
    let (stage, ana) = runtime.block_on(async {
        let stage = Stage::plain().await;
        let ana = stage.person().await;
        (stage, ana)
    });
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) });
    let run = runner.run(strategy, |input| {
        runtime.block_on(check(&stage, &ana, input));
        Ok(())
    });
    run.unwrap();
    runtime.block_on(async {
        stage.put(&ana, &dag(&[10, 20])).await.check(200, "");
        stage.check_books().await;
    });
}

#[test]
fn every_request_is_answered() {
    let methods = select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]);
    let bodies = vec(vec(any::<u8>(), 0..200), 0..5);
    let requests = (methods, paths(), header_lines(), bodies, any::<bool>());
    against(&requests, async |stage: &Stage, ana: &Person, (method, path, headers, body, is_signed)| {
        let token = is_signed.then_some(ana.token.as_str());
        let Some(request) = request(method, &path, &headers, body, token) else { return };
        let answer = stage.call(request).await;
        assert!(KNOWN.contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
    });
}

#[test]
fn every_body_of_an_account_is_answered() {
    let junk = vec(vec(any::<u8>(), 0..100), 0..6);
    let changes = (0..12_000_usize, any::<u8>(), 1..5_000_usize);
    against(&(junk, changes), async |stage: &Stage, ana: &Person, (junk, (place, byte, split))| {
        let mut bytes = car(&dag(&[5_000, 6_000])).await;
        let good = bytes.clone();
        let place = place % bytes.len();
        bytes[place] = byte;
        let is_same = bytes == good;
        let pieces: Vec<Vec<u8>> = bytes.chunks(split).map(<[u8]>::to_vec).collect();
        let headers = [("content-type".to_owned(), b"application/vnd.ipld.car".to_vec())];
        for (body, is_good) in [(junk, false), (pieces, is_same)] {
            let answer = stage.call(request("POST", "/v1/blocks", &headers, body, Some(&ana.token)).unwrap()).await;
            let status = answer.status.as_u16();
            let is_expected = if is_good { status == 200 } else { [400, 413, 422].contains(&status) };
            assert!(is_expected, "{status} {}", answer.text());
        }
    });
}
