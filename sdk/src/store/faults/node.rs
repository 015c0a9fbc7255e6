//! Faults of nodes: the error for each answer of a node to a request that writes, or of another server in its place.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use async_trait::async_trait;
use futures::{FutureExt, TryStreamExt};

use super::*;
use crate::store::{read_car, seam::Sessions};

const PAGE: &str = "<!DOCTYPE html><html><body>Welcome to the guest network</body></html>";

#[derive(Debug, Default)]
struct Tokens(AtomicUsize);

#[async_trait]
impl Sessions for Tokens {
    async fn token(&self, host: &str) -> Result<String, StoreError> {
        let number = self.0.fetch_add(1, Relaxed);
        Ok(format!("hunter2.{number}.{host}"))
    }
}

fn node(server: &str) -> Arc<dyn Store> {
    node_within(server, PATIENT)
}

fn node_within(server: &str, timeout: Duration) -> Arc<dyn Store> {
    let sessions: Arc<dyn Sessions> = Arc::new(Tokens::default());
    let store = open(&server.replace("kubo+", "node+"), &StoreOptions::default().timeout(timeout)).unwrap();
    store.for_account(&sessions).unwrap()
}

async fn errors(store: &dyn Store) -> [StoreError; 3] {
    let cid = block().cid;
    let errors =
        [put(store, 3).await.unwrap_err(), store.pin(&cid).await.unwrap_err(), store.unpin(&cid).await.unwrap_err()];
    for error in &errors {
        let shown = format!("{error} {error:?} {store:?}");
        assert!(!shown.contains("hunter2") && !shown.contains('\u{1b}'), "{shown}");
    }
    errors
}

