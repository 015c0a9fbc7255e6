//! The portal, from a folder: files that are read at the start, and headers that let the page do little. A node serves it to
//! everybody, the program `hospital-record` to one person.
//!
//! The page gets people's keys, so the folder must be guarded like a program.

mod folder;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, path::Path, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

/// The settings of the page, beside its files.
const SETTINGS: &str = "/portal.json";

/// The files of the page, by their paths.
#[derive(Clone)]
pub struct Page {
    files: Arc<HashMap<String, File>>,
    policy: HeaderValue,
}

#[derive(Clone)]
struct File {
    media_type: &'static str,
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

/// Workers that read what a record's author wrote.
const VIEWERS: &str = "/assets/viewer-";
/// Of such a worker. It gets bytes from the page, and no network: what takes it over cannot send anything anywhere.
const VIEWER_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'none'; \
                             frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

impl Page {
    /// Reads a folder with a built page.
    ///
    /// # Errors
    /// In words, if it is no such folder.
    pub fn open(folder: &Path) -> Result<Self, String> {
        let files = Arc::new(folder::read(folder)?);
        Ok(Self { files, policy: HeaderValue::from_static(POLICY) })
    }

    /// The settings that the folder has for the page; empty if it has none.
    pub fn settings(&self) -> &[u8] {
        self.files.get(SETTINGS).map_or(&[], |file| &file.bytes)
    }

    /// The page with other settings, which may ask another server too.
    ///
    /// # Errors
    /// In words, if no page can name this server.
    pub fn of_server(mut self, origin: &str, settings: Vec<u8>) -> Result<Self, String> {
        let policy = POLICY.replace("connect-src 'self'", &format!("connect-src 'self' {origin}"));
        let is_plain = origin.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b',');
        self.policy = HeaderValue::from_str(&policy)
            .ok()
            .filter(|_| is_plain)
            .ok_or_else(|| format!("{origin} is no address of a server"))?;
        let mut files = Arc::unwrap_or_clone(self.files);
        let (address, file) = folder::file(SETTINGS.into(), settings.into(), None)?;
        files.insert(address, file);
        self.files = Arc::new(files);
        Ok(self)
    }

    /// The file at this path; `None` if the page has none there.
    pub fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Response<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let path = if path == "/" { "/index.html" } else { path };
        let mut response = self.files.get(path)?.answer(headers);
        let policy =
            if path.starts_with(VIEWERS) { HeaderValue::from_static(VIEWER_POLICY) } else { self.policy.clone() };
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Some(response)
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response<Bytes> {
        let gzip = self.gzip.as_ref().filter(|_| takes_gzip(headers));
        let mut response = Response::new(Bytes::new());
        match has_etag(headers, &self.etag) {
            true => *response.status_mut() = StatusCode::NOT_MODIFIED,
            false => *response.body_mut() = gzip.unwrap_or(&self.bytes).clone(),
        }
        let kept = if self.is_named_by_content { "public, max-age=31536000, immutable" } else { "no-cache" };
        let answer = response.headers_mut();
        for (name, value) in HEADERS {
            answer.insert(name, HeaderValue::from_static(value));
        }
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

/// Whether the reader has this version already.
pub fn has_etag(headers: &HeaderMap, etag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(',')).any(|tag| tag.trim() == "*" || bare(tag) == bare(etag))
}
