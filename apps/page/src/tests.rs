#![allow(clippy::unwrap_used)]

use std::fs;

use tempfile::TempDir;

use crate::*;

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

fn page() -> Page {
    let files: [Named<'_>; 7] = [
        ("index.html", b"<!doctype html>"),
        ("assets/app-1.js", b"export {}"),
        ("assets/app-1.js.gz", b"packed"),
        ("assets/viewer-pdf-1.js", b"export {}"),
        ("portal.json", b"{}"),
        ("sdk.wasm", b"wasm"),
        ("icon.svg", b"<svg/>"),
    ];
    let folder = folder(&files);
    Page::open(folder.path()).unwrap()
}

fn ask(path: &str, headers: &[(HeaderName, &str)]) -> (StatusCode, HeaderMap, Bytes) {
    let headers = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
    let (parts, body) = page().answer(&Method::GET, path, &headers).unwrap().into_parts();
    (parts.status, parts.headers, body)
}

#[test]
fn page_is_served_with_headers_that_let_it_do_little() {
    for (path, media_type, kept, bytes) in [
        ("/", "text/html; charset=utf-8", "no-cache", "<!doctype html>"),
        ("/index.html", "text/html; charset=utf-8", "no-cache", "<!doctype html>"),
        ("/assets/app-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", "export {}"),
        ("/sdk.wasm", "application/wasm", "no-cache", "wasm"),
        ("/icon.svg", "image/svg+xml", "no-cache", "<svg/>"),
    ] {
        let (status, headers, body) = ask(path, &[]);
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

#[test]
fn worker_that_reads_foreign_files_has_no_network() {
    let (_, headers, _) = ask("/assets/viewer-pdf-1.js", &[]);
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("trusted-types 'none'"), "{policy}");
    for open in ["connect-src", "worker-src", "img-src", "unsafe-inline", "'unsafe-eval'"] {
        assert!(!policy.contains(open), "{policy}");
    }
    assert_eq!(headers["cross-origin-embedder-policy"], "require-corp");
    let (_, headers, _) = ask("/assets/app-1.js", &[]);
    assert!(headers["content-security-policy"].to_str().unwrap().contains("connect-src 'self'"));
}

#[test]
fn other_addresses_and_methods_are_not_the_pages() {
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
        assert!(page().answer(&method, path, &HeaderMap::new()).is_none(), "{method} {path}");
    }
}

#[test]
fn page_may_ask_one_other_server_that_its_settings_name() {
    let page = page().of_server("https://clinic.example", b"{\"node\":1}".to_vec()).unwrap();
    assert_eq!(page.settings(), b"{\"node\":1}");
    let answer = page.answer(&Method::GET, "/portal.json", &HeaderMap::new()).unwrap();
    assert_eq!(answer.body(), "{\"node\":1}");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("; connect-src 'self' https://clinic.example; worker-src"), "{policy}");
    for origin in ["https://a.example; script-src *", "https://a.example\n", "https://a.example, default-src *"] {
        assert!(self::page().of_server(origin, Vec::new()).is_err(), "{origin}");
    }
}

#[test]
fn smaller_file_is_sent_to_those_who_take_it_and_no_file_to_those_who_have_it() {
    for (accept, is_packed) in
        [("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("identity", false), ("gzipped", false)]
    {
        let (_, headers, body) = ask("/assets/app-1.js", &[(header::ACCEPT_ENCODING, accept)]);
        assert_eq!(headers.contains_key("content-encoding"), is_packed, "{accept}");
        assert_eq!(body, if is_packed { "packed" } else { "export {}" }, "{accept}");
        assert_eq!(headers["vary"], "accept-encoding");
    }
    let (_, headers, _) = ask("/", &[]);
    let tag = headers["etag"].to_str().unwrap();
    let (status, headers, body) = ask("/", &[(header::IF_NONE_MATCH, tag)]);
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
        let error = Page::open(folder(files).path()).err().unwrap_or_default();
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(Page::open(Path::new("/nowhere")).err().unwrap_or_default().contains("/nowhere"));
    #[cfg(unix)]
    {
        let folder = folder(&[index]);
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link.txt")).unwrap();
        assert!(Page::open(folder.path()).err().unwrap_or_default().contains("neither a file"));
    }
}

#[test]
fn tags_are_compared_weakly() {
    for (sent, expected) in [
        ("\"a.raw\"", true),
        ("W/\"a.raw\"", true),
        ("\"b\", W/\"a.raw\" , \"c\"", true),
        ("*", true),
        ("\"a\"", false),
        ("a.raw", false),
        ("", false),
    ] {
        let headers = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(sent))]);
        assert_eq!(has_etag(&headers, "\"a.raw\""), expected, "{sent}");
    }
}
