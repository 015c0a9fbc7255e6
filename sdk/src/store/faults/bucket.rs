//! Faults of buckets: the error for each answer of an S3 server, or of another server in its place.

use super::*;
use crate::store::options::S3Access;

const KEY: &str = "AKIAHUNTER2";
const SECRET: &str = "hunter2-secret";

fn access(server: &str) -> S3Access {
    let endpoint = server.strip_prefix("kubo+").unwrap_or(server);
    S3Access::new(KEY, SECRET).session_token("hunter2-session").region("eu-west-1").endpoint(endpoint)
}

fn bucket(server: &str) -> Arc<dyn Store> {
    open("s3://records/ana", &StoreOptions::default().timeout(TIMEOUT).s3(access(server))).unwrap()
}

fn always(status: &'static str, headers: &'static str, body: impl Into<String>) -> Arc<dyn Store> {
    bucket(&serve_always(status, headers, body))
}

fn error(code: &str, more: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>no, {KEY}</Message>{more}\
         <AWSAccessKeyId>{KEY}</AWSAccessKeyId></Error>"
    )
}

fn assert_no_secret(error: &StoreError) {
    let message = format!("{error} {error:?}");
    assert!(!message.contains("hunter2") && !message.contains(KEY), "{message}");
}

#[tokio::test]
async fn every_refusal_of_a_bucket_says_what_to_do() {
    let region = "<Region>eu-central-1</Region>";
    let moved = "x-amz-bucket-region: eu-central-1\r\n";
    let page = "<!doctype html><title>Not Found</title>";
    let cases = [
        ("403 Forbidden", "", error("AccessDenied", ""), "refused", "s3:GetObject"),
        ("403 Forbidden", "", error("InvalidAccessKeyId", ""), "refused", "key id"),
        ("403 Forbidden", "", error("SignatureDoesNotMatch", ""), "refused", "secret"),
        ("400 Bad Request", "", error("ExpiredToken", ""), "refused", "session token"),
        (
            "403 Forbidden",
            "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
            error("RequestTimeTooSkewed", ""),
            "refused",
            "1970",
        ),
        ("403 Forbidden", "", error("RequestTimeTooSkewed", ""), "refused", "clock"),
        ("403 Forbidden", "", String::new(), "refused", "clock of this machine"),
        ("403 Forbidden", "", page.to_owned(), "refused", "check id, secret"),
        ("401 Unauthorized", "", String::new(), "refused", "check id, secret"),
        ("404 Not Found", "", error("NoSuchBucket", ""), "refused", "bucket"),
        ("404 Not Found", "", page.to_owned(), "refused", "endpoint"),
        ("405 Method Not Allowed", "", error("MethodNotAllowed", ""), "refused", "endpoint"),
        ("301 Moved", moved, error("PermanentRedirect", ""), "refused", "eu-central-1, not eu-west-1"),
        (
            "400 Bad Request",
            "",
            error("AuthorizationHeaderMalformed", region),
            "refused",
            "eu-central-1, not eu-west-1",
        ),
        ("302 Found", "Location: http://127.0.0.1:1/\r\n", String::new(), "refused", "endpoint"),
        ("503 Slow Down", "", error("SlowDown", ""), "unreachable", "fewer requests"),
        ("429 Too Many Requests", "", String::new(), "unreachable", "429"),
        ("502 Bad Gateway", "", page.to_owned(), "unreachable", "502"),
        ("503 Unavailable", "", String::new(), "unreachable", "503"),
        ("507 Insufficient Storage", "", String::new(), "full", "free some space"),
        ("400 Bad Request", "", error("QuotaExceeded", ""), "full", "free some space"),
        ("500 Internal Server Error", "", error("InternalError", ""), "failed", "InternalError"),
        ("500 Internal Server Error", "", error("\u{1b}[2J", ""), "failed", "HTTP 500"),
        ("418 Teapot", "", "x".repeat(10_000), "failed", "418"),
    ];
    for (status, headers, body, expected, words) in cases {
        let store = always(status, headers, body.clone());
        let short: String = body.chars().take(80).collect();
        for (verb, error) in all_verbs(&*store).await {
            let message = error.to_string();
            assert!(kind(&error) == expected && message.contains(words), "{status} {short}, {verb}: {error:?}");
            assert!(message.len() < 400 && !message.contains('\u{1b}'), "{message}");
            assert_no_secret(&error);
        }
    }
}

#[tokio::test]
async fn missing_block_is_distinguished_from_a_missing_bucket() {
    let store = always("404 Not Found", "", error("NoSuchKey", ""));
    assert!(!store.has(&block().cid).await.unwrap());
    for error in [store.get(&block().cid).await.unwrap_err(), store.pin(&block().cid).await.unwrap_err()] {
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    }
    store.unpin(&block().cid).await.expect("unpinning succeeds without a pin");
}

