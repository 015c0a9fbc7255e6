//! Faults of gateways: the error for each answer of a gateway, or of another server in its place.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use bytes::Bytes;

use super::*;
use crate::store::stores::Stores;

const PAGE: &str = "<!DOCTYPE html><html><body>Welcome to the guest network</body></html>";
const BLOCK: &str = "Content-Type: application/vnd.ipld.raw\r\n";

fn gateway(server: &str) -> Arc<dyn Store> {
    gateway_within(server, PATIENT)
}

fn gateway_within(server: &str, timeout: Duration) -> Arc<dyn Store> {
    open(&server.replace("kubo+", "gateway+"), &StoreOptions::default().timeout(timeout)).unwrap()
}

async fn outcomes(store: &dyn Store) -> (&'static str, &'static str) {
    let got = store.get(&block().cid).await;
    let has = store.has(&block().cid).await;
    (
        got.as_ref().map_or_else(kind, |_| "found"),
        has.as_ref().map_or_else(kind, |has| if *has { "found" } else { "not found" }),
    )
}

#[tokio::test]
async fn each_answer_of_a_gateway_has_its_meaning() {
    for (status, headers, body, get, has) in [
        ("200 OK", BLOCK, "ciphertext", "found", "found"),
        ("200 OK", "Content-Type: Application/vnd.ipld.raw; x=y\r\n", "ciphertext", "found", "found"),
        ("200 OK", "", "ciphertext", "found", "found"),
        ("200 OK", "Content-Type: text/html\r\n", "ciphertext", "found", "found"),
        ("200 OK", "", "another text", "integrity", "integrity"),
        ("200 OK", "", PAGE, "unreachable", "unreachable"),
        ("200 OK", "Content-Type: text/html\r\n", PAGE, "unreachable", "unreachable"),
        ("200 OK", "", "", "unreachable", "unreachable"),
        ("206 Partial Content", BLOCK, "ciphertext", "failed", "failed"),
        ("301 Moved Permanently", "Location: https://evil.example/\r\n", "", "refused", "refused"),
        ("302 Found", "Location: https://login.example/\r\n", PAGE, "refused", "refused"),
        ("400 Bad Request", "", "invalid cid", "failed", "failed"),
        ("401 Unauthorized", "", PAGE, "refused", "refused"),
        ("403 Forbidden", "", "", "refused", "refused"),
        ("404 Not Found", "", PAGE, "not found", "not found"),
        ("404 Not Found", "", "", "not found", "not found"),
        ("405 Method Not Allowed", "", "", "refused", "refused"),
        ("406 Not Acceptable", "", "", "refused", "refused"),
        ("410 Gone", "", "", "not found", "not found"),
        ("412 Precondition Failed", "", "", "not found", "not found"),
        ("429 Too Many Requests", "Retry-After: 30\r\n", "slow down", "unreachable", "unreachable"),
        ("500 Internal Server Error", "", "leveldb is sad", "failed", "failed"),
        ("500 Internal Server Error", "", "", "failed", "failed"),
        ("502 Bad Gateway", "", PAGE, "unreachable", "unreachable"),
        ("503 Service Unavailable", "Retry-After: soon\r\n", "", "unreachable", "unreachable"),
        ("504 Gateway Timeout", "", "", "unreachable", "unreachable"),
        ("511 Network Authentication Required", "", PAGE, "unreachable", "unreachable"),
    ] {
        let store = gateway(&serve_always(status, headers, body));
        assert_eq!(outcomes(&*store).await, (get, has), "{status} {body}");
    }
    let page = gateway(&serve_always("500 Internal Server Error", "", PAGE));
    assert_eq!(outcomes(&*page).await.0, "unreachable");
    let empty = Block::leaf("");
    let honest = gateway(&serve_always("200 OK", "", ""));
    assert!(honest.get(&empty.cid).await.unwrap().is_empty() && honest.has(&empty.cid).await.unwrap());
    let like_a_page = Block::leaf(PAGE);
    let honest = gateway(&serve_always("200 OK", "", PAGE));
    assert_eq!(honest.get(&like_a_page.cid).await.unwrap(), PAGE);
}

