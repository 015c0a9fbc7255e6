//! Providers with network faults, over real sockets.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::ledger::tests::*;

/// Answers the n-th request with the n-th answer, and all later ones with the last. `None` closes the connection.
async fn provider(answers: Vec<Option<(u16, &'static str)>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v3/secret-key", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            let answer = answers[n.min(answers.len() - 1)];
            tokio::spawn(async move { reply(&mut socket, answer).await });
        }
    });
    (url, count)
}

async fn reply(socket: &mut TcpStream, answer: Option<(u16, &'static str)>) {
    let mut request = vec![0; 65_536];
    let read = socket.read(&mut request).await.unwrap_or(0);
    let Some((status, body)) = answer else { return };
    let text = String::from_utf8_lossy(&request[..read]);
    let id = text.split("\"id\":").nth(1).and_then(|rest| rest.split([',', '}']).next()).unwrap_or("0").to_owned();
    let body = body.replace("ID", &id);
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = socket.write_all((head + &body).as_bytes()).await;
}

fn ledger(url: &str, timeout: Duration) -> EthereumLedger {
    EthereumLedger::connect(url, EthereumOptions { timeout, ..EthereumOptions::default() }).unwrap()
}

const CHAIN_ONE: &str = r#"{"jsonrpc":"2.0","id":ID,"result":"0x1"}"#;

#[tokio::test]
async fn provider_that_never_answers_is_an_error_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v3/secret-key", listener.local_addr().unwrap());
    let ledger = ledger(&url, Duration::from_millis(300));
    let start = Instant::now();
    let error = ledger.chain_id().await.unwrap_err();
    assert!(error.is_temporary(), "{error}");
    assert!(matches!(ledger.submit(Bytes::new()).await, Err(SubmitError::Unknown(_))));
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn data_fee_of_a_rollup_is_part_of_the_cost() {
    let (word, address, bloom) = ("0".repeat(64), "0".repeat(40), "0".repeat(512));
    let receipt = |more: &str| -> &'static str {
        format!(
            r#"{{"jsonrpc":"2.0","id":ID,"result":{{"transactionHash":"0x{word}","blockHash":"0x{word}",
            "blockNumber":"0x5","transactionIndex":"0x0","from":"0x{address}","to":"0x{address}","status":"0x1",
            "cumulativeGasUsed":"0x64","gasUsed":"0x64","effectiveGasPrice":"0xa","contractAddress":null,"logs":[],
            "logsBloom":"0x{bloom}","type":"0x2"{more}}}}}"#
        )
        .leak()
    };
    for (more, cost) in [
        ("", 1000),
        (r#","l1Fee":"0x2a""#, 1042),
        (r#","l1Fee":"0x0","l1GasPrice":"0x1","l1GasUsed":"0x2","l1FeeScalar":"0.684""#, 1000),
        (r#","l1Fee":null"#, 1000),
    ] {
        let (url, _) = provider(vec![Some((200, receipt(more)))]).await;
        let receipt = ledger(&url, Duration::from_secs(5)).receipt(B256::ZERO).await.unwrap().unwrap();
        assert_eq!((receipt.cost(), receipt.block, receipt.succeeded), (U256::from(cost), 5, true), "{more}");
    }
    let (url, _) = provider(vec![Some((200, r#"{"jsonrpc":"2.0","id":ID,"result":null}"#))]).await;
    assert_eq!(ledger(&url, Duration::from_secs(5)).receipt(B256::ZERO).await, Ok(None));
}

#[tokio::test]
async fn block_with_an_impossible_time_is_refused() {
    let zeros = format!("0x{}", "0".repeat(64));
    let block = |time: &str| -> &'static str {
        let (bloom, address) = (format!("0x{}", "0".repeat(512)), format!("0x{}", "0".repeat(40)));
        let header = serde_json::json!({
            "number": "0x1", "hash": zeros, "parentHash": zeros, "sha3Uncles": zeros, "logsBloom": bloom,
            "transactionsRoot": zeros, "stateRoot": zeros, "receiptsRoot": zeros, "miner": address, "difficulty": "0x0",
            "extraData": "0x", "gasLimit": "0x1", "gasUsed": "0x0", "timestamp": time, "nonce": "0x0000000000000000",
            "mixHash": zeros, "uncles": [], "transactions": [],
        });
        format!(r#"{{"jsonrpc":"2.0","id":ID,"result":{header}}}"#).leak()
    };
    let newest = async |time| {
        let (url, _) = provider(vec![Some((200, block(time)))]).await;
        ledger(&url, Duration::from_secs(5)).newest().await
    };
    assert_eq!(newest("0x6b49d200").await.unwrap().time, 1_800_000_000);
    for time in ["0xffffffffff", "0xffffffffffffffff"] {
        assert!(matches!(newest(time).await, Err(LedgerError::Malformed { .. })), "{time}");
    }
}

#[tokio::test]
async fn reads_are_retried_through_temporary_failures() {
    let failures = [Some((429, "slow down")), Some((502, "")), Some((503, "")), Some((500, "oops")), None];
    for failure in failures {
        let (url, count) = provider(vec![failure, failure, Some((200, CHAIN_ONE))]).await;
        assert_eq!(ledger(&url, Duration::from_secs(20)).chain_id().await, Ok(1), "{failure:?}");
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn last_error_before_the_deadline_is_reported() {
    let (url, _) = provider(vec![Some((429, "slow down"))]).await;
    let error = ledger(&url, Duration::from_millis(500)).chain_id().await.unwrap_err();
    assert!(matches!(error, LedgerError::RateLimited { .. }), "{error}");
}

#[tokio::test]
async fn submission_is_sent_once() {
    for failure in [Some((502, "")), Some((429, "")), None] {
        let (url, count) = provider(vec![failure]).await;
        let answer = ledger(&url, Duration::from_secs(5)).submit(Bytes::new()).await;
        assert!(matches!(answer, Err(SubmitError::Unknown(_))), "{answer:?}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{failure:?}");
    }
}

#[tokio::test]
async fn errors_in_answers_are_understood_and_not_retried() {
    let revert = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":3,"message":"execution reverted","data":"0x1234"}}"#;
    let (url, count) = provider(vec![Some((200, revert))]).await;
    let call = Call { from: None, to: PATIENT, data: Bytes::new() };
    let error = ledger(&url, Duration::from_secs(5)).call(&call, None).await.unwrap_err();
    assert_eq!(error, LedgerError::Reverted(Bytes::from_static(&[0x12, 0x34])));
    assert_eq!(count.load(Ordering::SeqCst), 1);

    let limit =
        r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"eth_getLogs is limited to a 1024 range"}}"#;
    let (url, _) = provider(vec![Some((200, limit))]).await;
    let filter = LogFilter { contract: PATIENT, topics: [None; 4], from: 0, to: 9 };
    let error = ledger(&url, Duration::from_secs(5)).logs(&filter).await.unwrap_err();
    assert!(matches!(error, LedgerError::TooManyLogs { .. }), "{error}");

    let (url, count) = provider(vec![Some((401, "Must be authenticated!"))]).await;
    let error = ledger(&url, Duration::from_secs(5)).chain_id().await.unwrap_err();
    assert!(matches!(error, LedgerError::Refused { code: 401, .. }), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn no_message_repeats_the_key_in_the_url() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://user:password@{address}/v3/secret-key?token=secret-token");
    let ledger = ledger(&url, Duration::from_millis(300));
    assert_eq!(ledger.name(), address.to_string());
    let (garbage, _) = provider(vec![Some((200, "<html>"))]).await;
    let garbage = self::ledger(&garbage, Duration::from_millis(300)).chain_id().await.unwrap_err();
    assert!(matches!(garbage, LedgerError::Unreachable { .. }), "{garbage}");
    let submission = ledger.submit(Bytes::new()).await.unwrap_err();
    for text in [ledger.chain_id().await.unwrap_err().to_string(), garbage.to_string(), submission.to_string()] {
        assert!(!text.contains("secret") && !text.contains("password"), "{text}");
    }
    for url in ["not a url secret", "ftp://host/secret", "http://secret host/"] {
        let error = EthereumLedger::connect(url, EthereumOptions::default()).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// Streams an endless answer, and counts the bytes that it could send.
async fn endless(length: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let _ = socket.read(&mut vec![0; 65_536]).await;
                let _ = socket.write_all(format!("HTTP/1.1 200 x\r\n{length}\r\n\r\n").as_bytes()).await;
                while socket.write_all(&[b' '; 65_536]).await.is_ok() {
                    counted.fetch_add(65_536, Ordering::SeqCst);
                }
            });
        }
    });
    (url, count)
}

#[tokio::test]
async fn endless_answer_is_refused_at_the_limit_and_not_requested_again() {
    const MOST: usize = 1 << 20;
    for length in ["content-length: 999999999999", "connection: close"] {
        let (url, sent) = endless(length).await;
        let options = EthereumOptions { timeout: Duration::from_secs(20), longest_answer: MOST };
        let ledger = EthereumLedger::connect(&url, options).unwrap();
        let error = ledger.chain_id().await.unwrap_err();
        assert!(matches!(error, LedgerError::TooLong { most: MOST, .. }), "{error}");
        // The bytes in the sockets' buffers were sent too.
        assert!(sent.load(Ordering::SeqCst) < MOST + (16 << 20), "{length}: {sent:?}");
        let filter = LogFilter { contract: PATIENT, topics: [None; 4], from: 0, to: 9 };
        let error = ledger.logs(&filter).await.unwrap_err();
        assert!(matches!(error, LedgerError::TooManyLogs { .. }), "{error}");
    }
}

#[tokio::test]
async fn answer_is_read_up_to_the_limit_exactly() {
    let body = CHAIN_ONE.replace("ID", "0");
    for (most, fits) in [(body.len(), true), (body.len() - 1, false)] {
        let (url, _) = provider(vec![Some((200, CHAIN_ONE))]).await;
        let options = EthereumOptions { timeout: Duration::from_secs(5), longest_answer: most };
        let answer = EthereumLedger::connect(&url, options).unwrap().chain_id().await;
        assert_eq!(answer.is_ok(), fits, "{answer:?}");
    }
}

#[tokio::test]
async fn http_status_distinguishes_rate_limit_and_outage_from_refusal_whatever_the_body() {
    const REFUSAL: &str = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"no"}}"#;
    for status in [429, 502, 503, 504] {
        let (url, count) = provider(vec![Some((status, REFUSAL)), Some((200, CHAIN_ONE))]).await;
        assert_eq!(ledger(&url, Duration::from_secs(20)).chain_id().await, Ok(1), "{status}");
        assert_eq!(count.load(Ordering::SeqCst), 2, "{status}");
        let (url, _) = provider(vec![Some((status, REFUSAL))]).await;
        let answer = ledger(&url, Duration::from_secs(5)).submit(Bytes::new()).await;
        assert!(matches!(answer, Err(SubmitError::Unknown(_))), "{status}: {answer:?}");
    }
    for status in [200, 400, 500] {
        let (url, count) = provider(vec![Some((status, REFUSAL)), Some((200, CHAIN_ONE))]).await;
        let error = ledger(&url, Duration::from_secs(20)).chain_id().await.unwrap_err();
        assert!(matches!(error, LedgerError::Refused { code: -32000, .. }), "{status}: {error}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{status}");
    }
}

#[tokio::test]
async fn answer_to_a_submission_is_understood_with_any_http_status_of_the_node() {
    const KNOWN: &str = r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"already known"}}"#;
    for status in [200, 400, 500] {
        let (url, _) = provider(vec![Some((status, KNOWN))]).await;
        assert_eq!(ledger(&url, Duration::from_secs(5)).submit(Bytes::new()).await, Ok(()), "{status}");
    }
}

