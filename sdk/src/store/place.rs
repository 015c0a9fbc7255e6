//! Parses the address of a store. All code that opens stores, or shows or checks their addresses, uses this parser.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use url::Url;

use crate::{
    platform::http,
    store::error::{StoreError, redacted},
};

/// The parsed address of a store. It shows no secrets when printed.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(pub(super) Kind, String);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Directory(PathBuf),
    Kubo(Url),
    /// The part of the URL after `gateway+` or `node+`.
    Gateway(Url),
    Node(Url),
    Bucket {
        bucket: String,
        prefix: String,
    },
}

impl StoreUrl {
    /// Whether the store is in memory and ends with the process.
    pub fn is_memory(&self) -> bool {
        self.0 == Kind::Memory
    }

    /// The path, if the store is a directory.
    pub fn directory(&self) -> Option<&Path> {
        match &self.0 {
            Kind::Directory(path) => Some(path),
            Kind::Memory | Kind::Kubo(_) | Kind::Gateway(_) | Kind::Node(_) | Kind::Bucket { .. } => None,
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
            "gateway+http" | "gateway+https" => Kind::Gateway(gateway(&parsed).map_err(wrong)?),
            "node+http" | "node+https" => Kind::Node(node(&parsed).map_err(wrong)?),
            "s3" => bucket(&parsed).map_err(wrong)?,
            "http" | "https" => {
                let url = redacted(text);
                return Err(wrong(format!("write kubo+{url} for a Kubo node, node+{url} or gateway+{url}")));
            }
            other => {
                return Err(wrong(format!(
                    "no store speaks {other:?}; use kubo+http://host:5001, node+https://host, gateway+https://host, \
                     file:///path or s3://bucket"
                )));
            }
        };
        Ok(Self(kind, redacted(text)))
    }
}

/// Refuses a directory with # or ? in its name, and shows the right spelling. Otherwise the URL would end there, and
/// several names would mean one directory.
fn directory(text: &str, parsed: &Url) -> Result<PathBuf, String> {
    let form = "write it as file:///absolute/path";
    let path = text.get(.."file://".len()).filter(|start| start.eq_ignore_ascii_case("file://"));
    let path = path.map(|start| &text[start.len()..]).ok_or(form)?;
    if parsed.query().is_some() || parsed.fragment().is_some() {
        let path = path.replace('?', "%3F").replace('#', "%23");
        return Err(format!("? and # end the path of a URL: if they belong to its name, write file://{path}"));
    }
    #[cfg(not(target_family = "wasm"))]
    return parsed.to_file_path().map_err(|()| form.to_owned());
    #[cfg(target_family = "wasm")]
    Ok(PathBuf::from(path))
}

fn gateway(parsed: &Url) -> Result<Url, String> {
    let base = plain(parsed)?;
    match base.path().trim_end_matches('/').ends_with("/ipfs") {
        true => Err("leave out the /ipfs at its end".to_owned()),
        false => Ok(base),
    }
}

fn node(parsed: &Url) -> Result<Url, String> {
    let base = plain(parsed)?;
    match base.scheme() == "http" && !http::is_this_machine(&base) {
        true => Err("a session would be sent unencrypted; use node+https".to_owned()),
        false => Ok(base),
    }
}

