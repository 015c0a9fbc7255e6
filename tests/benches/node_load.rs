//! A hospital's node under load, with a directory behind it, beside plain Kubo with the same uploads in the same run:
//! 500 people put 10 CARs of 1 MiB a second and pin each. What was lost and refused, how long an upload with its pin took,
//! and what each server took of CPU and memory.
//!
//! `make bench`. The figures are for comparing within a run. A number of seconds as an argument takes the place of the
//! minute: `cargo bench -p hospital-record-tests --bench node_load -- 10`.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Cid, Identity, System,
    node::Session,
    store::{Block, write_car},
};
use hospital_record_tests::{anvil::Anvil, data, kubo::Kubo, node::Node};

const PEOPLE: usize = 500;
const A_SECOND: u32 = 10;
const SECONDS: u32 = 60;
/// The boundary between the parts of a form.
const BOUNDARY: &str = "hospital-record-bench";
const PATIENCE: Duration = Duration::from_secs(120);

/// Who takes uploads.
#[derive(Clone)]
enum Server {
    /// With the sessions of its people.
    Node {
        address: String,
        tokens: Arc<Vec<String>>,
    },
    Kubo {
        address: String,
    },
}

/// An upload that was acknowledged.
struct Done {
    number: u32,
    took: Duration,
    refused: u32,
}

fn main() {
    let seconds = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(SECONDS);
    let (anvil, kubo, disk) = (Anvil::start(), Kubo::start(), tempfile::tempdir().expect("a temporary folder"));
    let store = format!("file://{}", disk.path().display());
    let node = Node::start(&anvil, &["--blocks", &store, "--open-blocks", "--others-per-address", "100000"]);
    let tokens = Arc::new(tokens(&anvil, &node));
    let servers = [
        ("node", node.pid(), Server::Node { address: node.address().into(), tokens }),
        ("kubo", kubo.server().pid(), Server::Kubo { address: kubo.address().into() }),
    ];
    let uploads = A_SECOND * seconds;
    println!("{PEOPLE} people, {uploads} uploads of 1 MiB in {seconds} s, each pinned");
    let (start, mut running) = (Instant::now(), Vec::new());
    let before = servers.each_ref().map(|(_, pid, _)| cpu_seconds(pid));
    for number in 0..uploads {
        let car = Arc::new(car(number));
        let due = start + Duration::from_secs(1) * number / A_SECOND;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        running.push(servers.each_ref().map(|(_, _, server)| upload(server.clone(), number, car.clone())));
    }
    let mut done = [Vec::new(), Vec::new()];
    for uploads in running {
        for (done, upload) in done.iter_mut().zip(uploads) {
            done.push(upload.join().expect("it was acknowledged, or refused as documented"));
        }
    }
    println!(
        "{:<6} {:>5} {:>8} {:>8} {:>8} {:>8} {:>8}  peak MiB",
        "", "lost", "refused", "p50 ms", "p95 ms", "p99 ms", "CPU s"
    );
    for (((name, pid, server), before), done) in servers.iter().zip(before).zip(&mut done) {
        let cpu = cpu_seconds(pid) - before;
        let lost = done.iter().filter(|upload| !server.has(upload.number)).count();
        done.sort_by_key(|upload| upload.took);
        let at = |percent: usize| done[(done.len() - 1) * percent / 100].took.as_millis();
        let refused: u32 = done.iter().map(|upload| upload.refused).sum();
        let (p50, p95, p99) = (at(50), at(95), at(99));
        println!("{name:<6} {lost:>5} {refused:>8} {p50:>8} {p95:>8} {p99:>8} {cpu:>8.1}  {:.0}", peak_mib(pid));
        assert_eq!(lost, 0, "{name} lost what it had acknowledged");
    }
}

/// A session of each of the people.
fn tokens(anvil: &Anvil, node: &Node) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let system = System::builder().rpc(anvil.url()).store("memory:").connect().await.expect("a chain");
        let until = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() + 870;
        let mut tokens = Vec::new();
        for _ in 0..PEOPLE {
            let (identity, _) = Identity::generate().expect("the system has random numbers");
            let session = Session::sign(&identity, system.deployment(), node.address(), until).await;
            tokens.push(session.expect("a session").to_string());
        }
        tokens
    })
}

