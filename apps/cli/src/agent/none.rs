//! Where there are no sockets of Unix, there is no agent.

use std::{io, path::Path, time::Duration};

use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    key_file::KeyFile,
};

pub(crate) fn phrase(_: &Path, _: &KeyFile) -> Option<Zeroizing<String>> {
    None
}

pub(crate) fn end(_: &Path) -> Result<bool> {
    Ok(false)
}

pub(crate) fn start(_: &Path, _: &KeyFile, _: &str, _: Duration) -> Result {
    Err(Failure::usage("there is no agent on this system: give the password each time"))
}

pub(crate) fn serve(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
