//! The state directory: it belongs to one user, one chain and one contract.

use std::{
    fs::{self, Metadata},
    io::{self, Write},
    path::Path,
};

use alloy::primitives::Address;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{
    base::error::{Error, Result},
    platform::file::create_private,
};

const PIN: &str = "deployment.json";
const VERSION: u32 = 1;

/// The chain and contract of the first connection.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    version: u32,
    chain: u64,
    contract: Address,
}

/// Creates a folder that only its owner can read.
pub(crate) fn prepare(folder: &Path) -> Result<()> {
    let failed = |error: io::Error| Error::file(folder, error);
    create_private(folder).map_err(failed)?;
    let metadata = folder.metadata().map_err(failed)?;
    refuse_foreign(folder, &metadata)?;
    close_to_others(folder, &metadata).map_err(failed)
}

/// The owner of a folder can open it at any time and replace its contacts and histories.
#[cfg(unix)]
fn refuse_foreign(folder: &Path, metadata: &Metadata) -> Result<()> {
    let (owner, me) = (std::os::unix::fs::MetadataExt::uid(metadata), rustix::process::geteuid().as_raw());
    match is_foreign(owner, me) {
        false => Ok(()),
        true => Err(Error::File {
            path: folder.into(),
            reason: format!(
                "it belongs to another user (uid {owner}, this process is of {me}): name a state directory of your own, \
                 run this as that user, or, if what is in it is yours, run `chown -R {me}` on it as root"
            )
            .into(),
            kind: io::ErrorKind::PermissionDenied,
        }),
    }
}

/// Root is not foreign: it can read and replace everything anyway.
#[cfg(unix)]
fn is_foreign(owner: u32, me: u32) -> bool {
    owner != me && owner != 0
}

/// An existing folder may have been readable by others.
#[cfg(unix)]
fn close_to_others(folder: &Path, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(folder, PermissionsExt::from_mode(mode & !0o077))
}

#[cfg(not(unix))]
fn refuse_foreign(_: &Path, _: &Metadata) -> Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Refuses a folder that belongs to another chain or contract. A new folder belongs to none.
pub(crate) fn check(folder: &Path, chain: u64, contract: Address) -> Result<()> {
    let file = folder.join(PIN);
    match read(&file)? {
        Some(pin) if (pin.chain, pin.contract) != (chain, contract) => {
            let (pinned, found) = ((pin.chain, pin.contract), (chain, contract));
            Err(Error::OtherDeployment { file, pinned, found })
        }
        _ => Ok(()),
    }
}

/// Saves the chain and contract of the folder, unless another program was faster.
pub(crate) fn pin(folder: &Path, chain: u64, contract: Address) -> Result<()> {
    let file = folder.join(PIN);
    let pin = Pin { version: VERSION, chain, contract };
    let write = || -> io::Result<()> {
        let mut new = NamedTempFile::with_prefix_in(".deployment-", folder)?;
        serde_json::to_writer(&mut new, &pin)?;
        new.write_all(b"\n")?;
        new.as_file().sync_all()?;
        new.persist_noclobber(&file).map(drop).map_err(|error| error.error)
    };
    if !file.exists() {
        match write() {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(Error::file(file, error)),
            _ => {}
        }
    }
    check(folder, chain, contract)
}

fn read(file: &Path) -> Result<Option<Pin>> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::file(file, error)),
    };
    match serde_json::from_slice::<Pin>(&text).ok().filter(|pin| pin.version == VERSION) {
        Some(pin) => Ok(Some(pin)),
        None => Err(Error::File {
            path: file.into(),
            reason: if is_of_another_version(&text) { OF_ANOTHER } else { DAMAGED }.into(),
            kind: io::ErrorKind::InvalidData,
        }),
    }
}

const OF_ANOTHER: &str = "another version of this software wrote it: use that version, or name another state directory";
const DAMAGED: &str = "it is empty or damaged: delete it. It only names the chain and contract of this state, and the \
                       next connection writes it again";

