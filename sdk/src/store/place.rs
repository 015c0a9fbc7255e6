//! Which store an address names. This is the one place that reads it: what opens stores, and what shows or checks their
//! addresses, cannot understand them differently.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use url::Url;

use crate::store::error::{StoreError, redacted};

/// A store's address, understood. Shows no secrets when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(pub(super) Kind, String);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Directory(PathBuf),
    Kubo(Url),
}

impl StoreUrl {
    /// Whether it forgets everything with the process.
    pub fn is_memory(&self) -> bool {
        self.0 == Kind::Memory
    }

    /// Where it is, when it is a directory.
    pub fn directory(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Directory(path) => Some(path),
            Kind::Memory | Kind::Kubo(_) => None,
        }
    }
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        let wrong = |reason: String| StoreError::Url { url: redacted(text), reason };
        let parsed = Url::parse(text).map_err(|error| match text.starts_with(['/', '.', '~']) {
            true => wrong("a directory is written file:///absolute/path".to_owned()),
            false => wrong(format!("not a URL ({error})")),
        })?;
        let kind = match parsed.scheme() {
            "memory" if text.len() == "memory:".len() => Kind::Memory,
            "memory" => return Err(wrong("write it as memory: and nothing else".to_owned())),
            "file" => Kind::Directory(directory(text, &parsed).map_err(wrong)?),
            "kubo+http" | "kubo+https" => Kind::Kubo(parsed.clone()),
            "http" | "https" => return Err(wrong(format!("a Kubo node is written kubo+{}", redacted(text)))),
            other => {
                return Err(wrong(format!(
                    "no store speaks {other:?}; use kubo+http://host:5001, kubo+https://host or file:///path"
                )));
            }
        };
        Ok(Self(kind, redacted(text)))
    }
}

/// What a URL of a directory cannot say is refused with the spelling that says it: a name with # or ? in it would else be
/// cut there, and several directories be one.
fn directory(text: &str, parsed: &Url) -> Result<PathBuf, String> {
    let form = "write it as file:///absolute/path";
    let path = text.get(.."file://".len()).filter(|start| start.eq_ignore_ascii_case("file://"));
    let path = path.map(|start| &text[start.len()..]).ok_or(form)?;
    if parsed.query().is_some() || parsed.fragment().is_some() {
        let path = path.replace('?', "%3F").replace('#', "%23");
        return Err(format!("? and # end the path of a URL: if they belong to its name, write file://{path}"));
    }
    parsed.to_file_path().map_err(|()| form.to_owned())
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.1)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{open, options::StoreOptions};

    #[test]
    fn an_address_is_understood_in_one_way() {
        for (text, path) in [
            ("file:///t/patient", "/t/patient"),
            ("FILE:///t/patient", "/t/patient"),
            ("File://localhost/t/patient", "/t/patient"),
            (" file:///t/patient ", "/t/patient"),
            ("file:///t/my%20records", "/t/my records"),
            ("file:///t/my records", "/t/my records"),
            ("file:///t/patient%2312", "/t/patient#12"),
            ("file:///t/what%3F", "/t/what?"),
            ("file:///t/a%2Cb", "/t/a,b"),
            ("file:///t/M%C3%BCller", "/t/Müller"),
            ("file:///t/Müller", "/t/Müller"),
            ("file:///t/a@b", "/t/a@b"),
        ] {
            assert_eq!(text.parse::<StoreUrl>().unwrap().directory(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused_with_the_right_spelling() {
        for (text, told) in [
            ("file:///t/patient#12", "file:///t/patient%2312"),
            ("FILE:///t/patient#13", "file:///t/patient%2313"),
            ("file:///t/what?", "file:///t/what%3F"),
            ("file:///t/a?b#c", "file:///t/a%3Fb%23c"),
            ("file:/t/patient", "file:///absolute/path"),
            ("file:t", "file:///absolute/path"),
            ("file://host/t", "file:///absolute/path"),
            ("/srv/records", "file:///absolute/path"),
            ("./records", "file:///absolute/path"),
            ("~/records", "file:///absolute/path"),
            ("memory:x", "memory:"),
            ("memory:?x", "memory:"),
            ("http://127.0.0.1:5001", "kubo+http://127.0.0.1:5001"),
            ("ftp://host", "kubo+http://host:5001"),
            ("records", "not a URL"),
        ] {
            let error = text.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(error.contains(told), "{text}: {error}");
            assert!(open(text, &StoreOptions::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn no_key_of_a_store_is_shown() {
        for (url, shown) in [
            ("kubo+https://user:pw@host:5001/x?token=1", "kubo+https://host:5001/x"),
            ("kubo+http://127.0.0.1:5001", "kubo+http://127.0.0.1:5001"),
            ("file:///srv/a@b/records", "file:///srv/a@b/records"),
            ("memory:", "memory:"),
        ] {
            assert_eq!(url.parse::<StoreUrl>().unwrap().to_string(), shown);
        }
        let told = "http://user:hunter2@host/?key=hunter2".parse::<StoreUrl>().unwrap_err().to_string();
        assert!(!told.contains("hunter2"), "{told}");
    }
}
