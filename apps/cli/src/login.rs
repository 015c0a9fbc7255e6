//! That a person is logged in on this machine: `people/NAME/login.json`, beside the key file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use hospital_record::node::{Login, messages::Bytes};
use serde::{Deserialize, Serialize};

use crate::{
    agent,
    app::App,
    failure::{Failure, Kind, Result},
    home,
    key_file::{KeyFile, write_whole},
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
    /// The address of the account: it says nothing about other keys that came into its place.
    account: String,
    /// The newest vault that was seen.
    pub(crate) generation: u64,
    /// Names this login at the node; none if the vault was not opened to check it, or its password is being changed.
    pub(crate) token: Option<Bytes>,
}

impl LoggedIn {
    pub(crate) fn new(node: &str, user: &str, account: &str, generation: u64, token: Option<Bytes>) -> Self {
        let [node, user, account] = [node, user, account].map(str::to_owned);
        Self { version: VERSION, node, user, account, generation, token }
    }

    /// `None` if the person of this key file is not logged in here.
    pub(crate) fn read(key_file: &Path, file: &KeyFile) -> Result<Option<Self>> {
        let read = Self::any(key_file)?;
        Ok(read.filter(|logged_in| logged_in.account == file.header.address))
    }

    fn any(key_file: &Path) -> Result<Option<Self>> {
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
        let content = serde_json::to_vec(self).map_err(|error| Failure::file(&path, &error.into()))?;
        write_whole(&path, &content)?.map_err(|error| Failure::file(&path, &error))
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
    let Some(logged_in) = LoggedIn::read(&key_file, &KeyFile::read(&key_file)?)? else { return Ok(()) };
    let Some(token) = &logged_in.token else {
        app.printer.warn(format!("The login at {} was not checked: run `register` again.", logged_in.node));
        return Ok(());
    };
    let asked = async { logged_in.at(PATIENCE).await?.is_live(token).await.map_err(Failure::from) };
    if asked.await.unwrap_or(true) {
        return Ok(());
    }
    agent::end(&key_file)?;
    Err(Failure::new(
        Kind::Denied,
        format!(
            "{name} was logged out of this machine: from another one, by a new password, or by {}. Run `logout` to remove the keys from here; \
             or `logout --keep-keys`, to go on without the login",
            logged_in.node
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn login_is_read_as_it_was_written_and_for_its_own_keys_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path_of_keys = folder.path().join("key.json");
        let keys = |address: &str| KeyFile::seal("a phrase", 0, address, "a password").unwrap();
        let (anas, others) = (keys("0xAb"), keys("0xCd"));
        assert_eq!(LoggedIn::read(&path_of_keys, &anas).unwrap(), None);
        let logged_in = LoggedIn::new("https://clinic.example", "ana", "0xAb", 3, Some(vec![7; 32].into()));
        logged_in.write(&path_of_keys).unwrap();
        assert_eq!(LoggedIn::read(&path_of_keys, &anas).unwrap(), Some(logged_in));
        assert_eq!(LoggedIn::read(&path_of_keys, &others).unwrap(), None, "of keys that were there before");
        LoggedIn::remove(&path_of_keys).unwrap();
        LoggedIn::remove(&path_of_keys).unwrap();
        assert_eq!(LoggedIn::read(&path_of_keys, &anas).unwrap(), None);
        for text in ["", "{}", r#"{"version":2,"node":"x","user":"a","account":"0xAb","generation":1,"token":null}"#] {
            fs::write(path(&path_of_keys), text).unwrap();
            assert!(LoggedIn::read(&path_of_keys, &anas).unwrap_err().message.contains("login.json"), "{text}");
        }
    }
}