#[tokio::test]
async fn answer_that_is_not_of_an_rpc_node_is_unreachable_and_not_an_integrity_failure() {
    for (body, came) in [
        ("<!DOCTYPE html><html><body>Welcome to the guest network</body></html>", "web page"),
        ("  <HTML>log in</HTML>", "web page"),
        ("", "nothing"),
        ("  \n", "nothing"),
        (r#"{"jsonrpc":"2.0","id":ID,"result":"0x"#, "breaks off"),
        (r#"{"status":"ok"}"#, "JSON of another kind"),
        ("[]]", "breaks off"),
        ("OK", "something else"),
    ] {
        let (url, count) = provider(vec![Some((200, body))]).await;
        let start = Instant::now();
        let error = ledger(&url, Duration::from_secs(20)).chain_id().await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(2), "{body}: {:?}", start.elapsed());
        let message = error.to_string();
        assert!(matches!(error, LedgerError::Unreachable { .. }) && message.contains(came), "{body}: {message}");
        assert_eq!(
            crate::base::error::Error::from(error).kind(),
            crate::base::error::kind::ErrorKind::Unreachable,
            "{body}"
        );
        assert!(count.load(Ordering::SeqCst) > 1, "{body}: a short fault may have truncated it");
        let (url, _) = provider(vec![Some((200, body))]).await;
        let answer = ledger(&url, Duration::from_secs(5)).submit(Bytes::new()).await;
        assert!(matches!(answer, Err(SubmitError::Unknown(_))), "{body}: {answer:?}");
    }
    let (url, _) = provider(vec![Some((200, "")), Some((200, CHAIN_ONE))]).await;
    assert_eq!(ledger(&url, Duration::from_secs(20)).chain_id().await, Ok(1));
}

type Answers = &'static [(&'static str, &'static str)];

/// A node that answers each listed method with its text; other methods do not exist.
async fn node(answers: Answers) -> EthereumLedger {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = vec![0; 65_536];
                let read = socket.peek(&mut request).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&request[..read]).into_owned();
                let answer = answers.iter().find(|(method, _)| asked.contains(&format!("\"{method}\"")));
                let body = match answer {
                    Some((_, result)) => format!(r#"{{"jsonrpc":"2.0","id":ID,"result":{result}}}"#),
                    None => r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32601,"message":"no such method"}}"#.into(),
                };
                reply(&mut socket, Some((200, body.leak()))).await;
            });
        }
    });
    ledger(&url, Duration::from_secs(5))
}

