//! Where the password and the phrase come from: never the command line, never the environment.

use std::{
    io::{self, IsTerminal, Read},
    path::Path,
};

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    private::read_secret,
    terminal,
    text::MARK,
};

/// Characters of a new password.
const SHORTEST: usize = 8;
/// The longest one has 215 characters, and may be typed with numbers and more space.
const LONGEST_PHRASE: u64 = 4096;

type Secret = Zeroizing<String>;

/// The ways to name a password file if there is no terminal.
pub(crate) const CURRENT: &str = "--password-file or HOSPITAL_RECORD_PASSWORD_FILE";
pub(crate) const CHANGED: &str = "--new-password-file";

/// The password of an existing key file.
pub(crate) fn existing(file: Option<&Path>, name: &str) -> Result<Secret> {
    match file {
        Some(file) => first_line(file).and_then(not_empty),
        None => ask(&format!("Password of {name}: "), CURRENT),
    }
}

/// A password for a new key file: typed twice, because it cannot be corrected later.
pub(crate) fn new(file: Option<&Path>, name: &str, flag: &str) -> Result<Secret> {
    let Some(file) = file else {
        let first = acceptable(&ask(&format!("New password for {name}: "), flag)?)?;
        return match *spelled(&ask("Once more: ", flag)?) == *first {
            true => Ok(first),
            false => Err(Failure::key_file("the two passwords differ; nothing was written")),
        };
    };
    acceptable(&first_line(file)?)
}

/// The one spelling of a password on all keyboards (OpaqueString of RFC 8265): any space is one, letters are composed
/// (NFC), capitals stay. Characters that Unicode does not have yet are accepted: a later version may.
pub(crate) fn spelled(typed: &str) -> Secret {
    let typed = typed.trim_start_matches(MARK);
    // Full capacity from the start: growing would leave copies that nothing wipes.
    let mut password = Zeroizing::new(String::with_capacity(typed.len() * 3));
    match typed.is_ascii() {
        true => password.push_str(typed),
        false => password.extend(typed.chars().map(|c| if is_space(c) { ' ' } else { c }).nfc()),
    }
    password
}

/// Zs of Unicode but the one of ASCII.
fn is_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// The spellings to try on a key file, in order: the one spelling; then, for files of earlier versions, the typed bytes
/// and the decomposed ones of some keyboards.
pub(crate) fn spellings(typed: &str) -> Vec<Secret> {
    let (first, exact) = (spelled(typed), Zeroizing::new(typed.to_owned()));
    if *first == *exact && typed.is_ascii() {
        return vec![first];
    }
    let mut apart = Zeroizing::new(String::with_capacity(typed.len() * 6));
    apart.extend(typed.trim_start_matches(MARK).nfd());
    let mut all = vec![first];
    for other in [exact, apart] {
        if !all.contains(&other) {
            all.push(other);
        }
    }
    all
}

/// The recovery phrase: from the terminal without echo, or else all of stdin.
pub(crate) fn phrase() -> Result<Secret> {
    if io::stdin().is_terminal() {
        return terminal::phrase();
    }
    // Full capacity from the start: growing would leave copies that nothing wipes.
    let mut text = Zeroizing::new(String::with_capacity(LONGEST_PHRASE as usize + 1));
    stdin()
        .and_then(|stdin| stdin.take(LONGEST_PHRASE).read_to_string(&mut text))
        .map_err(|error| Failure::key_file(format!("the phrase cannot be read from stdin: {error}")))?;
    Ok(text)
}

/// Past the buffer of [`io::stdin`], which nothing wipes.
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
    Ok(Zeroizing::new(line.to_owned()))
}

fn not_empty(password: Secret) -> Result<Secret> {
    match spelled(&password).is_empty() {
        true => Err(Failure::key_file("the password is empty")),
        false => Ok(password),
    }
}

