//! The folder of the page.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use axum::body::Bytes;
use hospital_record::store::Block;

use crate::portal::{File, POLICY, VIEWER_POLICY};

/// Bytes of all files.
const LARGEST: usize = 64 << 20;
/// Files that are named by their content, as bundlers name them.
const BY_CONTENT: &str = "/assets/";
/// Workers that read what a record's author wrote.
const VIEWERS: &str = "/assets/viewer-";

/// All files, by their addresses.
pub(super) fn read(folder: &Path) -> Result<HashMap<String, File>, String> {
    let (mut all, mut size) = (HashMap::new(), 0);
    for path in paths(folder)? {
        let bytes = fs::read(&path).map_err(|error| format!("--portal: {}: {error}", path.display()))?;
        size += bytes.len();
        if size > LARGEST {
            return Err(format!("--portal {}: its files are larger than 64 MiB together", folder.display()));
        }
        all.insert(address(folder, &path)?, Bytes::from(bytes));
    }
    if !all.contains_key("/index.html") {
        return Err(format!(
            "--portal {}: there is no index.html in it: name the folder of a built page",
            folder.display()
        ));
    }
    let named = all.keys().filter(|address| !is_compressed(&all, address)).cloned().collect::<Vec<_>>();
    named.into_iter().map(|address| file(&all, address)).collect()
}

fn is_compressed(all: &HashMap<String, Bytes>, address: &str) -> bool {
    address.strip_suffix(".gz").is_some_and(|plain| all.contains_key(plain))
}

fn file(all: &HashMap<String, Bytes>, address: String) -> Result<(String, File), String> {
    let media_type = media_type(&address)?;
    let bytes = all[&address].clone();
    let gzip = all.get(&format!("{address}.gz")).cloned();
    let etag = format!("\"{}\"", Block::leaf(bytes.clone()).cid);
    let is_named_by_content = address.starts_with(BY_CONTENT);
    let policy = if address.starts_with(VIEWERS) { VIEWER_POLICY } else { POLICY };
    Ok((address, File { media_type, policy, is_named_by_content, etag, bytes, gzip }))
}

/// Regular files, in every folder below. Links are refused: they could lead out of it.
fn paths(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("--portal: {}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        match (kind.is_dir(), kind.is_file()) {
            (true, _) => paths.extend(self::paths(&entry.path())?),
            (_, true) => paths.push(entry.path()),
            _ => return Err(format!("--portal: {} is neither a file nor a folder", entry.path().display())),
        }
    }
    Ok(paths)
}

/// The path of a file below the folder, as the path of a URL. Other characters would need an escape.
fn address(folder: &Path, path: &Path) -> Result<String, String> {
    let is_plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let below = path.strip_prefix(folder).unwrap_or(path);
    let parts = below.iter().map(|part| part.to_str().filter(|part| is_plain(part)));
    let parts = parts.collect::<Option<Vec<_>>>();
    let parts = parts.ok_or_else(|| {
        format!("--portal: {}: names of files have letters, digits, -, _ and dots alone", path.display())
    })?;
    Ok(format!("/{}", parts.join("/")))
}

fn media_type(address: &str) -> Result<&'static str, String> {
    Ok(match address.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        _ => return Err(format!("--portal: {address} has no type that a page needs")),
    })
}
