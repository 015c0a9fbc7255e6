//! Faults of Kubo nodes, and of other servers in their place.

use super::*;

#[tokio::test]
async fn server_that_never_answers_times_out_on_every_verb() {
    let store = opened(&serve(|_, _| thread::sleep(Duration::from_secs(60))));
    let start = Instant::now();
    for (verb, error) in all_verbs(&*store).await {
        assert!(matches!(error, StoreError::TimedOut { .. }), "{verb}: {error}");
    }
    assert!(start.elapsed() < TIMEOUT * 10, "{:?}", start.elapsed());
}

#[tokio::test]
async fn server_that_stops_reading_times_out_however_much_is_sent() {
    let store = opened(&serve(|_, _| thread::sleep(Duration::from_secs(60))));
    let error = put(&*store, 10_000).await.unwrap_err();
    assert!(matches!(error, StoreError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn server_that_never_finishes_an_answer_times_out() {
    let store = opened(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        thread::sleep(Duration::from_secs(60));
    }));
    for (verb, error) in all_verbs(&*store).await {
        assert!(!matches!(error, StoreError::NotFound { .. } | StoreError::Unreachable { .. }), "{verb}: {error}");
    }
    assert!(matches!(store.get(&block().cid).await, Err(StoreError::TimedOut { .. })));
}

#[tokio::test]
async fn refused_connection_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = opened(&format!("kubo+http://127.0.0.1:{port}"));
    for (verb, error) in all_verbs(&*store).await {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{verb}: {error}");
        assert!(error.to_string().contains(&port.to_string()), "{error}");
    }
}

#[tokio::test]
async fn wrong_token_wrong_port_and_redirect_are_refused() {
    for status in ["401 Unauthorized", "403 Forbidden", "404 Not Found", "405 Method Not Allowed", "302 Found"] {
        let store = opened(&serve(move |_, stream| {
            let _ = stream.write_all(reply(status, "go away").as_bytes());
        }));
        for (verb, error) in all_verbs(&*store).await {
            assert!(matches!(error, StoreError::Refused { .. }), "{status} {verb}: {error}");
        }
    }
}

#[tokio::test]
async fn error_of_the_node_is_reported_and_a_full_disk_recognised() {
    let said = |text: &str| reply("500 Internal Server Error", &format!(r#"{{"Message":"{text}","Code":0}}"#));
    let store = opened(&serve_text(said("leveldb is sad")));
    let error = put(&*store, 2).await.unwrap_err();
    assert!(matches!(&error, StoreError::Failed { reason, .. } if reason == "leveldb is sad"), "{error}");
    let error = store.get(&block().cid).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    let store = opened(&serve_text(said("write /blocks: no space left on device")));
    let error = put(&*store, 2).await.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
}

#[tokio::test]
async fn error_page_of_a_proxy_is_shortened() {
    let store = opened(&serve_text(reply("500 Internal Server Error", &"<html>\u{7}".repeat(5000))));
    let text = store.get(&block().cid).await.unwrap_err().to_string();
    assert!(text.len() < 500 && !text.contains('\u{7}'), "{text}");
}

#[tokio::test]
async fn late_error_fails_the_call() {
    let stats = r#"{"Stats":{"BlockCount":3,"BlockBytesCount":3}}"#;
    let store = opened(&serve_text(late_error(stats, "datastore closed")));
    for error in [put(&*store, 3).await.unwrap_err(), store.unpin(&block().cid).await.unwrap_err()] {
        assert!(matches!(&error, StoreError::Failed { reason, .. } if reason == "datastore closed"), "{error}");
    }
    let store = opened(&serve_text(late_error("ciphertext", "disk error")));
    assert!(matches!(store.get(&block().cid).await, Err(StoreError::Failed { .. })), "its bytes may be cut short");
    let store = opened(&serve_text(late_error("{\"Progress\":1}\n", "lock lost")));
    assert!(matches!(store.pin(&block().cid).await, Err(StoreError::Failed { .. })));
}

#[tokio::test]
async fn truncated_answer_fails_the_call() {
    let store = opened(&serve_text("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nciphertext"));
    for (verb, error) in
        [("put", put(&*store, 3).await.unwrap_err()), ("get", store.get(&block().cid).await.unwrap_err())]
    {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{verb}: {error}");
    }
    let store = opened(&serve_text(reply("200 OK", "{\"Progress\":1}\n")));
    assert!(matches!(store.pin(&block().cid).await, Err(StoreError::Failed { .. })));
}

#[tokio::test]
async fn wrong_block_is_an_integrity_error() {
    let store = opened(&serve_text(reply("200 OK", "another text")));
    assert!(matches!(store.get(&block().cid).await, Err(StoreError::Integrity { .. })));
}

#[tokio::test]
async fn endless_answer_is_cut_off() {
    let store = opened(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"100000\r\n".to_vec(), vec![b'x'; 1 << 20], b"\r\n".to_vec()].concat();
        while stream.write_all(&chunk).is_ok() {}
    }));
    for error in [store.get(&block().cid).await.unwrap_err(), store.pin(&block().cid).await.unwrap_err()] {
        assert!(matches!(error, StoreError::Failed { .. }), "{error}");
    }
    let large = opened(&serve_text(reply("200 OK", &"x".repeat(MAX_BLOCK + 1))));
    assert!(matches!(large.get(&block().cid).await, Err(StoreError::Failed { .. })));
}

#[tokio::test]
async fn put_that_the_node_counts_differently_fails() {
    for body in [r#"{"Stats":{"BlockCount":2,"BlockBytesCount":3}}"#, "{}"] {
        let store = opened(&serve_text(reply("200 OK", body)));
        let error = put(&*store, 3).await.unwrap_err();
        assert!(matches!(error, StoreError::Failed { .. }), "{body}: {error}");
    }
}