/// The length of NIST SP 800-63B. A thief of the file can try any number of passwords.
fn acceptable(typed: &str) -> Result<Secret> {
    let password = spelled(typed);
    if password.is_empty() {
        return not_empty(password);
    }
    if password.chars().any(char::is_control) {
        return Err(Failure::key_file(
            "a password has no tabs and other control characters: not every keyboard types them",
        ));
    }
    match password.chars().count() < SHORTEST {
        true => {
            Err(Failure::key_file(format!("a password has at least {SHORTEST} characters: several words are good")))
        }
        false => Ok(password),
    }
}

fn ask(prompt: &str, flag: &str) -> Result<Secret> {
    terminal::unseen(prompt).map_err(|error| match error.kind() {
        // It reads Ctrl-C as a character, restores the terminal and says so.
        io::ErrorKind::Interrupted => Failure::interrupted_before(),
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
            assert!(existing(Some(file.path()), "ana").is_ok(), "an older password still opens");
        }
    }

    #[test]
    fn the_first_line_of_the_file_is_the_password() {
        for content in ["pass word", "pass word\n", "pass word\r\nmore\n"] {
            assert_eq!(from_file(content).unwrap(), "pass word");
        }
    }

    #[test]
    fn password_has_one_spelling_and_older_files_still_open() {
        for (typed, kept) in [
            ("secret words", "secret words"),
            ("Zu\u{308}rich 8001", "Zürich 8001"),
            ("\u{212b}ngstro\u{308}m", "Ångström"),
            ("two\u{a0}words", "two words"),
            ("two\u{3000}words", "two words"),
            ("\u{feff}secret words", "secret words"),
            ("Σecret Words", "Σecret Words"),
            (" padded ", " padded "),
            ("ﬁve words", "ﬁve words"),
        ] {
            assert_eq!(*spelled(typed), kept, "{typed:?}");
            let all = spellings(typed);
            assert!(*all[0] == kept && all.iter().any(|one| **one == typed) && all.len() <= 3, "{typed:?}");
        }
        assert_eq!(spellings("secret words").len(), 1, "a password with one spelling is tried once");
        let nfd = spellings("Zürich").iter().any(|one| **one == "Zu\u{308}rich");
        assert!(nfd, "a key file that a decomposing keyboard made");
    }

    #[test]
    fn a_key_file_opens_with_any_spelling_of_its_password() {
        use crate::key_file::KeyFile;
        let (composed, apart) = ("Zürich 8001", "Zu\u{308}rich 8001");
        // As this version makes it, and as earlier ones made it of what was typed.
        for sealed_with in [composed, apart] {
            let file = KeyFile::seal("a phrase", 0, "0xAb", sealed_with).unwrap();
            for typed in [composed, apart] {
                assert_eq!(file.open(typed).unwrap().trim_end(), "a phrase", "{sealed_with:?} {typed:?}");
            }
            assert!(file.open("Zurich 8001").is_err());
        }
    }

    #[test]
    fn password_file_of_any_editor_is_read() {
        let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
        let file = tempfile::NamedTempFile::new().unwrap();
        for bytes in [b"pass word\r\n".to_vec(), "\u{feff}pass word\r\n".into(), utf16("\u{feff}pass word\r\nmore")] {
            std::fs::write(file.path(), &bytes).unwrap();
            assert_eq!(*new(Some(file.path()), "ana", CURRENT).unwrap(), "pass word", "{bytes:?}");
            assert_eq!(*spellings(&existing(Some(file.path()), "ana").unwrap())[0], "pass word");
        }
        for wrong in [&b"caf\xe9 noir\n"[..], b"\xff\xfe\x00", b"tab\tin it\n", "\u{feff}\n".as_bytes()] {
            std::fs::write(file.path(), wrong).unwrap();
            assert_eq!(new(Some(file.path()), "ana", CURRENT).unwrap_err().kind, Kind::KeyFile, "{wrong:?}");
        }
    }

    #[test]
    fn an_empty_or_missing_password_file_is_an_error() {
        assert_eq!(from_file("\nlater").unwrap_err().kind, Kind::KeyFile);
        assert_eq!(existing(Some(Path::new("/nowhere/at/all")), "ana").unwrap_err().kind, Kind::KeyFile);
    }
}