/// The URL after `gateway+` or `node+`, which carries no secret and no question.
fn plain(parsed: &Url) -> Result<Url, String> {
    let form = format!("{}://host", parsed.scheme());
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(format!("it takes no user name, password or token; write {form}"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() || parsed.host_str().is_none_or(str::is_empty) {
        return Err(format!("write it as {form}, without ? and #"));
    }
    let (_, rest) = parsed.as_str().split_once('+').unwrap_or_default();
    Url::parse(rest).map_err(|error| format!("not a URL ({error})"))
}

/// Each name has one spelling: a name that a server would normalise, decode or truncate is refused.
fn bucket(parsed: &Url) -> Result<Kind, String> {
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(
            "the key of a bucket is no part of its URL: write s3://bucket/prefix, and give the key apart".into()
        );
    }
    let plain = |text: &str, also: &[char]| {
        text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.' || also.contains(&c))
    };
    let name = parsed.host_str().unwrap_or_default();
    let is_name = (3..=63).contains(&name.len()) && plain(name, &[]) && !name.contains("..");
    if !is_name || !name.starts_with(is_alphanumeric) || !name.ends_with(is_alphanumeric) {
        return Err("a bucket's name has 3 to 63 small letters, digits, - and .: write s3://bucket/prefix".into());
    }
    if parsed.port().is_some() || parsed.query().is_some() || parsed.fragment().is_some() {
        return Err("write it as s3://bucket/prefix; the server's address is given apart, as its endpoint".into());
    }
    let prefix = parsed.path().trim_matches('/');
    let capitals: Vec<char> = ('A'..='Z').chain(['_']).collect();
    if !prefix.is_empty() && !prefix.split('/').all(|part| !part.is_empty() && plain(part, &capitals)) {
        return Err("a prefix in a bucket has letters, digits, -, _ and . between single slashes".into());
    }
    Ok(Kind::Bucket { bucket: name.to_owned(), prefix: prefix.to_owned() })
}

fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
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
    fn address_has_one_meaning() {
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
    fn invalid_address_is_refused_with_the_right_spelling() {
        for (text, advice) in [
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
            ("http://host", "node+http://host"),
            ("https://host/x", "gateway+https://host/x"),
            ("ftp://host", "kubo+http://host:5001"),
            ("ftp://host", "node+https://host"),
            ("gateway+https://ana@host", "no user name"),
            ("gateway+https://:hunter2@host", "no user name, password"),
            ("node+https://ana:hunter2@host", "write node+https://host"),
            ("gateway+https://host?key=hunter2", "without ? and #"),
            ("gateway+https://host#x", "without ? and #"),
            ("node+https://host/?x", "without ? and #"),
            ("gateway+https:host", "gateway+https://host"),
            ("gateway+https://", "gateway+https://host"),
            ("node+https:///x", "node+https://host"),
            ("gateway+https://ho st", "not a URL"),
            ("gateway+https://host:99999", "not a URL"),
            ("gateway+https://host/ipfs/", "leave out the /ipfs"),
            ("node+http://clinic.example", "use node+https"),
            ("node+http://192.0.2.1:8550/", "use node+https"),
            ("node+http://localhost.example", "use node+https"),
            ("records", "not a URL"),
            ("s3://", "s3://bucket"),
            ("s3:bucket", "s3://bucket"),
            ("s3:///prefix", "s3://bucket"),
            ("s3://my", "3 to 63"),
            ("s3://My-records", "small letters"),
            ("s3://my..records", "small letters"),
            ("s3://-records", "small letters"),
            ("s3://records:9000", "endpoint"),
            ("s3://records/?versionId=1", "endpoint"),
            ("s3://records/a#b", "endpoint"),
            ("s3://records/a//b", "single slashes"),
            ("s3://records/a%2Fb", "letters, digits"),
            ("s3://records/my files", "letters, digits"),
            ("s3://key:secret@records", "no part of its URL"),
            ("s3://key@records", "no part of its URL"),
        ] {
            let error = text.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(error.contains(advice), "{text}: {error}");
            assert!(open(text, &StoreOptions::default()).is_err(), "{text}");
        }
    }

    #[test]
    fn gateway_and_node_are_asked_at_the_rest_of_their_url() {
        for (text, asked) in [
            ("gateway+https://Clinic.Example", "https://clinic.example/"),
            ("gateway+http://clinic.example:8080/a/b/", "http://clinic.example:8080/a/b/"),
            ("GATEWAY+https://clinic.example:443", "https://clinic.example/"),
            ("node+https://clinic.example/", "https://clinic.example/"),
            ("node+http://127.0.0.1:8550", "http://127.0.0.1:8550/"),
            ("node+http://[::1]:8550", "http://[::1]:8550/"),
            ("node+http://localhost", "http://localhost/"),
        ] {
            let place: StoreUrl = text.parse().unwrap();
            let (Kind::Gateway(url) | Kind::Node(url)) = &place.0 else { panic!("{text}") };
            assert_eq!(url.as_str(), asked);
            assert!(open(text, &StoreOptions::default()).is_ok() && place.directory().is_none() && !place.is_memory());
            let error = open(text, &StoreOptions::default().token("hunter2")).unwrap_err();
            assert!(error.to_string().contains("no token") && !error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn keys_of_a_store_are_not_shown() {
        for (url, shown) in [
            ("kubo+https://user:pw@host:5001/x?token=1", "kubo+https://host:5001/x"),
            ("kubo+http://127.0.0.1:5001", "kubo+http://127.0.0.1:5001"),
            ("file:///srv/a@b/records", "file:///srv/a@b/records"),
            ("gateway+https://host:8080/x/", "gateway+https://host:8080/x"),
            ("node+https://host/", "node+https://host"),
            ("memory:", "memory:"),
            ("s3://records/Ana_1/", "s3://records/Ana_1"),
        ] {
            assert_eq!(url.parse::<StoreUrl>().unwrap().to_string(), shown);
        }
        for url in [
            "http://user:hunter2@host/?key=hunter2",
            "s3://user:hunter2@records",
            "s3://hunter2@records/a",
            "gateway+https://hunter2@h",
            "node+https://u:hunter2@h?hunter2",
        ] {
            let message = url.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
