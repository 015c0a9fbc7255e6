//! Where the password and the phrase come from: never the command line, never the environment.

use std::{
    io::{self, IsTerminal, Read},
    path::Path,
};

use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    private::read_secret,
};

/// Characters of a new password.
const SHORTEST: usize = 8;
/// The longest one has 215 characters, and may be typed with more space.
const LONGEST_PHRASE: u64 = 1024;

type Secret = Zeroizing<String>;

/// How to name the file of a password where there is nobody to ask.
pub(crate) const CURRENT: &str = "--password-file or HOSPITAL_RECORD_PASSWORD_FILE";
pub(crate) const CHANGED: &str = "--new-password-file";

/// The password of a key file that is there.
pub(crate) fn existing(file: Option<&Path>, name: &str) -> Result<Secret> {
    match file {
        Some(file) => first_line(file),
        None => ask(&format!("Password of {name}: "), CURRENT),
    }
}

/// A password for a new key file: typed twice, for it cannot be corrected later.
pub(crate) fn new(file: Option<&Path>, name: &str, flag: &str) -> Result<Secret> {
    let Some(file) = file else {
        let first = long_enough(ask(&format!("New password for {name}: "), flag)?)?;
        return match *ask("Once more: ", flag)? == *first {
            true => Ok(first),
            false => Err(Failure::key_file("the two passwords differ; nothing was written")),
        };
    };
    first_line(file).and_then(long_enough)
}

/// The recovery phrase, unseen on a terminal, else all of stdin.
pub(crate) fn phrase() -> Result<Secret> {
    if io::stdin().is_terminal() {
        return ask("Recovery phrase (it is not shown): ", CURRENT);
    }
    // Room for all that may come: growing would leave copies behind that nobody wipes.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_PHRASE as usize + 1));
    stdin()
        .and_then(|stdin| stdin.take(LONGEST_PHRASE).read_to_string(&mut text))
        .map_err(|error| Failure::key_file(format!("the phrase cannot be read from stdin: {error}")))?;
    Ok(text)
}

/// Past the buffer of [`io::stdin`], which nobody wipes.
#[cfg(unix)]
fn stdin() -> io::Result<impl Read> {
    use std::os::fd::AsFd;
    Ok(std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn stdin() -> io::Result<impl Read> {
    Ok(io::stdin())
}

fn first_line(path: &Path) -> Result<Secret> {
    let text = read_secret(path).map_err(|failure| Failure::key_file(format!("password file {failure}")))?;
    let line = text.lines().next().unwrap_or_default();
    not_empty(Zeroizing::new(line.to_owned()))
}

fn not_empty(password: Secret) -> Result<Secret> {
    match password.is_empty() {
        true => Err(Failure::key_file("the password is empty")),
        false => Ok(password),
    }
}

/// As NIST SP 800-63B has it. Whoever copies the file may try as many as they like.
fn long_enough(password: Secret) -> Result<Secret> {
    match password.chars().count() < SHORTEST {
        true => {
            Err(Failure::key_file(format!("a password has at least {SHORTEST} characters: several words are good")))
        }
        false => Ok(password),
    }
}

fn ask(prompt: &str, flag: &str) -> Result<Secret> {
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| match error.kind() {
        // It reads Ctrl-C as a character, restores the terminal and says so.
        io::ErrorKind::Interrupted => Failure::interrupted(),
        _ => Failure::key_file(format!("there is no terminal to ask on: name a file with {flag}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn from_file(content: &str) -> Result<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        existing(Some(file.path()), "ana").map(|password| password.to_string())
    }

    #[test]
    fn a_new_password_is_not_too_short() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (content, long) in [("seven77", false), ("eight888", true)] {
            std::fs::write(file.path(), content).unwrap();
            assert_eq!(new(Some(file.path()), "ana", CURRENT).is_ok(), long, "{content}");
            assert!(existing(Some(file.path()), "ana").is_ok(), "what was chosen before still opens");
        }
    }

    #[test]
    fn the_first_line_of_the_file_is_the_password() {
        for content in ["pass word", "pass word\n", "pass word\r\nmore\n"] {
            assert_eq!(from_file(content).unwrap(), "pass word");
        }
    }

    #[test]
    fn an_empty_or_missing_password_file_is_an_error() {
        assert_eq!(from_file("\nlater").unwrap_err().kind, Kind::KeyFile);
        assert_eq!(existing(Some(Path::new("/nowhere/at/all")), "ana").unwrap_err().kind, Kind::KeyFile);
    }
}
