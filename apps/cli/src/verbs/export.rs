//! `open --export`: a patient is never locked in.

use std::path::Path;

use hospital_record::{RecordRef, record::Open};
use serde_json::json;

use crate::{
    app::App,
    failure::Result,
    json::{merged, record},
    output::{check_new_folder, exists, write_new},
    shown::shown,
};

/// The SDK's names of the two files.
const CIPHERTEXT: &str = "content.tink";
const KEYSET: &str = "keyset.json";
const README: &str = "README.txt";

pub(crate) async fn export(app: &App, builder: Open, exported: &RecordRef, folder: &Path) -> Result {
    let metadata = builder.export(folder).await?;
    let readme = folder.join(README);
    write_new(&readme, &instructions(&metadata.media_type))?;
    let object = json!({
        "type": "exported", "directory": folder.to_string_lossy(),
        "ciphertext": folder.join(CIPHERTEXT).to_string_lossy(), "keyset": folder.join(KEYSET).to_string_lossy(),
        "readme": readme.to_string_lossy(), "name": metadata.name, "media_type": metadata.media_type,
    });
    let words = format!(
        "{} is in {}: {CIPHERTEXT} opens with {KEYSET} in any Google Tink library.\nAnybody with both can read it.",
        shown(&metadata.name),
        shown(&folder.to_string_lossy())
    );
    app.printer.result(&merged([object, record(exported)]), words)
}

/// Checks all three names before anything is asked, logged or written: an export is whole or does not exist.
pub(super) fn must_be_free(folder: &Path) -> Result {
    match [CIPHERTEXT, KEYSET, README].map(|name| folder.join(name)).iter().find(|path| path.symlink_metadata().is_ok())
    {
        None => check_new_folder(folder),
        Some(path) => Err(exists(path, "export to a folder that has no such file; nothing was written")),
    }
}

/// Without the record's name: others chose it, and this file is in the clear.
fn instructions(media_type: &str) -> String {
    let media_type: String = media_type.chars().filter(char::is_ascii_graphic).take(100).collect();
    format!(
        "{CIPHERTEXT} is a health record ({media_type}), encrypted with Google Tink's AES256_GCM_HKDF_1MB streaming AEAD.\n\
         {KEYSET} is its key, in the clear: keep the two apart. No associated data. In Python (pip install tink):\n\n\
         import tink\n\
         from tink import cleartext_keyset_handle, streaming_aead\n\
         streaming_aead.register()\n\
         keyset = cleartext_keyset_handle.read(tink.JsonKeysetReader(open('{KEYSET}').read()))\n\
         with open('{CIPHERTEXT}', 'rb') as source, open('record', 'wb') as target:\n    \
         target.write(keyset.primitive(streaming_aead.StreamingAead).new_decrypting_stream(source, b'').read())\n"
    )
}
