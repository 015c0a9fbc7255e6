//! Frames of live vitals through a node.

use std::{
    io::{self, BufReader, Write},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use hospital_record::{Address, Deployment, Identity, node::Session};
use hospital_record_tests::{anvil::Anvil, data, http, node::Node, world::World};
use serde_json::Value;

use crate::events::Listener;

const CHANNEL: &str = "00112233445566778899aabbccddeeff";

/// A device with its account, and a connection that it keeps.
struct Device {
    account: Address,
    token: String,
    address: String,
    stream: Option<TcpStream>,
}

impl Device {
    async fn new(node: &Node, deployment: Deployment, host: Option<&str>) -> Self {
        let identity = Identity::generate().unwrap().0;
        let until = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 600;
        let session = Session::sign(&identity, deployment, host.unwrap_or(node.address()), until).await.unwrap();
        let (account, token) = (identity.address(), session.to_string());
        Self { account, token, address: node.address().into(), stream: None }
    }

    fn path(&self) -> String {
        format!("/v1/frames/{:#x}/{CHANNEL}", self.account)
    }

    /// Publishes a frame once.
    fn publish(&mut self, path: &str, number: u64, frame: &[u8]) -> io::Result<(u16, Value)> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(&self.address)?,
        };
        let head = format!(
            "POST {path}?number={number} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
             content-type: application/octet-stream\r\ncontent-length: {}\r\n\r\n",
            self.address,
            self.token,
            frame.len()
        );
        stream.write_all(&[head.as_bytes(), frame].concat())?;
        let answer = http::read(&mut BufReader::new(&stream))?.ok_or(io::ErrorKind::UnexpectedEof)?;
        self.stream = Some(stream);
        Ok((answer.status(), serde_json::from_slice(&answer.body)?))
    }

    /// Publishes a frame as a device does, again and again until it is acknowledged; its id.
    fn publish_surely(&mut self, number: u64, frame: &[u8]) -> String {
        let (start, path) = (Instant::now(), self.path());
        loop {
            match self.publish(&path, number, frame) {
                Ok((200, answer)) => return answer["id"].as_str().unwrap().to_owned(),
                Ok((503, _)) | Err(_) => thread::sleep(Duration::from_millis(20)),
                Ok((status, answer)) => panic!("{status} {answer}"),
            }
            assert!(start.elapsed() < Duration::from_secs(60), "frame {number} was never acknowledged");
        }
    }
}

fn frame(number: u64) -> Vec<u8> {
    data::bytes(&number.to_string(), 300)
}

/// Listens until the last frame, and comes back with its last id whenever the connection ends: all events.
fn listen(address: &str, path: &str, last: u64) -> Vec<(String, String, Value)> {
    let (start, mut events) = (Instant::now(), Vec::<(String, String, Value)>::new());
    while !events.last().is_some_and(|(_, _, data)| data["number"] == last) {
        assert!(start.elapsed() < Duration::from_secs(120), "{} events", events.len());
        let after = events.last().map(|(id, ..)| id.clone());
        let Some(mut listener) = Listener::try_at(address, path, after.as_deref()) else {
            thread::sleep(Duration::from_millis(20));
            continue;
        };
        while let Some(event) = listener.try_next() {
            let is_last = event.2["number"] == last;
            events.push(event);
            if is_last {
                break;
            }
        }
    }
    events
}

#[tokio::test]
async fn killed_node_loses_doubles_and_disorders_no_frame() {
    const FRAMES: u64 = 600;
    let world = World::shared().await;
    let mut node = Node::start(&world.anvil, &["--frames", "--open-frames"]);
    let mut device = Device::new(&node, world.system.deployment(), None).await;
    let (address, path) = (node.address().to_owned(), device.path());
    let listeners = ["", "?after=0"].map(|query| {
        let (address, path) = (address.clone(), format!("{path}{query}"));
        // It began before the first frame.
        let begun = Listener::try_at(&address, &path, None).unwrap().try_next().unwrap();
        assert_eq!((begun.0.as_str(), begun.1.as_str()), ("0-0", "begin"));
        thread::spawn(move || listen(&address, &path, FRAMES))
    });
    thread::sleep(Duration::from_millis(500));
    let count = Arc::new(AtomicU64::new(0));
    let counted = count.clone();
    let publisher = thread::spawn(move || {
        let publish = |number| {
            let id = device.publish_surely(number, &frame(number));
            counted.store(number, SeqCst);
            id
        };
        (1..=FRAMES).map(publish).collect::<Vec<_>>()
    });
    for at in [150, 300, 450] {
        while count.load(SeqCst) < at {
            assert!(!publisher.is_finished());
            thread::sleep(Duration::from_millis(1));
        }
        node.kill();
        node.run();
    }
    let ids = publisher.join().unwrap();
    for listener in listeners {
        let events = listener.join().unwrap();
        assert!(events.iter().all(|(_, name, _)| name != "missed"));
        let frames: Vec<_> = events.iter().filter(|(_, name, _)| name == "frame").collect();
        assert_eq!(frames.len() as u64, FRAMES);
        for (((id, _, data), expected), number) in frames.into_iter().zip(&ids).zip(1..) {
            assert_eq!((id, &data["number"]), (expected, &number.into()));
            assert_eq!(decoded(&data["frame"]), frame(number), "{number}");
        }
    }
    let log = node.log().to_lowercase();
    assert!(!log.contains(CHANNEL) && !log.contains(&path[13..50]), "a log names no channel: {log}");
}

