//! The key of a bucket, and where the bucket is.

use std::path::PathBuf;

use hospital_record::store::S3Access;

use crate::{
    failure::{Failure, Result},
    private::read_secret,
    text::MARK,
};

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) key_file: Option<PathBuf>,
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
}

impl Settings {
    pub(super) fn access(&self) -> Result<Option<S3Access>> {
        let Some(path) = &self.key_file else { return Ok(None) };
        let text = read_secret(path)?;
        let mut lines = text.trim_start_matches(MARK).lines().map(str::trim).filter(|line| !line.is_empty());
        let (Some(id), Some(secret), token, None) = (lines.next(), lines.next(), lines.next(), lines.next()) else {
            let form = "write the key's id, its secret and, if it has one, its session token into it, a line each";
            return Err(Failure::usage(format!("{} is no key of a bucket: {form}", path.display())));
        };
        let access = S3Access::new(id, secret);
        let access = token.map_or(access.clone(), |token| access.session_token(token));
        let access = self.region.as_ref().map_or(access.clone(), |region| access.region(region));
        Ok(Some(self.endpoint.as_ref().map_or(access.clone(), |endpoint| access.endpoint(endpoint))))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn key_of_a_bucket_is_two_or_three_lines_of_a_private_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let settings = Settings { key_file: Some(path.clone()), region: None, endpoint: None };
        for (text, is_key) in [
            ("AKIA1\nhunter2", true),
            ("\u{feff}AKIA1\r\nhunter2\r\n\r\n", true),
            ("AKIA1\nhunter2\ntoken\n", true),
            ("", false),
            ("hunter2\n", false),
            ("AKIA1\nhunter2\ntoken\nmore\n", false),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            let access = settings.access();
            assert_eq!(access.is_ok(), is_key, "{text:?}");
            assert!(!format!("{access:?}").contains("hunter2"), "{access:?}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(settings.access().unwrap_err().message.contains("can be read by others"));
        assert!(Settings { key_file: None, ..settings }.access().unwrap().is_none());
    }
}