/// Another version may use other fields, so only `version` is read.
fn is_of_another_version(text: &[u8]) -> bool {
    let content = serde_json::from_slice::<serde_json::Value>(text).unwrap_or_default();
    content["version"].as_u64().is_some_and(|version| version != u64::from(VERSION))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::base::error::kind::ErrorKind;

    const CONTRACT: Address = Address::repeat_byte(7);

    #[test]
    fn folder_keeps_its_first_chain_and_contract() {
        let dir = tempfile::tempdir().unwrap();
        check(dir.path(), 1, CONTRACT).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "asking pins nothing");
        pin(dir.path(), 1, CONTRACT).unwrap();
        pin(dir.path(), 1, CONTRACT).unwrap();
        for (chain, contract) in [(2, CONTRACT), (1, Address::repeat_byte(8))] {
            for refused in [check(dir.path(), chain, contract), pin(dir.path(), chain, contract)] {
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WrongContract);
                let text = error.to_string();
                assert!(matches!(&error, Error::OtherDeployment { pinned, .. } if *pinned == (1, CONTRACT)), "{text}");
                let file = dir.path().join(PIN).display().to_string();
                let parts = [&file, "on chain 1, but", &format!("chain {chain}"), &contract.to_string(), "--home"];
                assert!(parts.iter().all(|part| text.contains(*part)), "{text}");
            }
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn unreadable_pin_is_refused_and_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        pin(dir.path(), 1, CONTRACT).unwrap();
        let whole = fs::read_to_string(dir.path().join(PIN)).unwrap();
        let later = whole.replacen("\"version\":1", "\"version\":2", 1);
        let zeros = "\0".repeat(whole.len());
        for (text, why) in [
            ("", DAMAGED),
            ("{}", DAMAGED),
            (&whole[..whole.len() / 2], DAMAGED),
            (&later[..later.len() / 2], DAMAGED),
            (&whole.replace("0x07", "0x"), DAMAGED),
            (zeros.as_str(), DAMAGED),
            ("[1]", DAMAGED),
            (later.as_str(), OF_ANOTHER),
            ("{\"version\":7,\"chains\":[1]}", OF_ANOTHER),
        ] {
            fs::write(dir.path().join(PIN), text).unwrap();
            let error = pin(dir.path(), 1, CONTRACT).unwrap_err();
            let message = error.to_string();
            assert!(
                error.kind() == ErrorKind::File && message.contains(PIN) && message.contains(why),
                "{text:?}: {message}"
            );
            assert_eq!(fs::read_to_string(dir.path().join(PIN)).unwrap(), text);
        }
        fs::remove_file(dir.path().join(PIN)).unwrap();
        pin(dir.path(), 1, CONTRACT).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join(PIN)).unwrap(), whole, "as the advice says");
    }

    #[cfg(unix)]
    #[test]
    fn folder_of_another_user_is_foreign_unless_it_is_of_root() {
        let cases = [(1000, 1000, false), (0, 1000, false), (0, 0, false), (1001, 1000, true), (1000, 0, true)];
        for (owner, me, foreign) in cases {
            assert_eq!(is_foreign(owner, me), foreign, "{owner} {me}");
        }
    }

    /// Only root can change a folder's owner, so the refusal is tested only when the tests run as root.
    #[cfg(unix)]
    #[test]
    fn state_directory_of_another_user_is_refused_and_stays_as_it_is() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path(), Some(12345), None).unwrap();
            let error = prepare(dir.path()).unwrap_err();
            assert!(error.kind() == ErrorKind::File && error.to_string().contains("uid 12345"), "{error}");
            assert_eq!(dir.path().metadata().unwrap().mode() & 0o777, 0o755, "it is not ours to change");
            std::os::unix::fs::chown(dir.path(), Some(0), None).unwrap();
        }
        prepare(dir.path()).unwrap();
        assert_eq!(dir.path().metadata().unwrap().mode() & 0o777, 0o700);
    }
}