/// A block, with this base fee if any.
macro_rules! block {
    ($base:literal) => {
        concat!(
            r#"{"number":"0x1","hash":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""parentHash":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""sha3Uncles":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""transactionsRoot":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""stateRoot":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""receiptsRoot":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""mixHash":"0x0000000000000000000000000000000000000000000000000000000000000000","#,
            r#""miner":"0x0000000000000000000000000000000000000000","difficulty":"0x0","extraData":"0x","#,
            r#""gasLimit":"0x2625a0","gasUsed":"0x0","timestamp":"0x1","nonce":"0x0000000000000000","#,
            r#""uncles":[],"transactions":[],"#, $base, r#""logsBloom":"0x"#,
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000", r#""}"#
        )
    };
}

const FREE: &str = r#"{"oldestBlock":"0x0","baseFeePerGas":["0x0","0x0"],"gasUsedRatio":[0.5],"reward":[["0x0"]]}"#;
const TIPPED: &str = r#"{"oldestBlock":"0x0","baseFeePerGas":["0x0","0x0"],"gasUsedRatio":[0.5],"reward":[["0x7"]]}"#;
const USUAL: &str = r#"{"oldestBlock":"0x0","baseFeePerGas":["0x64","0x64"],"gasUsedRatio":[0.5],"reward":[["0x5"]]}"#;
const EMPTY: &str = r#"{"oldestBlock":"0x0","baseFeePerGas":["0x64","0x64"],"gasUsedRatio":[0],"reward":[["0x0"]]}"#;

