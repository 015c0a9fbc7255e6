//! The agent: it keeps a phrase in memory for some minutes, so that verbs need no password meanwhile.
//!
//! It is a process of this program, without a terminal. It listens on a socket beside the key file, in a folder that only
//! its owner can open. Any program of the same user can ask it: like the programs of that user that see a password typed.

#[cfg(unix)]
mod client;
#[cfg(not(unix))]
mod none;
#[cfg(unix)]
mod server;

#[cfg(not(unix))]
pub(crate) use self::none::{end, phrase, serve, start};
#[cfg(unix)]
pub(crate) use self::unix::*;

#[cfg(unix)]
mod unix {
    use std::{
        path::{self, Path, PathBuf},
        time::Duration,
    };

    use crate::failure::{Failure, Result};

    pub(crate) use super::{
        client::{end, phrase, start},
        server::serve,
    };

    /// The time that one side waits for the other.
    pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(2);
    /// The longest phrase has 215 characters, and a key file pads it to 256.
    pub(super) const LONGEST: usize = 512;
    /// The questions, each followed by a line break.
    pub(super) const GET: &str = "get";
    pub(super) const END: &str = "end";

    /// The longest path of a socket that every system takes.
    const LONGEST_PATH: usize = 100;

    /// The socket of the agent for a key file. The agent works in another folder.
    pub(super) fn socket(key_file: &Path) -> Result<PathBuf> {
        let path = path::absolute(key_file.with_file_name("agent.sock"));
        let path = path.map_err(|error| Failure::file(key_file, &error))?;
        match path.as_os_str().len() > LONGEST_PATH {
            true => {
                Err(Failure::usage(format!("{} is too long for a socket: choose a shorter --home", path.display())))
            }
            false => Ok(path),
        }
    }
}
