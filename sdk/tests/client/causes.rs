//! An app walks from an error to what caused it, and meets no secret on the way.

use std::{
    error::Error as StdError,
    io::{self, Read, Write},
    iter,
    net::TcpListener,
    time::Duration,
};

use hospital_record::{
    B256, Error, ErrorKind, Source,
    ledger::{EthereumLedger, EthereumOptions, Integrity, Ledger, LedgerError},
    relay::{HttpRelay, Relay, SignedRequest},
    store::{Block, StoreError, StoreOptions, open},
};
use hospital_record_core::error::{BlockError, CoreError, DagError, IdError, SealError};

use crate::two;

/// In user names, passwords, paths, queries and tokens.
const SECRET: &str = "hush0a";

fn chain(error: &Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    iter::successors(Some(first), |error| (*error).source())
}

fn caused_by<E: StdError + 'static>(error: &Error) -> Option<&E> {
    chain(error).skip(1).find_map(|cause| cause.downcast_ref())
}

/// A server that answers everything with this, and ends; its port.
fn serve(answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(io::Result::ok) {
            // A part of the request will do.
            let _ = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(answer.as_bytes()));
        }
    });
    port
}

/// Where nobody listens, where no such host is, and where what answers is no service of ours.
fn hosts() -> Vec<(&'static str, String, bool)> {
    let at = |port: u16| format!("127.0.0.1:{port}");
    let json = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"error\":\"x\"}";
    vec![
        ("http", at(1), true),
        ("http", "no-such-host.invalid".into(), false),
        ("https", at(serve("no TLS here\r\n")), false),
        ("http", at(serve("")), false),
        ("http", at(serve("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")), false),
        ("http", at(serve("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")), false),
        ("http", at(serve("HTTP/1.1 302 Found\r\nLocation: /hush0a\r\nContent-Length: 0\r\n\r\n")), false),
        ("http", at(serve(json)), false),
        ("http", at(serve("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")), false),
    ]
}

/// The errors of a store, an RPC and a relay at this host, with secrets wherever each takes them.
async fn failures(scheme: &str, host: &str) -> Vec<Error> {
    let (after, cid) = (Duration::from_secs(1), Block::leaf("x").cid);
    let options = StoreOptions::default().timeout(after);
    let mut errors = Vec::new();
    for (url, options) in [
        (format!("kubo+{scheme}://user:{SECRET}@{host}"), options.clone()),
        (format!("kubo+{scheme}://{host}"), options.clone().token(SECRET)),
        (format!("kubo+{scheme}://{host}?token={SECRET}"), options),
    ] {
        match open(&url, &options) {
            Ok(store) => errors.extend(store.get(&cid).await.err().map(Error::from)),
            Err(error) => errors.push(error.into()),
        }
    }
    for place in [format!("user:{SECRET}@{host}/"), format!("{host}/v3/{SECRET}"), format!("{host}/?key={SECRET}")] {
        let options = EthereumOptions { timeout: after, ..EthereumOptions::default() };
        let ledger = EthereumLedger::connect(&format!("{scheme}://{place}"), options).unwrap();
        errors.push(ledger.chain_id().await.unwrap_err().into());
        let request = SignedRequest { chain_id: 1, contract: Default::default(), data: Default::default() };
        match HttpRelay::connect(&format!("{scheme}://{place}"), after) {
            Ok(relay) => errors.push(relay.carry(&request).await.unwrap_err()),
            Err(error) => errors.push(error),
        }
    }
    errors
}

#[tokio::test(flavor = "multi_thread")]
async fn no_error_of_a_chain_shows_a_secret_of_a_url() {
    let (mut seen, mut systems) = (0, 0);
    let hosts = hosts();
    let asked = hosts.iter().map(|(scheme, host, _)| failures(scheme, host));
    for ((scheme, host, is_refused), errors) in hosts.iter().zip(futures::future::join_all(asked).await) {
        for error in errors {
            for cause in chain(&error) {
                let told = format!("{cause} {cause:?} {cause:#?}");
                assert!(!told.contains(SECRET), "{scheme}://{host}: {told}");
                assert!(!cause.is::<reqwest::Error>(), "{told}");
                seen += 1;
            }
            let system = caused_by::<io::Error>(&error).map(io::Error::kind);
            systems += usize::from(system.is_some());
            let is_about_a_url = error.kind() == ErrorKind::Invalid;
            let reached = is_about_a_url || system == Some(io::ErrorKind::ConnectionRefused);
            assert!(!is_refused || reached, "{error}: {system:?}");
        }
    }
    assert!(seen > 100 && systems > 10, "{seen} errors, {systems} of the system");
}