#[tokio::test]
async fn offered_fees_follow_the_chain_and_may_be_zero() {
    let cases: [(&str, Answers, (u128, u128)); 10] = [
        ("usual", &[("eth_feeHistory", USUAL)], (205, 5)),
        ("no tips yet", &[("eth_feeHistory", EMPTY)], (201, 1)),
        (
            "a price without a base fee",
            &[("eth_gasPrice", r#""0x9""#), ("eth_getBlockByNumber", block!(r#""baseFeePerGas":"0x0","#))],
            (9, 9),
        ),
        (
            "free gas without a fee history",
            &[("eth_gasPrice", r#""0x0""#), ("eth_getBlockByNumber", block!(r#""baseFeePerGas":"0x0","#))],
            (0, 0),
        ),
        ("free gas", &[("eth_feeHistory", FREE), ("eth_gasPrice", r#""0x3b9aca00""#)], (0, 0)),
        ("tips without a base fee", &[("eth_feeHistory", TIPPED)], (7, 7)),
        (
            "no fee history",
            &[
                ("eth_gasPrice", r#""0x69""#),
                ("eth_maxPriorityFeePerGas", r#""0x3""#),
                ("eth_getBlockByNumber", block!(r#""baseFeePerGas":"0x64","#)),
            ],
            (203, 3),
        ),
        (
            "nor a tip",
            &[("eth_gasPrice", r#""0x69""#), ("eth_getBlockByNumber", block!(r#""baseFeePerGas":"0x64","#))],
            (205, 5),
        ),
        ("no base fee at all", &[("eth_gasPrice", r#""0x69""#), ("eth_getBlockByNumber", block!(""))], (105, 105)),
        (
            "a fee history of nothing",
            &[("eth_feeHistory", "null"), ("eth_gasPrice", r#""0x0""#), ("eth_getBlockByNumber", block!(""))],
            (0, 0),
        ),
    ];
    for (chain, answers, (max_fee, priority_fee)) in cases {
        let fees = node(answers).await.fees().await;
        assert_eq!(fees, Ok(Fees { max_fee, priority_fee }), "{chain}");
    }
    let error = node(&[]).await.fees().await.unwrap_err();
    assert!(matches!(error, LedgerError::Refused { code: -32601, .. }), "{error}");
    assert_eq!(node(&[("eth_gasPrice", r#""0x9""#)]).await.gas_price().await, Ok(9));
    let gas = node(&[("eth_getBlockByNumber", block!(""))]).await.block_gas().await;
    assert_eq!(gas, Ok(Some(2_500_000)));
}

#[tokio::test]
async fn wrong_address_is_reported_at_once_with_its_cause() {
    let (plain, _) = provider(vec![Some((200, CHAIN_ONE))]).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (lost, _) = provider(vec![Some((404, "no such page"))]).await;
    for (url, cause) in [
        (format!("http://{closed}/secret-key"), "Connection refused"),
        ("http://no-such-host.invalid/secret-key".to_owned(), "dns error"),
        (plain.replace("http:", "https:"), "InvalidContentType"),
        (lost, "HTTP status 404"),
    ] {
        let start = Instant::now();
        let error = ledger(&url, Duration::from_secs(30)).chain_id().await.unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(2), "{url}: {:?}", start.elapsed());
        let message = error.to_string();
        assert!(matches!(error, LedgerError::Unreachable { .. }) && message.contains(cause), "{message}");
        assert!(!message.contains("secret") && !message.contains("error sending request"), "{message}");
    }
}

#[tokio::test]
async fn node_that_answered_before_may_restart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = |listener: TcpListener, times: usize| async move {
        for _ in 0..times {
            let (mut socket, _) = listener.accept().await.unwrap();
            reply(&mut socket, Some((200, CHAIN_ONE))).await;
        }
    };
    let ledger = ledger(&format!("http://{address}"), Duration::from_secs(20));
    let (first, ()) = tokio::join!(ledger.chain_id(), serve(listener, 1));
    assert_eq!(first, Ok(1));
    let restarting = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        serve(TcpListener::bind(address).await.unwrap(), 1).await;
    };
    let patience = tokio::time::timeout(Duration::from_secs(10), restarting);
    let (again, restarted) = tokio::join!(ledger.chain_id(), patience);
    assert_eq!((again, restarted.is_ok()), (Ok(1), true));
}

#[tokio::test]
async fn every_request_to_a_lagging_node_is_retried() {
    const BLOCK: &str = concat!(r#"{"jsonrpc":"2.0","id":ID,"result":"#, block!(""), "}");
    const LOGS: &str = r#"{"jsonrpc":"2.0","id":ID,"result":[]}"#;
    const DATA: &str = r#"{"jsonrpc":"2.0","id":ID,"result":"0x12"}"#;
    let call = Call { from: None, to: PATIENT, data: Bytes::new() };
    for words in ["header not found", "unknown block", "block range extends beyond current head block"] {
        let refusal = format!(r#"{{"jsonrpc":"2.0","id":ID,"error":{{"code":-32000,"message":"{words}"}}}}"#).leak();
        let lagging = async |answer| {
            let (url, count) =
                provider(vec![Some((200, &*refusal)), Some((200, &*refusal)), Some((200, answer))]).await;
            (ledger(&url, Duration::from_secs(20)), count)
        };
        let (ledger, _) = lagging(DATA).await;
        assert_eq!(ledger.call(&call, Some(7)).await, Ok(Bytes::from_static(&[0x12])), "{words}");
        let (ledger, _) = lagging(DATA).await;
        assert_eq!(ledger.estimate(&call).await, Ok(0x12), "{words}");
        let (ledger, _) = lagging(BLOCK).await;
        assert_eq!(ledger.block(1).await.unwrap().unwrap().number, 1, "{words}");
        let (ledger, _) = lagging(BLOCK).await;
        assert_eq!(ledger.newest().await.unwrap().number, 1, "{words}");
        for (from, to) in [(0, 9), (9, 9)] {
            let (ledger, count) = lagging(LOGS).await;
            let filter = LogFilter { contract: PATIENT, topics: [None; 4], from, to };
            assert_eq!(ledger.logs(&filter).await, Ok(vec![]), "{words}");
            assert_eq!(count.load(Ordering::SeqCst), 3, "the range is not at fault");
        }
        let (ledger, count) = lagging(BLOCK).await;
        assert_eq!(ledger.finalized().await, Ok(None), "{words}: a node without the tag");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

/// Everything that the dependencies log at the finest level.
#[derive(Clone, Default)]
struct Written(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl log::Log for Written {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{}: {}\n", record.target(), record.args());
        self.0.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn no_line_of_any_log_shows_the_key_in_the_url() {
    let written = Written::default();
    log::set_logger(Box::leak(Box::new(written.clone()))).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let lines = written.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || lines.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    const ECHO: &str =
        r#"{"jsonrpc":"2.0","id":ID,"error":{"code":-32000,"message":"no plan for 0123456789abcdef-path"}}"#;
    for answer in [
        Some((200, CHAIN_ONE)),
        Some((200, ECHO)),
        Some((404, "Cannot POST /v3/0123456789abcdef-path?k=0123456789abcdef-query")),
        Some((500, ECHO)),
        Some((200, "<html>/v3/0123456789abcdef-path</html>")),
        None,
    ] {
        let (url, _) = provider(vec![answer]).await;
        let url = url.replace("http://", "http://0123456789abcdef-user:0123456789abcdef-password@");
        let url = url.replace("/v3/secret-key", "/v3/0123456789abcdef-path?k=0123456789abcdef-query");
        let ledger = ledger(&url, Duration::from_millis(400));
        tracing::info!(?ledger, answer = ?ledger.chain_id().await, "asked");
        tracing::info!(answer = ?ledger.submit(Bytes::from_static(&[1])).await, "sent");
    }
    let closed = "http://0123456789abcdef-user@127.0.0.1:1/0123456789abcdef-path";
    tracing::info!(answer = ?ledger(closed, Duration::from_millis(400)).chain_id().await, "asked");
    let text = String::from_utf8_lossy(&written.0.lock().unwrap()).into_owned();
    assert!(text.contains("hyper") && text.contains("alloy") && text.contains("reqwest"), "they do write: {text}");
    for key in ["path", "query", "user", "password"].map(|part| format!("0123456789abcdef-{part}")) {
        let at = text.find(&key).map(|at| &text[at.saturating_sub(200)..at + 30]);
        assert_eq!(at, None, "{key}");
    }
}