fn block(number: u32) -> Block {
    Block::leaf(data::bytes(&format!("upload {number}"), data::MIB))
}

fn car(number: u32) -> (Cid, Vec<u8>) {
    let block = block(number);
    let (cid, blocks) = (block.cid, stream::iter([Ok(block)]).boxed());
    let pieces: Vec<bytes::Bytes> =
        futures::executor::block_on(write_car(&[cid], blocks).try_collect()).expect("a CAR in memory");
    (cid, pieces.concat())
}

/// One upload with its pin, repeated if the server says when.
fn upload(server: Server, number: u32, car: Arc<(Cid, Vec<u8>)>) -> JoinHandle<Done> {
    let (start, mut refused) = (Instant::now(), 0);
    thread::spawn(move || {
        loop {
            match server.upload(number, &car.0, &car.1) {
                Ok(()) => return Done { number, took: start.elapsed(), refused },
                Err(wait) => {
                    refused += 1;
                    assert!(start.elapsed() < PATIENCE, "upload {number} was refused for too long");
                    thread::sleep(wait);
                }
            }
        }
    })
}

impl Server {
    /// An error is how long to wait.
    fn upload(&self, number: u32, cid: &Cid, car: &[u8]) -> Result<(), Duration> {
        match self {
            Self::Node { address, tokens } => {
                let session = format!("authorization: Bearer {}\r\n", tokens[number as usize % PEOPLE]);
                let head = format!("{session}content-type: application/vnd.ipld.car\r\n");
                accepted(call(address, "POST", "/v1/blocks", &head, car))?;
                // 202 says that it goes on.
                while accepted(call(address, "PUT", &format!("/v1/pins/{cid}"), &session, b""))? == 202 {}
                Ok(())
            }
            Self::Kubo { address } => {
                let part = format!(
                    "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"x.car\"\r\n\
                                    content-type: application/octet-stream\r\n\r\n"
                );
                let form = [part.as_bytes(), car, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
                let head = format!("content-type: multipart/form-data; boundary={BOUNDARY}\r\n");
                accepted(call(address, "POST", "/api/v0/dag/import?pin-roots=true", &head, &form)).map(drop)
            }
        }
    }

    /// Whether it gives back what was uploaded.
    fn has(&self, number: u32) -> bool {
        let block = block(number);
        let answer = match self {
            Self::Node { address, .. } => call(address, "GET", &format!("/ipfs/{}?format=raw", block.cid), "", b""),
            Self::Kubo { address } => call(address, "POST", &format!("/api/v0/block/get?arg={}", block.cid), "", b""),
        };
        answer.is_ok_and(|answer| answer.status == 200 && answer.body == block.bytes)
    }
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// The status of an answer that takes the upload, or how long to wait.
fn accepted(answer: io::Result<Answer>) -> Result<u16, Duration> {
    let answer = answer.expect("the server answers");
    let wait = answer.headers.get("retry-after").and_then(|seconds| seconds.parse().ok());
    match (answer.status, wait) {
        (200 | 202, _) => Ok(answer.status),
        (429 | 503, Some(seconds)) => Err(Duration::from_secs(seconds)),
        (status, _) => panic!("{status}: {}", String::from_utf8_lossy(&answer.body)),
    }
}

/// One exchange, a connection each.
fn call(address: &str, method: &str, path: &str, headers: &str, body: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    let line = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<_, _> = head.lines().skip(1).filter_map(line).collect();
    let body = bytes.split_off(end + 4);
    let is_chunked = headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked");
    Ok(Answer { status, headers, body: if is_chunked { unchunked(&body) } else { body } })
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or_default();
        let chunk = rest.get(end + 2..end + 2 + length).unwrap_or_default();
        if chunk.is_empty() {
            break;
        }
        body.extend_from_slice(chunk);
        rest = rest.get(end + 4 + length..).unwrap_or_default();
    }
    body
}

/// CPU seconds of a process so far, as Linux counts them: in hundredths.
fn cpu_seconds(pid: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may have spaces.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(11) + ticks(12)) / 100.0
}

fn peak_mib(pid: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}