#[test]
fn cause_of_an_error_is_found_by_its_type() {
    let text = || String::from("x");
    let ledger = [
        LedgerError::Url { reason: text() },
        LedgerError::Unreachable { host: text(), reason: text(), source: Some(io::Error::other("deep").into()) },
        LedgerError::RateLimited { host: text() },
        LedgerError::Behind { host: text(), newest: 1, known: 2 },
        LedgerError::Refused { host: text(), code: 1, reason: text() },
        LedgerError::WrongChain { host: text(), expected: 1, found: 2 },
        LedgerError::Failed { transaction: B256::ZERO },
        LedgerError::Rejected { host: text(), transaction: B256::ZERO, reason: text(), unfunded: false },
        LedgerError::Outbox { reason: text(), source: Some(io::Error::other("deep").into()) },
        LedgerError::Integrity(Integrity::Missing { host: text(), head: B256::ZERO, block: 1 }),
    ];
    for cause in ledger {
        let has_cause = cause.source().is_some_and(|source| source.is::<io::Error>());
        let error = Error::from(cause.clone());
        assert_eq!(caused_by::<LedgerError>(&error), Some(&cause), "{error}");
        assert_eq!(caused_by::<io::Error>(&error).is_some(), has_cause, "{error}");
    }
    let core = [
        CoreError::Id(IdError::Confidentiality(text())),
        CoreError::Seal(SealError::NoEntry),
        CoreError::Seal(SealError::Randomness(text())),
        CoreError::Block(BlockError::NotCanonical { kind: "x" }),
        CoreError::Dag(DagError::Empty),
    ];
    for cause in core {
        let error = Error::from(cause.clone());
        assert_eq!(caused_by::<CoreError>(&error), Some(&cause), "{error}");
    }
    let source = || Some(io::Error::other("deep").into());
    let stores = [
        StoreError::NotFound { cid: Block::leaf("x").cid },
        StoreError::Unreachable { url: text(), reason: text(), source: source() },
        StoreError::Failed { url: text(), reason: text(), source: source() },
        StoreError::Refused { url: text(), reason: text(), source: source() },
        StoreError::Full { url: text() },
        StoreError::Input(Box::new(io::Error::other("deep"))),
    ];
    for cause in stores {
        let deep = cause.source().is_some();
        let error = Error::from(cause);
        assert!(caused_by::<StoreError>(&error).is_some(), "{error}");
        assert_eq!(caused_by::<io::Error>(&error).is_some(), deep, "{error}");
    }
    assert!(Error::StaleKeys.source().is_none() && Error::Invalid("x".into()).source().is_none());
}

#[tokio::test]
async fn file_that_cannot_be_read_leads_to_what_the_system_said() {
    let (_, ana, _) = two().await;
    let missing = tempfile::tempdir().unwrap().path().join("missing");
    let error = ana.add(missing).await.unwrap_err();
    let cause = caused_by::<io::Error>(&error).unwrap();
    assert_eq!((cause.kind(), cause.raw_os_error().is_some()), (io::ErrorKind::NotFound, true), "{error}");
}

/// What became of an act stands before an error of this crate: the chain goes on behind both.
#[tokio::test]
async fn outcome_of_an_act_hides_no_cause() {
    let (system, ana, lee) = two().await;
    ana.add(Source::bytes("note.txt", "note")).await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    system.memory().unwrap().refuse(true);
    let error = ana.revoke(lee.address()).await.unwrap_err();
    assert!(matches!(error, Error::Halfway { .. }), "{error}");
    assert!(matches!(caused_by::<LedgerError>(&error), Some(LedgerError::Unreachable { .. })), "{error}");
}

/// Errors are handed from task to task.
#[test]
fn errors_are_sent_between_threads() {
    fn is_sent<T: Send + Sync + 'static>() {}
    is_sent::<Error>();
    is_sent::<StoreError>();
    is_sent::<LedgerError>();
}