#[tokio::test]
async fn each_refusal_of_a_node_has_its_meaning() {
    for (status, headers, meaning) in [
        ("400 Bad Request", "", "failed"),
        ("401 Unauthorized", "", "refused"),
        ("403 Forbidden", "", "refused"),
        ("404 Not Found", "", "refused"),
        ("405 Method Not Allowed", "", "refused"),
        ("408 Request Timeout", "", "unreachable"),
        ("413 Content Too Large", "", "failed"),
        ("415 Unsupported Media Type", "", "failed"),
        ("422 Unprocessable Content", "", "integrity"),
        ("429 Too Many Requests", "Retry-After: 30\r\n", "unreachable"),
        ("500 Internal Server Error", "", "failed"),
        ("503 Service Unavailable", "Retry-After: 30\r\n", "unreachable"),
        ("507 Insufficient Storage", "", "full"),
    ] {
        let store = node(&serve_always(status, headers, r#"{"error":"no\r\nway \u001b[2J"}"#));
        for error in errors(&*store).await {
            let text = error.to_string();
            assert_eq!(kind(&error), meaning, "{status}: {text}");
            assert!(text.contains("no  way [2J") || meaning == "full", "the node's own words: {text}");
            assert_eq!(text.contains("asks to wait 30 s"), !headers.is_empty(), "{text}");
        }
    }
}

#[tokio::test]
async fn answer_that_is_not_of_a_node_is_unreachable_or_refused() {
    for (status, body, meaning) in [
        ("200 OK", PAGE, "unreachable"),
        ("200 OK", "", "unreachable"),
        ("200 OK", "OK", "unreachable"),
        ("200 OK", r#"{"blocks":"#, "unreachable"),
        ("200 OK", r#"{"ok":true}"#, "failed"),
        ("204 No Content", "", "unreachable"),
        ("301 Moved Permanently", "", "refused"),
        ("302 Found", r#"{"error":"elsewhere"}"#, "refused"),
        ("401 Unauthorized", PAGE, "unreachable"),
        ("404 Not Found", PAGE, "refused"),
        ("405 Method Not Allowed", "", "refused"),
        ("429 Too Many Requests", "slow down", "unreachable"),
        ("500 Internal Server Error", PAGE, "unreachable"),
        ("500 Internal Server Error", "oh", "unreachable"),
        ("502 Bad Gateway", PAGE, "unreachable"),
        ("503 Service Unavailable", r#"{"message":"no upstream"}"#, "unreachable"),
        ("511 Network Authentication Required", PAGE, "unreachable"),
    ] {
        let store = node(&serve_always(status, "Location: https://evil.example/\r\n", body));
        for error in errors(&*store).await {
            assert_eq!(kind(&error), meaning, "{status} {body}: {error}");
        }
    }
}

#[tokio::test]
async fn node_that_names_a_block_names_it_in_the_error() {
    let (wrong, missing) = (Block::leaf("wrong").cid, Block::leaf("missing").cid);
    let text = format!(r#"{{"error":"block {wrong}: its hash differs"}}"#);
    let error = put(&*node(&serve_always("422 Unprocessable Content", "", text)), 3).await.unwrap_err();
    assert!(matches!(error, StoreError::Integrity { cid, .. } if cid == wrong), "{error}");
    for (text, is_named) in [(missing.to_string(), true), ("nothing".to_owned(), false)] {
        let text = format!(r#"{{"error":"a block is missing","missing":"{text}"}}"#);
        let error = node(&serve_always("404 Not Found", "", text)).pin(&block().cid).await.unwrap_err();
        assert_eq!(matches!(error, StoreError::NotFound { cid } if cid == missing), is_named, "{error}");
        assert!(is_named || matches!(error, StoreError::Refused { .. }), "{error}");
    }
}

#[tokio::test]
async fn node_is_written_for_an_account_alone_and_read_without_a_session() {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = heads.clone();
    let url = serve(move |head, stream| {
        seen.lock().unwrap().push(head.to_owned());
        let _ = stream.write_all(reply("200 OK", "ciphertext").as_bytes());
    });
    let nobody = opened(&url.replace("kubo+", "node+"));
    for error in errors(&*nobody).await {
        assert!(
            matches!(error, StoreError::Refused { .. }) && error.to_string().contains("only an account"),
            "{error}"
        );
    }
    assert!(heads.lock().unwrap().is_empty());
    let store = node(&url);
    assert_eq!(store.get(&block().cid).await.unwrap(), block().bytes);
    assert!(store.has(&block().cid).await.unwrap());
    assert!(heads.lock().unwrap().iter().all(|head| !head.to_ascii_lowercase().contains("authorization")));
    assert!(format!("{store:?}").contains("node+http://127.0.0.1"), "{store:?}");
}

/// What a node was asked: the head, and the number of blocks in the body.
#[derive(Default)]
struct Log(Mutex<Vec<(String, u64)>>);

/// A node that takes every CAR.
fn willing(log: &Arc<Log>) -> Arc<dyn Store> {
    node(&serve_willing(log))
}

fn serve_willing(log: &Arc<Log>) -> String {
    let log = log.clone();
    serve(move |head, stream| {
        let body = read_body(head, stream);
        assert!(body.len() <= (8 << 20) + 100, "{}", body.len());
        let blocks = read_car(stream::iter([Ok(body.into())]).boxed()).try_collect::<Vec<_>>().now_or_never();
        let count = blocks.expect("nothing waits").unwrap().len() as u64;
        log.0.lock().unwrap().push((head.to_ascii_lowercase(), count));
        let _ = stream.write_all(reply("200 OK", &format!(r#"{{"blocks":{count}}}"#)).as_bytes());
    })
}

#[tokio::test]
async fn put_is_split_into_cars_of_eight_mebibytes_each_with_its_session() {
    let log = Arc::new(Log::default());
    let store = willing(&log);
    assert_eq!(store.put(stream::empty().boxed()).await.unwrap(), 0);
    assert!(log.0.lock().unwrap().is_empty(), "no blocks, no request");
    assert_eq!(put(&*store, 20).await.unwrap(), 20);
    let cars = log.0.lock().unwrap();
    assert_eq!(cars.iter().map(|(_, blocks)| *blocks).collect::<Vec<_>>(), [7, 7, 6]);
    let mut tokens = Vec::new();
    for (head, _) in cars.iter() {
        let line = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        assert!(head.starts_with("post /v1/blocks http/1.1\r\n"), "{head}");
        assert_eq!(line("content-type: "), "application/vnd.ipld.car");
        let token = line("authorization: bearer hunter2.");
        assert_eq!(token.split_once('.').unwrap().1, line("host: "), "the session is for the host that is asked");
        tokens.push(token);
    }
    tokens.dedup();
    assert_eq!(tokens.len(), 3, "asked for each time");
}

#[tokio::test]
async fn blocks_of_every_size_fit_into_cars() {
    let log = Arc::new(Log::default());
    let store = willing(&log);
    let sizes = [0, 1, MAX_BLOCK, MAX_BLOCK, MAX_BLOCK, MAX_BLOCK, 5, MAX_BLOCK - 1, 0].into_iter();
    let blocks: Vec<Block> = sizes.map(|size| Block::leaf(vec![7; size])).collect();
    let count = blocks.len() as u64;
    assert_eq!(store.put(stream::iter(blocks).map(Ok).boxed()).await.unwrap(), count);
    log.0.lock().unwrap().clear();
    let many = stream::iter(0..20_000u32).map(|number| Ok(Block::leaf(number.to_be_bytes().to_vec())));
    assert_eq!(store.put(many.boxed()).await.unwrap(), 20_000);
    let counts: Vec<u64> = log.0.lock().unwrap().iter().map(|(_, blocks)| *blocks).collect();
    assert_eq!(counts, [8192, 8192, 3616]);
}

#[tokio::test]
async fn slow_blocks_are_no_slow_request() {
    let log = Arc::new(Log::default());
    let blocks = stream::iter(0..4u8).then(|number| async move {
        tokio::time::sleep(TIMEOUT).await;
        Ok(Block::leaf(vec![number; 10]))
    });
    let store = node_within(&serve_willing(&log), TIMEOUT * 3);
    assert_eq!(store.put(blocks.boxed()).await.unwrap(), 4);
    assert_eq!(log.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn error_among_the_blocks_sends_nothing_that_looks_complete() {
    let log = Arc::new(Log::default());
    let broken = || Err(StoreError::Input("the file vanished".into()));
    let whole = (0..9u8).map(|number| Ok(Block::leaf(vec![number; 1 << 20])));
    let blocks = stream::iter(whole).chain(stream::iter([broken()])).chain(stream::pending());
    let error = willing(&log).put(blocks.boxed()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Input(cause) if cause.to_string() == "the file vanished"), "{error}");
    assert_eq!(log.0.lock().unwrap().iter().map(|(_, blocks)| *blocks).collect::<Vec<_>>(), [7]);
}

#[tokio::test]
async fn put_that_a_node_counts_differently_fails() {
    for body in [r#"{"blocks":2}"#, r#"{"blocks":4}"#, r#"{"blocks":-3}"#, r#"{"blocks":"3"}"#, "{}"] {
        let error = put(&*node(&serve_always("200 OK", "", body)), 3).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{body}: {error}");
    }
}

/// The node closes the connection while it still gets blocks, so that its reason may be lost.
#[tokio::test]
async fn reason_of_a_node_that_takes_no_more_is_found() {
    for (status, meaning) in
        [("403 Forbidden", "refused"), ("429 Too Many Requests", "unreachable"), ("507 Insufficient Storage", "full")]
    {
        let store = node(&serve(move |head, stream| {
            let is_small = head.to_ascii_lowercase().contains("content-length: 18\r\n");
            if is_small {
                read_body(head, stream);
            }
            if is_small || status.starts_with("507") {
                let _ = stream.write_all(reply(status, r#"{"error":"your account may not write here"}"#).as_bytes());
            }
        }));
        let error = put(&*store, 8).await.unwrap_err();
        assert_eq!(kind(&error), meaning, "{error}");
        assert!(error.to_string().contains("may not write") || meaning == "full", "{error}");
    }
    let store = node(&serve(|_, _| {}));
    assert_eq!(kind(&put(&*store, 8).await.unwrap_err()), "unreachable");
}

#[tokio::test]
async fn node_that_takes_or_answers_nothing_times_out() {
    let silent = node_within(&serve(|_, _| thread::sleep(Duration::from_secs(60))), TIMEOUT);
    let start = Instant::now();
    assert_eq!(kind(&put(&*silent, 3).await.unwrap_err()), "timed out");
    assert_eq!(kind(&put(&*silent, 10_000).await.unwrap_err()), "timed out");
    assert_eq!(kind(&silent.unpin(&block().cid).await.unwrap_err()), "timed out");
    assert!(start.elapsed() < TIMEOUT * 12, "{:?}", start.elapsed());
    let stuck = serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        thread::sleep(Duration::from_secs(60));
    });
    let stuck = node_within(&stuck, TIMEOUT);
    assert_eq!(kind(&stuck.unpin(&block().cid).await.unwrap_err()), "timed out");
    let endless = node(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    }));
    assert_eq!(kind(&endless.unpin(&block().cid).await.unwrap_err()), "failed");
}

/// A node whose answers to one pin are these, and then the last one for ever, each after this time.
fn pinning(reports: &'static [&'static str], each: Duration, timeout: Duration) -> (Arc<dyn Store>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let server = serve(move |head, stream| {
        assert!(head.starts_with(&format!("PUT /v1/pins/{} HTTP/1.1\r\n", block().cid)), "{head}");
        let report = reports[count.fetch_add(1, Relaxed).min(reports.len() - 1)];
        thread::sleep(each);
        let status = if report.contains("working") { "202 Accepted" } else { "200 OK" };
        let _ = stream.write_all(reply(status, report).as_bytes());
    });
    (node_within(&server, timeout), asked)
}

const BEGUN: &str = r#"{"status":"working","blocks":0}"#;
const FIRST: &str = r#"{"status":"working","blocks":1}"#;
const SECOND: &str = r#"{"status":"working","blocks":2}"#;
const PINNED: &str = r#"{"status":"pinned","blocks":3,"bytes":9}"#;

#[tokio::test]
async fn pin_takes_as_long_as_it_makes_progress() {
    let (store, asked) = pinning(&[BEGUN, FIRST, FIRST, SECOND, PINNED], TIMEOUT, TIMEOUT * 3);
    store.pin(&block().cid).await.expect("longer than the timeout, but with progress");
    assert_eq!(asked.load(Relaxed), 5);
    let (store, _) = pinning(&[PINNED], TIMEOUT * 2, TIMEOUT);
    store.pin(&block().cid).await.expect("a node answers after some seconds, however short the timeout is");
}

#[tokio::test]
async fn pin_without_progress_times_out_and_does_not_hammer_the_node() {
    for reports in [&[FIRST][..], &[SECOND, FIRST]] {
        let (store, asked) = pinning(reports, Duration::ZERO, TIMEOUT);
        let pinned = tokio::time::timeout(PATIENT, async { store.pin(&block().cid).await }).await;
        let error = pinned.expect("the pin ends").unwrap_err();
        assert!(matches!(error, StoreError::TimedOut { after, .. } if after == TIMEOUT), "{error}");
        assert!(asked.load(Relaxed) <= 6, "{asked:?}");
    }
}

#[tokio::test]
async fn pin_or_unpin_that_is_not_confirmed_fails() {
    for report in [r#"{"status":"unpinned"}"#, r#"{"status":"odd"}"#, r#"{"status":"working"}"#, "{}", "[]"] {
        let error = node(&serve_always("200 OK", "", report)).pin(&block().cid).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{report}: {error}");
    }
    for report in [PINNED, BEGUN, "{}"] {
        let error = node(&serve_always("200 OK", "", report)).unpin(&block().cid).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{report}: {error}");
    }
    node(&serve_always("200 OK", "", r#"{"status":"unpinned"}"#)).unpin(&block().cid).await.unwrap();
}

#[derive(Debug)]
struct NoSigner;

#[async_trait]
impl Sessions for NoSigner {
    async fn token(&self, host: &str) -> Result<String, StoreError> {
        Err(StoreError::Refused { url: host.to_owned(), reason: "the key is locked".to_owned(), source: None })
    }
}

#[tokio::test]
async fn account_that_signs_no_session_writes_nothing_and_makes_no_block() {
    let signer: Arc<dyn Sessions> = Arc::new(NoSigner);
    let store = opened("node+http://127.0.0.1:1").for_account(&signer).unwrap();
    let blocks = stream::poll_fn(|_| panic!("a block was made")).boxed();
    for error in [store.put(blocks).await.unwrap_err(), store.pin(&block().cid).await.unwrap_err()] {
        assert!(error.to_string().contains("the key is locked"), "{error}");
    }
}