#[tokio::test]
async fn error_of_a_gateway_says_why_and_how_long_to_wait() {
    for (status, headers, body, says) in [
        ("429 Too Many Requests", "Retry-After: 30\r\n", "", "HTTP 429; it asks to wait 30 s"),
        ("503 Service Unavailable", "Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", "", "HTTP 503;"),
        ("500 Internal Server Error", "", "leveldb\r\nis \u{1b}[2Jsad", "leveldb  is [2Jsad"),
        ("302 Found", "Location: https://evil.example/\r\n", "", "instead of localhost"),
        ("406 Not Acceptable", "", "", "not a trustless gateway"),
        ("200 OK", "", PAGE, "login page of this network, and not as a gateway does (HTTP 200)"),
    ] {
        let error = gateway(&serve_always(status, headers, body)).get(&block().cid).await.unwrap_err().to_string();
        assert!(error.contains(says) && !error.contains("evil"), "{status}: {error}");
    }
}

#[tokio::test]
async fn gateway_is_asked_for_one_block_without_any_secret() {
    let heads = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = heads.clone();
    let url = serve(move |head, stream| {
        seen.lock().unwrap().push(head.to_ascii_lowercase());
        let _ = stream.write_all(reply("405 Method Not Allowed", "").as_bytes());
    });
    let store = gateway(&format!("{url}/a/b/"));
    assert_eq!(outcomes(&*store).await, ("refused", "refused"));
    let (heads, path) = (heads.lock().unwrap(), format!("/a/b/ipfs/{}?format=raw http/1.1\r\n", block().cid));
    assert_eq!(heads.len(), 3, "HEAD is followed by GET: {heads:?}");
    for (head, method) in heads.iter().zip(["get ", "head ", "get "]) {
        assert!(head.starts_with(&format!("{method}{path}")), "{head}");
        assert!(head.contains("accept: application/vnd.ipld.raw\r\n"), "{head}");
        assert!(!head.contains("authorization") && !head.contains("cookie"), "{head}");
    }
    assert!(!heads[0].contains("only-if-cached") && heads[1..].iter().all(|head| head.contains("only-if-cached")));
}

#[tokio::test]
async fn body_that_is_cut_short_or_too_long_is_no_block() {
    let cut = gateway(&serve_text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nciphertext"));
    assert_eq!(outcomes(&*cut).await.0, "unreachable");
    let longer = gateway(&serve_text("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nciphertext"));
    assert_eq!(outcomes(&*longer).await.0, "integrity");
    let late = gateway(&serve_text(late_error("ciphertext", "disk error")));
    assert_eq!(outcomes(&*late).await.0, "failed");
    let large = gateway(&serve_text(reply("200 OK", &"x".repeat(MAX_BLOCK + 1))));
    assert_eq!(outcomes(&*large).await.0, "failed");
    let endless = gateway(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"100000\r\n".to_vec(), vec![b'x'; 1 << 20], b"\r\n".to_vec()].concat();
        while stream.write_all(&chunk).is_ok() {}
    }));
    assert_eq!(outcomes(&*endless).await.0, "failed");
    let endless_words = gateway(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 500 Oh\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    }));
    assert_eq!(outcomes(&*endless_words).await.0, "failed");
}

/// One byte at a time, for ever.
fn trickle(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while stream.write_all(b"x").is_ok() {
        thread::sleep(TIMEOUT / 20);
    }
}

