//! The web page of the hospital, from a folder: files that are read at the start, and headers that let the page do little.
//!
//! The page gets the people's keys, so the folder is the operator's to guard.

mod folder;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, path::Path, sync::Arc};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::answer::has_etag;

/// The files of the page, by their paths.
#[derive(Clone)]
pub(crate) struct Portal(Arc<HashMap<String, File>>);

struct File {
    media_type: &'static str,
    policy: &'static str,
    /// Whether its name changes with its content.
    is_named_by_content: bool,
    etag: String,
    bytes: Bytes,
    gzip: Option<Bytes>,
}

/// A page's own files alone: nothing inline, no other site, no frame around it, and no text that becomes a script.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; \
                      media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html hospital-record";

/// Of a worker that reads what a record's author wrote. It gets bytes from the page, and no network: what takes it over cannot
/// send anything anywhere.
const VIEWER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'none'; \
                             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

impl Portal {
    /// Reads the folder.
    pub(crate) fn open(folder: &Path) -> Result<Self, String> {
        folder::read(folder).map(|files| Self(Arc::new(files)))
    }

    /// The file at this address; `None` if the page has none there.
    pub(crate) fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = match uri.path() {
            "/" => "/index.html",
            path => path,
        };
        self.0.get(path).map(|file| file.answer(headers))
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(headers));
        let mut response = match has_etag(headers, &self.etag) {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => gzip.unwrap_or(&self.bytes).clone().into_response(),
        };
        let kept = if self.is_named_by_content { "public, max-age=31536000, immutable" } else { "no-cache" };
        let answer = response.headers_mut();
        for (name, value) in HEADERS {
            answer.insert(name, HeaderValue::from_static(value));
        }
        answer.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(self.policy));
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
        answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        answer.extend(HeaderValue::from_str(&self.etag).ok().map(|etag| (header::ETAG, etag)));
        if gzip.is_some() {
            answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = quality.trim().strip_prefix("q=").unwrap_or("1");
        name.trim().eq_ignore_ascii_case("gzip") && quality.parse::<f32>().is_ok_and(|quality| quality > 0.0)
    })
}
