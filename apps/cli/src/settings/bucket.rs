//! The key and the location of a bucket: a private file in TOML.

use std::path::Path;

use hospital_record::store::S3Access;
use serde::Deserialize;

use crate::{
    failure::{Failure, Result},
    private::read_secret,
    text::MARK,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    key_id: String,
    secret: String,
    session_token: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
}

pub(super) fn access(path: &Path) -> Result<S3Access> {
    let text = read_secret(path)?;
    // TOML's error may repeat the secret.
    let file: File = toml::from_str(text.trim_start_matches(MARK)).map_err(|_| {
        let form =
            "write key-id = '...' and secret = '...' into it, and where needed session-token, region and endpoint";
        Failure::usage(format!("{} is not the key of a bucket: {form}", path.display()))
    })?;
    let mut access = S3Access::new(file.key_id, file.secret);
    if let Some(token) = file.session_token {
        access = access.session_token(token);
    }
    if let Some(region) = file.region {
        access = access.region(region);
    }
    if let Some(endpoint) = file.endpoint {
        access = access.endpoint(endpoint);
    }
    Ok(access)
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn key_of_a_bucket_is_a_private_file_that_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bucket");
        let private = |mode: u32| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for (text, is_key) in [
            ("key-id = 'AKIA1'\nsecret = 'hunter2'", true),
            ("\u{feff}key-id = 'AKIA1'\r\nsecret = 'hunter2'\r\n", true),
            ("key-id = 'AKIA1'\nsecret = 'hunter2'\nsession-token = 'x'\nregion = 'x'\nendpoint = 'x'", true),
            ("", false),
            ("secret = 'hunter2'", false),
            ("key-id = 'AKIA1'\nsecret = hunter2", false),
            ("key-id = 5\nsecret = 'hunter2'", false),
            ("key-id = 'AKIA1'\nsecret = 'hunter2'\nhunter2 = 1", false),
        ] {
            fs::write(&path, text).unwrap();
            private(0o600);
            let read = access(&path);
            assert_eq!(read.is_ok(), is_key, "{text:?}");
            assert!(!format!("{read:?}").contains("hunter2"), "{read:?}");
        }
        private(0o644);
        assert!(access(&path).unwrap_err().message.contains("can be read by others"));
    }
}