/// A CAR that ends properly says that these were all blocks.
#[tokio::test(flavor = "multi_thread")]
async fn put_whose_blocks_break_off_does_not_end_properly() {
    let (sender, ends) = std::sync::mpsc::channel();
    let store = opened(&serve(move |_, stream| {
        let mut body = Vec::new();
        let _ = stream.read_to_end(&mut body);
        let _ = sender.send(body.ends_with(b"\r\n0\r\n\r\n"));
    }));
    let broken = Err(StoreError::Input("the file vanished".into()));
    let blocks = stream::iter([Ok(block()), broken]).chain(stream::pending());
    assert!(matches!(store.put(blocks.boxed()).await, Err(StoreError::Input(_))));
    assert!(!ends.recv_timeout(PATIENT).unwrap());
}

#[tokio::test]
async fn put_whose_last_block_is_missing_fails() {
    let store = opened(&serve(|head, stream| {
        let body = if head.contains("block/stat") {
            reply("500 Internal Server Error", r#"{"Message":"ipld: could not find it"}"#)
        } else {
            read_chunks(stream);
            reply("200 OK", r#"{"Stats":{"BlockCount":3}}"#)
        };
        let _ = stream.write_all(body.as_bytes());
    }));
    let error = put(&*store, 3).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed { .. }), "{error}");
}

#[tokio::test]
async fn pin_may_take_long_but_times_out_without_progress() {
    let pins = format!("{{\"Pins\":[\"{}\"]}}\n", block().cid);
    let store = opened(&serve(move |head, stream| {
        let begin = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        if !head.contains("pin/add") {
            return drop(stream.write_all(reply("200 OK", "{}").as_bytes()));
        }
        let _ = stream.write_all(begin.as_bytes());
        for number in 1..20 {
            let _ = stream.write_all(format!("{{\"Progress\":{number}}}\n").as_bytes());
            thread::sleep(TIMEOUT / 8);
        }
        let _ = stream.write_all(pins.as_bytes());
    }));
    store.pin(&block().cid).await.expect("longer than the timeout, but with progress");

    let store = opened(&serve(|head, stream| {
        if !head.contains("pin/add") {
            return drop(stream.write_all(reply("200 OK", "{}").as_bytes()));
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(b"{\"Progress\":7}\n").is_ok() {
            thread::sleep(TIMEOUT / 8);
        }
    }));
    assert!(matches!(store.pin(&block().cid).await, Err(StoreError::TimedOut { .. })));
}

#[tokio::test]
async fn credentials_are_sent_but_never_unencrypted() {
    let url = serve(|head, stream| {
        let known = ["authorization: Bearer hunter2\r\n", "authorization: Basic YW5hOmh1bnRlcjI=\r\n"];
        let welcome = known.iter().any(|line| head.contains(line));
        let status = if welcome { "200 OK" } else { "401 Unauthorized" };
        let _ = stream.write_all(reply(status, "{}").as_bytes());
    });
    let options = StoreOptions::default().token("hunter2");
    assert!(open(&url, &options).unwrap().has(&block().cid).await.unwrap());
    let with_user = url.replace("//", "//ana:hunter2@");
    assert!(opened(&with_user).has(&block().cid).await.unwrap());
    let error = opened(&url.replace("//", "//bob:letmein@")).has(&block().cid).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }) && !format!("{error:?}").contains("letmein"), "{error:?}");

    for (url, options) in [
        ("kubo+http://hospital.example:5001", options.clone()),
        ("kubo+http://ana:hunter2@10.0.0.7:5001", StoreOptions::default()),
        (&with_user, options),
        (&url, StoreOptions::default().token("two words")),
    ] {
        let error = open(url, &options).unwrap_err();
        assert!(matches!(error, StoreError::Url { .. }) && !format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

/// The login page of a network, a proxy without a node behind it, another service at the port.
#[tokio::test]
async fn answer_that_is_not_of_kubo_is_unreachable_and_not_an_integrity_failure() {
    let page = "<!DOCTYPE html><html><body>Welcome to the guest network</body></html>";
    let answers = [
        ("200 OK", page),
        ("200 OK", ""),
        ("511 Network Authentication Required", page),
        ("500 Internal Server Error", page),
        ("502 Bad Gateway", page),
        ("502 Bad Gateway", ""),
        ("503 Service Unavailable", r#"{"message":"no upstream"}"#),
        ("504 Gateway Timeout", ""),
        ("429 Too Many Requests", "slow down"),
    ];
    for (status, body) in answers {
        let store = opened(&serve(move |head, stream| {
            if head.contains("chunked") {
                read_chunks(stream);
            }
            let _ = stream.write_all(reply(status, body).as_bytes());
        }));
        for (verb, error) in all_verbs(&*store).await {
            assert!(matches!(error, StoreError::Unreachable { .. }), "{status} {body} {verb}: {error}");
        }
    }
    for body in ["not JSON", r#"{"Key":"baf"#] {
        let store = opened(&serve_text(reply("200 OK", body)));
        for error in [put(&*store, 3).await.unwrap_err(), store.pin(&block().cid).await.unwrap_err()] {
            assert!(matches!(error, StoreError::Unreachable { .. }), "{body}: {error}");
        }
    }
}

#[tokio::test]
async fn unreachable_node_error_names_the_cause() {
    for (url, cause) in
        [("kubo+http://127.0.0.1:1", "Connection refused"), ("kubo+http://no-such-host.invalid", "dns error")]
    {
        let message = opened(url).has(&block().cid).await.unwrap_err().to_string();
        assert!(message.contains(cause) && !message.contains("sending request"), "{message}");
    }
}