/// The bytes of a text in base64.
fn decoded(text: &Value) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.as_str().unwrap().bytes().filter(|digit| *digit != b'=');
    let values: Vec<u32> =
        digits.map(|digit| alphabet.iter().position(|known| *known == digit).unwrap() as u32).collect();
    let bytes = |four: &[u32]| {
        let word = four.iter().enumerate().fold(0, |word, (place, value)| word | value << (18 - 6 * place));
        word.to_be_bytes()[1..four.len()].to_vec()
    };
    values.chunks(4).flat_map(bytes).collect()
}

#[tokio::test]
async fn frames_are_published_by_the_account_of_the_channel_alone() {
    let world = World::shared().await;
    let deployment = world.system.deployment();
    let node = Node::start(&world.anvil, &["--frames", "--open-frames"]);
    let (mut ana, mut bea) = (Device::new(&node, deployment, None).await, Device::new(&node, deployment, None).await);
    let says = |(status, answer): (u16, Value)| (status, answer["error"].as_str().unwrap_or_default().to_owned());
    let (status, text) = says(bea.publish(&ana.path(), 1, b"x").unwrap());
    assert!(status == 403 && text.contains("only the account of a channel"), "{status} {text}");
    for host in ["evil.example", "127.0.0.1", "localhost"] {
        let mut elsewhere = Device::new(&node, deployment, Some(host)).await;
        let (status, text) = says(elsewhere.publish(&elsewhere.path(), 1, b"x").unwrap());
        assert!(status == 401 && text.contains("another host"), "{host}: {status} {text}");
    }
    assert_eq!(ana.publish(&ana.path(), 1, b"x").unwrap().0, 200);
    let mut listener = Listener::try_at(node.address(), &format!("{}?after=0", ana.path()), None).unwrap();
    assert_eq!(listener.try_next().unwrap().1, "begin");
    assert_eq!(decoded(&listener.try_next().unwrap().2["frame"]), b"x");

    let disk = tempfile::tempdir().unwrap();
    let list = disk.path().join("staff.txt");
    std::fs::write(&list, format!("{}\n", bea.account)).unwrap();
    let strict = Node::start(&world.anvil, &["--frames", "--allow", list.to_str().unwrap()]);
    let mut stranger = Device::new(&strict, deployment, None).await;
    let (status, text) = says(stranger.publish(&stranger.path(), 1, b"x").unwrap());
    assert!(status == 403 && text.contains("does not serve this account"), "{status} {text}");
    stranger.token = "hr1.a.b.c".into();
    assert_eq!(stranger.publish(&stranger.path(), 1, b"x").unwrap().0, 401);
}

#[tokio::test]
#[ignore = "it measures: publishes a second, which docs/node.md states"]
async fn publishes_a_second() {
    let world = World::shared().await;
    measure(&world.anvil, world.system.deployment(), 1, 1_000).await;
    measure(&world.anvil, world.system.deployment(), 200, 100).await;
}

async fn measure(anvil: &Anvil, deployment: Deployment, devices: usize, frames: u64) {
    let options = ["--frames", "--open-frames", "--connections", "4096", "--frames-per-address", "10000000"];
    let node = Node::start(anvil, &options);
    let mut threads = Vec::new();
    let mut all = Vec::new();
    for _ in 0..devices {
        all.push(Device::new(&node, deployment, None).await);
    }
    let start = Instant::now();
    for mut device in all {
        threads.push(thread::spawn(move || {
            let publish = |number| {
                let start = Instant::now();
                device.publish_surely(number, &[7; 1024]);
                start.elapsed()
            };
            (1..=frames).map(publish).collect::<Vec<_>>()
        }));
    }
    let mut times: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!("{devices} publishers: {rate:.0} frames/s, p50 {:?}, p99 {:?}", at(50), at(99));
}
