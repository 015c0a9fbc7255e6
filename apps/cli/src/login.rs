//! That a person is logged in on this machine: `people/NAME/login.json`, beside the key file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use hospital_record::node::{Login, messages::Bytes};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{
    agent,
    app::App,
    failure::{Failure, Kind, Result},
    home,
    key_file::settle,
};

const FILE: &str = "login.json";
const VERSION: u32 = 1;
/// The time that a verb waits for the node's word whether the login stands.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where a person is logged in. It opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoggedIn {
    version: u32,
    /// The node's address.
    pub(crate) node: String,
    pub(crate) user: String,
    /// The newest vault that was seen.
    pub(crate) generation: u64,
    /// Names this login at the node; none if the vault could not be opened to check it.
    pub(crate) token: Option<Bytes>,
}

impl LoggedIn {
    pub(crate) fn new(node: &str, user: &str, generation: u64, token: Option<Bytes>) -> Self {
        Self { version: VERSION, node: node.to_owned(), user: user.to_owned(), generation, token }
    }

    /// `None` if the person is not logged in here.
    pub(crate) fn read(key_file: &Path) -> Result<Option<Self>> {
        let path = path(key_file);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file(&path, &error)),
        };
        match serde_json::from_str::<Self>(&text) {
            Ok(read) if read.version == VERSION => Ok(Some(read)),
            _ => Err(Failure::key_file(format!(
                "{} is damaged, or of another version: remove it, and run `login` again",
                path.display()
            ))),
        }
    }

    /// All or nothing, on disk before it is said to be done.
    pub(crate) fn write(&self, key_file: &Path) -> Result {
        let path = path(key_file);
        let folder = path.parent().unwrap_or(Path::new("."));
        let write = || -> io::Result<()> {
            let mut file = NamedTempFile::with_prefix_in(".login-", folder)?;
            serde_json::to_writer(&mut file, self)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            settle(folder)
        };
        write().map_err(|error| Failure::file(&path, &error))
    }

    pub(crate) fn remove(key_file: &Path) -> Result {
        let path = path(key_file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::file(&path, &error)),
            _ => Ok(()),
        }
    }

    pub(crate) async fn at(&self, patience: Duration) -> Result<Login> {
        Ok(Login::at(&self.node, patience).await?)
    }
}

fn path(key_file: &Path) -> PathBuf {
    key_file.with_file_name(FILE)
}

/// Fails if the node says that the person was logged out. If it does not answer, the person stays logged in: their keys
/// are on this machine, and nobody else may decide that they cannot be used.
pub(crate) async fn still_stands(app: &App, name: &str) -> Result {
    let key_file = home::key_path(&app.settings.home, name)?;
    let Some(logged_in) = LoggedIn::read(&key_file)? else { return Ok(()) };
    let Some(token) = &logged_in.token else { return Ok(()) };
    let asked = async { logged_in.at(PATIENCE).await?.is_live(token).await.map_err(Failure::from) };
    if asked.await.unwrap_or(true) {
        return Ok(());
    }
    agent::end(&key_file)?;
    Err(Failure::new(
        Kind::Denied,
        format!(
            "{name} was logged out of this machine, from another one, or by {}: run `logout` to remove the keys from here; \
             or `logout --keep-keys`, to go on without the login",
            logged_in.node
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key.json");
        assert_eq!(LoggedIn::read(&key_file).unwrap(), None);
        let logged_in = LoggedIn::new("https://clinic.example", "ana", 3, Some(vec![7; 32].into()));
        logged_in.write(&key_file).unwrap();
        assert_eq!(LoggedIn::read(&key_file).unwrap(), Some(logged_in));
        LoggedIn::remove(&key_file).unwrap();
        LoggedIn::remove(&key_file).unwrap();
        assert_eq!(LoggedIn::read(&key_file).unwrap(), None);
        for text in ["", "{}", r#"{"version":2,"node":"x","user":"ana","generation":1,"token":null}"#] {
            fs::write(path(&key_file), text).unwrap();
            assert!(LoggedIn::read(&key_file).unwrap_err().message.contains("login.json"), "{text}");
        }
    }
}
