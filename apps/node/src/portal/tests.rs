#![allow(clippy::unwrap_used)]

use std::fs;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::Request,
};
use tempfile::TempDir;
use tower_service::Service;

use crate::{
    api::{described, rooms},
    portal::*,
};

/// A name and its content.
type Named<'a> = (&'a str, &'a [u8]);

fn folder(files: &[Named<'_>]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn page() -> Router {
    let files: [Named<'_>; 6] = [
        ("index.html", b"<!doctype html>"),
        ("assets/app-1.js", b"export {}"),
        ("assets/app-1.js.gz", b"packed"),
        ("assets/viewer-pdf-1.js", b"export {}"),
        ("sdk.wasm", b"wasm"),
        ("icon.svg", b"<svg/>"),
    ];
    let folder = folder(&files);
    described(rooms(), Some(Portal::open(folder.path()).unwrap())).unwrap()
}

async fn ask(method: Method, path: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = page().call(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    (parts.status, parts.headers, to_bytes(body, 1 << 20).await.unwrap())
}

#[tokio::test]
async fn page_is_served_with_headers_that_let_it_do_little() {
    for (path, media_type, kept, bytes) in [
        ("/", "text/html; charset=utf-8", "no-cache", "<!doctype html>"),
        ("/index.html", "text/html; charset=utf-8", "no-cache", "<!doctype html>"),
        ("/assets/app-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export {}"),
        ("/sdk.wasm", "application/wasm", "no-cache", "wasm"),
        ("/icon.svg", "image/svg+xml", "no-cache", "<svg/>"),
    ] {
        let (status, headers, body) = ask(Method::GET, path, &[]).await;
        assert_eq!((status, &body[..]), (StatusCode::OK, bytes.as_bytes()), "{path}");
        for (name, expected) in [
            ("content-type", media_type),
            ("cache-control", kept),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(headers[name], expected, "{path}: {name}");
        }
        let policy = headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "connect-src 'self'",
            "require-trusted-types-for",
            "trusted-types ",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    }
}

#[tokio::test]
async fn worker_that_reads_foreign_files_has_no_network() {
    let (_, headers, _) = ask(Method::GET, "/assets/viewer-pdf-1.js", &[]).await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("trusted-types 'none'"), "{policy}");
    for open in ["connect-src", "worker-src", "img-src", "unsafe-inline", "'unsafe-eval'"] {
        assert!(!policy.contains(open), "{policy}");
    }
    assert_eq!(headers["cross-origin-embedder-policy"], "require-corp");
    let (_, headers, _) = ask(Method::GET, "/assets/app-1.js", &[]).await;
    assert!(headers["content-security-policy"].to_str().unwrap().contains("connect-src 'self'"));
}

#[tokio::test]
async fn other_addresses_and_methods_are_not_the_pages() {
    for (method, path) in [
        (Method::POST, "/"),
        (Method::GET, "/assets"),
        (Method::GET, "/assets/"),
        (Method::GET, "/assets/app-1.js.gz"),
        (Method::GET, "/../index.html"),
        (Method::GET, "/%69ndex.html"),
        (Method::GET, "//index.html"),
        (Method::GET, "/nothing"),
    ] {
        let (status, headers, body) = ask(method.clone(), path, &[]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(headers["content-type"], "application/json", "{body:?}");
    }
    let (status, _, body) = ask(Method::GET, "/openapi.json", &[]).await;
    assert!(status == StatusCode::OK && body.starts_with(b"{"), "rooms come first");
}

#[tokio::test]
async fn smaller_file_is_sent_to_those_who_take_it_and_no_file_to_those_who_have_it() {
    for (accept, is_packed) in
        [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("identity", false), ("gzipped", false)]
    {
        let (_, headers, body) = ask(Method::GET, "/assets/app-1.js", &[("accept-encoding", accept)]).await;
        assert_eq!(headers.contains_key("content-encoding"), is_packed, "{accept}");
        assert_eq!(body, if is_packed { "packed" } else { "export {}" }, "{accept}");
        assert_eq!(headers["vary"], "accept-encoding");
    }
    let (_, headers, _) = ask(Method::GET, "/", &[]).await;
    let tag = headers["etag"].to_str().unwrap();
    let (status, headers, body) = ask(Method::GET, "/", &[("if-none-match", tag)]).await;
    assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0));
    assert!(headers.contains_key("content-security-policy"));
}

#[test]
fn folder_that_is_no_page_is_refused_by_name() {
    let index: Named<'_> = ("index.html", b"");
    let cases: [(&[Named<'_>], &str); 4] = [
        (&[("app.js", b"")], "no index.html"),
        (&[index, ("notes.docx", b"")], "/notes.docx has no type"),
        (&[index, ("a b.js", b"")], "names of files"),
        (&[index, ("large.wasm", &[0; (64 << 20) + 1])], "64 MiB"),
    ];
    for (files, words) in cases {
        let error = Portal::open(folder(files).path()).err().unwrap_or_default();
        assert!(error.contains("--portal") && error.contains(words), "{words}: {error}");
    }
    assert!(Portal::open(Path::new("/nowhere")).err().unwrap_or_default().contains("/nowhere"));
    #[cfg(unix)]
    {
        let folder = folder(&[index]);
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.txt")).unwrap();
        assert!(Portal::open(folder.path()).err().unwrap_or_default().contains("neither a file"));
    }
}