#[tokio::test]
async fn gateway_has_one_deadline_for_each_answer() {
    let silent = gateway_within(&serve(|_, _| thread::sleep(Duration::from_secs(60))), TIMEOUT);
    let slow = serve(|head, stream| match head.starts_with("HEAD") {
        true => drop(stream.write_all(reply("405 Method Not Allowed", "").as_bytes())),
        false => trickle(stream),
    });
    for store in [silent, gateway_within(&slow, TIMEOUT)] {
        let start = Instant::now();
        assert_eq!(outcomes(&*store).await, ("timed out", "timed out"));
        assert!(start.elapsed() < TIMEOUT * 8, "{:?}", start.elapsed());
    }
    // The second request of `has` gets what the first left of the time.
    let each = Duration::from_millis(1400);
    let slow_twice = serve(move |head, stream| {
        thread::sleep(each);
        let status = if head.starts_with("HEAD") { "405 Method Not Allowed" } else { "200 OK" };
        let _ = stream.write_all(reply(status, "ciphertext").as_bytes());
    });
    assert_eq!(outcomes(&*gateway_within(&slow_twice, each + TIMEOUT)).await, ("found", "timed out"));
    let late = gateway(&serve(move |_, stream| {
        thread::sleep(each);
        let _ = stream.write_all(reply("404 Not Found", "no").as_bytes());
    }));
    assert_eq!(outcomes(&*late).await, ("not found", "not found"));
}

#[tokio::test]
async fn gateway_is_read_only_and_says_so_without_a_request() {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = count.clone();
    let store = gateway(&serve(move |_, _| {
        asked.fetch_add(1, Relaxed);
    }));
    let cid = block().cid;
    for error in
        [put(&*store, 3).await.unwrap_err(), store.pin(&cid).await.unwrap_err(), store.unpin(&cid).await.unwrap_err()]
    {
        let text = error.to_string();
        assert!(matches!(error, StoreError::Refused { .. }) && text.contains("read-only"), "{text}");
        assert!(text.contains("name a store that can be written before it"), "{text}");
    }
    assert_eq!(count.load(Relaxed), 0);
}

/// A gateway that holds these blocks.
fn honest(blocks: &[Block]) -> Arc<dyn Store> {
    let held: HashMap<String, Bytes> = blocks.iter().map(|b| (format!("/ipfs/{}?", b.cid), b.bytes.clone())).collect();
    gateway(&serve(move |head, stream| {
        let found = held.iter().find(|(path, _)| head.contains(path.as_str()));
        let (status, bytes) = found.map_or(("404 Not Found", &b""[..]), |(_, bytes)| ("200 OK", &bytes[..]));
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", bytes.len());
        let _ = stream.write_all(&[head.as_bytes(), bytes].concat());
    }))
}

/// The slow one is asked once a call, the lying one is asked for each block, and neither keeps a block from its reader.
#[tokio::test]
async fn slow_or_lying_gateway_costs_one_deadline_a_call_and_the_next_one_answers() {
    let blocks: Vec<Block> = (0..20u8).map(|number| Block::leaf(vec![number; 1000])).collect();
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = |answer: fn(&mut TcpStream)| {
        let asked = asked.clone();
        let server = serve(move |_, stream| {
            asked.fetch_add(1, Relaxed);
            answer(stream);
        });
        gateway_within(&server, TIMEOUT)
    };
    for slow in [
        counting(|_| thread::sleep(Duration::from_secs(60))),
        counting(trickle),
        counting(|stream| drop(stream.write_all(reply("429 Too Many Requests", "").as_bytes()))),
    ] {
        asked.store(0, Relaxed);
        let lying = gateway(&serve_always("200 OK", BLOCK, "another text"));
        let lacking = honest(&blocks[..1]);
        let stores = Stores::new(vec![slow, lying, lacking, honest(&blocks)]).unwrap().for_one_call(3);
        let start = Instant::now();
        for block in &blocks {
            assert_eq!(stores.get(&block.cid).await.unwrap(), block.bytes);
        }
        assert!(start.elapsed() < TIMEOUT * 8, "{:?}", start.elapsed());
        assert_eq!(asked.load(Relaxed), 1);
        let absent = stores.get(&Block::leaf("absent").cid).await.unwrap_err();
        assert_eq!(absent.kind(), crate::base::error::kind::ErrorKind::Integrity, "the worst error counts: {absent}");
    }
}
