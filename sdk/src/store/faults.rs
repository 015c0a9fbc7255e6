//! Servers that fail, each in a different way.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[cfg(feature = "s3")]
mod bucket;
mod gateway;
mod kubo;
mod node;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use cid::Cid;
use futures::{StreamExt, stream};

use crate::store::{dag::MAX_BLOCK, error::StoreError, open, options::StoreOptions, seam::Store};
use hospital_record_core::record::dag::Block;

const TIMEOUT: Duration = Duration::from_millis(600);
/// Where time is not what is tested, however busy the machine is.
const PATIENT: Duration = Duration::from_secs(30);

/// Starts a server that passes the head of every request to `answer`, and returns its URL. It runs until the tests end.
fn serve(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("kubo+http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (answer, mut stream) = (answer.clone(), stream.unwrap());
            thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                answer(&String::from_utf8_lossy(&head), &mut stream);
            });
        }
    });
    url
}

/// A server that also reads the body, and gives this answer to every request except one for a block's size.
fn serve_text(answer: impl Into<String>) -> String {
    let answer = answer.into();
    serve(move |head, stream| {
        if head.contains("chunked") {
            read_chunks(stream);
        }
        let text = if head.contains("block/stat") { reply("200 OK", "{}") } else { answer.clone() };
        let _ = stream.write_all(text.as_bytes());
    })
}

fn read_chunks(stream: &mut TcpStream) {
    let (mut tail, mut piece) = (Vec::new(), [0; 4096]);
    while !tail.ends_with(b"\r\n0\r\n\r\n") {
        let Ok(read @ 1..) = stream.read(&mut piece) else { return };
        tail.extend_from_slice(&piece[..read]);
        tail.drain(..tail.len().saturating_sub(8));
    }
}

/// A server that reads each request and always gives the same answer; to HEAD without a body, as HTTP requires.
fn serve_always(status: &'static str, headers: &'static str, body: impl Into<String>) -> String {
    let body = body.into();
    serve(move |head, stream| {
        read_body(head, stream);
        let length = body.len();
        let shown = if head.starts_with("HEAD") { "" } else { &body };
        let text =
            format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{shown}");
        let _ = stream.write_all(text.as_bytes());
    })
}

fn read_body(head: &str, stream: &mut TcpStream) -> Vec<u8> {
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    let _ = stream.read_exact(&mut body);
    body
}

fn reply(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Status 200, one piece of body, and then an error in the trailer.
fn late_error(body: &str, error: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nTrailer: X-Stream-Error\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\nX-Stream-Error: {error}\r\n\r\n",
        body.len()
    )
}

fn opened(url: &str) -> Arc<dyn Store> {
    open(url, &StoreOptions::default().timeout(TIMEOUT).peers(Duration::ZERO)).unwrap()
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Refused { .. } => "refused",
        StoreError::Unreachable { .. } => "unreachable",
        StoreError::Failed { .. } => "failed",
        StoreError::Full { .. } => "full",
        StoreError::TimedOut { .. } => "timed out",
        StoreError::Integrity { .. } => "integrity",
        StoreError::NotFound { .. } => "not found",
        _ => "another",
    }
}

fn block() -> Block {
    Block::leaf("ciphertext")
}

async fn put(store: &dyn Store, blocks: u64) -> Result<u64, StoreError> {
    let blocks = stream::iter(0..blocks).map(|number| Ok(Block::leaf(vec![number as u8; 1 << 20])));
    store.put(blocks.boxed()).await
}

/// The error of each verb that talks to the store.
async fn all_verbs(store: &dyn Store) -> Vec<(&'static str, StoreError)> {
    let cid: Cid = block().cid;
    vec![
        ("put", put(store, 3).await.unwrap_err()),
        ("get", store.get(&cid).await.unwrap_err()),
        ("has", store.has(&cid).await.unwrap_err()),
        ("pin", store.pin(&cid).await.unwrap_err()),
        ("unpin", store.unpin(&cid).await.unwrap_err()),
    ]
}