#[tokio::test]
async fn truncated_or_endless_answers_of_a_bucket_fail_the_call() {
    let marks = "ETag: \"1\"\r\nLast-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    let late = always("200 OK", marks, "another text");
    assert!(matches!(late.get(&block().cid).await, Err(StoreError::Integrity { .. })));
    let good = always("200 OK", marks, "ciphertext");
    assert_eq!(good.get(&block().cid).await.unwrap(), "ciphertext");
    let page = always("200 OK", "", "<html>log in first</html>");
    assert!(matches!(put(&*page, 1).await, Err(StoreError::Failed { .. })), "a login page has no tag");

    let cut = bucket(&serve(move |head, stream| {
        read_body(head, stream);
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{marks}Content-Length: 100\r\n\r\nciphertext").as_bytes());
    }));
    assert!(matches!(cut.get(&block().cid).await, Err(StoreError::Unreachable { .. })));

    let endless = bucket(&serve(|head, stream| {
        read_body(head, stream);
        let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"100000\r\n".to_vec(), vec![b'x'; 1 << 20], b"\r\n".to_vec()].concat();
        while stream.write_all(&chunk).is_ok() {}
    }));
    assert!(matches!(endless.get(&block().cid).await, Err(StoreError::Failed { .. })));
}

#[tokio::test]
async fn bucket_without_an_answer_is_unreachable_or_times_out() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (verb, error) in all_verbs(&*bucket(&format!("http://127.0.0.1:{port}"))).await {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{verb}: {error}");
        assert_no_secret(&error);
    }
    let silent = bucket(&serve(|_, _| thread::sleep(Duration::from_secs(60))));
    let half = bucket(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        thread::sleep(Duration::from_secs(60));
    }));
    let slow = bucket(&serve(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            thread::sleep(TIMEOUT / 8);
        }
    }));
    for store in [silent, half, slow] {
        let start = Instant::now();
        assert!(matches!(store.get(&block().cid).await, Err(StoreError::TimedOut { .. })));
        assert!(start.elapsed() < TIMEOUT * 4, "no request is repeated: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn refused_block_is_requested_once() {
    let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let store = bucket(&serve(move |head, stream| {
        read_body(head, stream);
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let _ = stream.write_all(reply("503 Slow Down", &error("SlowDown", "")).as_bytes());
    }));
    store.get(&block().cid).await.unwrap_err();
    assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1, "no call of a store repeats a request");
}

#[test]
fn invalid_keys_and_endpoints_are_refused_and_not_shown() {
    let here = "http://127.0.0.1:9000";
    let cases = [
        (S3Access::new("", SECRET).endpoint(here), "empty"),
        (S3Access::new(KEY, "").endpoint(here), "empty"),
        (S3Access::new(KEY, "hunter2\r\nx: y").endpoint(here), "spaces"),
        (S3Access::new("hunter2 x", SECRET).endpoint(here), "spaces"),
        (S3Access::new(KEY, SECRET).session_token("hunter2\n").endpoint(here), "spaces"),
        (S3Access::new(KEY, SECRET).region("").endpoint(here), "region"),
        (S3Access::new(KEY, SECRET).region("EU West").endpoint(here), "region"),
        (S3Access::new(KEY, SECRET).region("x.hunter2.example/"), "region"),
        (S3Access::new(KEY, SECRET).endpoint("http://s3.example"), "use https"),
        (S3Access::new(KEY, SECRET).endpoint("http://192.168.1.2:9000"), "use https"),
        (S3Access::new(KEY, SECRET).endpoint("https://ana:hunter2@s3.example"), "without user"),
        (S3Access::new(KEY, SECRET).endpoint("https://s3.example/?key=hunter2"), "without user"),
        (S3Access::new(KEY, SECRET).endpoint("s3.example"), "https://host"),
        (S3Access::new(KEY, SECRET).endpoint("ftp://s3.example"), "https://host"),
    ];
    for (access, words) in cases {
        let options = StoreOptions::default().s3(access);
        let error = open("s3://records", &options).map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Url { .. }) && error.to_string().contains(words), "{words}: {error}");
        assert!(!format!("{error:?} {options:?}").contains("hunter2"), "{error:?} {options:?}");
    }
    let error = open("s3://records", &StoreOptions::default()).map(drop).unwrap_err();
    assert!(error.to_string().contains("needs a key"), "{error}");
    for access in [S3Access::new(KEY, SECRET), access("https://s3.example/storage")] {
        let store = open("s3://records/ana", &StoreOptions::default().s3(access)).unwrap();
        assert_eq!(store.url(), "s3://records/ana");
        assert!(!format!("{store:?}").contains("hunter2"), "{store:?}");
    }
}
