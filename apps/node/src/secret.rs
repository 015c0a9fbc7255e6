//! Files with a secret: readable by their owner only.

use std::{fs, path::Path};

use zeroize::Zeroizing;

/// The text of the file. An error names the file, but not its content.
pub(crate) fn read(kind: &str, file: &Path) -> Result<Zeroizing<String>, String> {
    let wrong = |what: &str| format!("the {kind} {}: {what}", file.display());
    let meta = fs::metadata(file).map_err(|error| wrong(&error.to_string()))?;
    if is_open_to_others(&meta) {
        return Err(wrong("others can read it; run chmod 600 on it"));
    }
    fs::read_to_string(file).map(Zeroizing::new).map_err(|error| wrong(&error.to_string()))
}

#[cfg(unix)]
fn is_open_to_others(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}
