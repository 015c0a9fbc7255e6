//! A relay that web pages, slow clients and wrong settings meet.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use hospital_record::{B256, alloy::signers::local::PrivateKeySigner};
use hospital_record_tests::{node::Node, world::World};

use crate::relay::{ask, request};

/// Less than what the relay gives to somebody who is silent, and more.
const NOT_YET: Duration = Duration::from_secs(5);
const BY_NOW: Duration = Duration::from_secs(15);
/// What a relay that is told to stop may take, and a moment.
const GRACE: Duration = Duration::from_secs(22);

/// The whole answer to a request of one's own making.
fn raw(relay: &Node, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    write!(stream, "{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.to_lowercase()
}

#[tokio::test]
async fn a_web_page_cannot_make_a_browser_use_the_relay() {
    let world = World::shared().await;
    let page = "https://portal.hospital.example";
    let relay = Node::start(&world.anvil, &["--allow-origin", page, "--host", "relay.hospital.example"]);
    let signer = PrivateKeySigner::random();
    let request = request(world.system.contract(), &signer, B256::repeat_byte(1), 0, world.anvil.now() + 3600);
    let body = serde_json::to_string(&request).unwrap();
    let json = "content-type: application/json\r\n";
    let to =
        |host: &str, rest: &str| raw(&relay, &format!("POST /v1/requests HTTP/1.1\r\nhost: {host}\r\n{rest}"), &body);
    let host = relay.address();
    for (host, rest, status) in [
        (host, "content-type: text/plain\r\n".to_owned(), "415"),
        (host, "content-type: application/x-www-form-urlencoded\r\n".into(), "415"),
        (host, String::new(), "415"),
        (host, format!("{json}origin: https://evil.example\r\n"), "403"),
        (host, format!("{json}origin: null\r\n"), "403"),
        ("rebound.evil.example", json.into(), "421"),
    ] {
        let answer = to(host, &rest);
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{host} {rest}: {answer}");
        assert!(!answer.contains("access-control"), "{answer}");
    }
    assert!(world.system.history(signer.address()).await.unwrap().entries.is_empty());

    let asked = format!("OPTIONS /v1/requests HTTP/1.1\r\nhost: {host}\r\norigin: {page}\r\n");
    assert!(raw(&relay, &asked, "").contains("access-control-allow-headers: content-type"));
    let answer = to("relay.hospital.example", &format!("{json}origin: {page}\r\n"));
    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    assert!(answer.contains(&format!("access-control-allow-origin: {page}")), "{answer}");
}

/// Sends the beginning of a request, and says when the other side has had enough.
fn half_sent(relay: &Node, begin: &str) -> (Instant, thread::JoinHandle<(Duration, String)>) {
    let mut stream = TcpStream::connect(relay.address()).unwrap();
    stream.write_all(begin.as_bytes()).unwrap();
    let start = Instant::now();
    let waiting = thread::spawn(move || {
        let mut answer = Vec::new();
        // Cut off is an end too.
        let _ = stream.read_to_end(&mut answer);
        (start.elapsed(), String::from_utf8_lossy(&answer).into_owned())
    });
    (start, waiting)
}

const HALF_HEADERS: &str = "POST /v1/requests HTTP/1.1\r\nhost: localhost\r\n";
const HALF_BODY: &str = "POST /v1/requests HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                         content-length: 100\r\n\r\n{";

#[tokio::test]
async fn slow_clients_are_cut_and_one_address_does_not_take_all_connections() {
    let world = World::shared().await;
    // Eight for one address.
    let relay = Node::start(&world.anvil, &["--connections", "64"]);
    let begun = ["", "P", HALF_HEADERS, HALF_BODY, "", "", "", ""].map(|begin| half_sent(&relay, begin).1);
    thread::sleep(Duration::from_millis(500));
    let (_, one_more) = half_sent(&relay, "");
    assert!(one_more.join().unwrap().0 < NOT_YET, "there are eight already");
    for one in begun {
        let (after, answer) = one.join().unwrap();
        assert!((NOT_YET..BY_NOW).contains(&after), "{after:?} {answer}");
        assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    }
    assert_eq!(ask(&relay, "GET", "/health", b"").0, 200);

    let long = format!("GET /health HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n", "y".repeat(40_000));
    let many = format!("GET /health HTTP/1.1\r\nhost: localhost\r\n{}", "x: y\r\n".repeat(200));
    for head in [long, many] {
        let (_, answer) = half_sent(&relay, &format!("{head}\r\n")).1.join().unwrap();
        assert!(answer.contains(" 431 "), "{answer}");
    }
}

#[tokio::test]
async fn relay_ends_within_its_grace_also_with_half_sent_requests() {
    let world = World::shared().await;
    let mut relay = Node::start(&world.anvil, &[]);
    let begun = [HALF_HEADERS, HALF_BODY, ""].map(|begin| half_sent(&relay, begin).1);
    thread::sleep(Duration::from_millis(200));
    let start = Instant::now();
    relay.stop();
    assert!(start.elapsed() < GRACE, "{:?}", start.elapsed());
    for one in begun {
        one.join().unwrap();
    }
}

#[tokio::test]
async fn questions_are_limited_too() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &["--questions-per-address", "10"]);
    let statuses: Vec<_> = (0..12).map(|_| ask(&relay, "GET", "/health", b"").0).collect();
    assert_eq!(statuses[..10], [200; 10]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn relay_does_not_start_with_settings_under_which_it_carries_nothing() {
    let world = World::shared().await;
    let relay = Node::start(&world.anvil, &[]);
    for (option, value) in [("--timeout", "0"), ("--max-fee", "0"), ("--queue", "0"), ("--budget", "0")] {
        let output = relay.command().args([option, value]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(option), "{option}: {said}");
    }
}
