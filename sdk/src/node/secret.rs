//! What a login is for, and what it takes: a phrase, a user's name, a password.

use hospital_record_core::error::{CoreError, SealError};
use zeroize::Zeroizing;

use crate::{
    base::{
        error::{Result, fail},
        names::{is_blank, is_unseen, spelled},
    },
    people::phrase::Phrase,
};

/// Characters of a password. The node's operator can try passwords (NIST SP 800-63B-4 for a password alone).
const SHORTEST: usize = 15;
/// Different characters of a password.
const DIFFERENT: usize = 6;
/// Characters of a user's name.
const LONGEST_USER: usize = 64;

/// A person's phrase, and which of its accounts the person uses.
#[derive(Clone, Debug)]
pub struct Secret {
    /// The phrase.
    pub phrase: Phrase,
    /// The number of the account, from 0.
    pub number: u32,
}

impl Secret {
    /// The account's number in four bytes, then the words.
    pub(crate) fn content(&self) -> Zeroizing<Vec<u8>> {
        let words = self.phrase.reveal().as_bytes();
        let mut content = Zeroizing::new(Vec::with_capacity(4 + words.len()));
        content.extend_from_slice(&self.number.to_be_bytes());
        content.extend_from_slice(words);
        content
    }

    pub(crate) fn of_content(content: &[u8]) -> Result<Self> {
        let unreadable = || CoreError::from(SealError::Unopenable("vault"));
        let (number, words) = content.split_first_chunk().ok_or_else(unreadable)?;
        let words = std::str::from_utf8(words).map_err(|_| unreadable())?;
        Ok(Self { phrase: Phrase::parse(words)?, number: u32::from_be_bytes(*number) })
    }
}

/// The one spelling of a user's name: composed, in lower case.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) if it is empty, has more than 64 characters, or one that is a space or cannot be seen.
pub fn checked_user(typed: &str) -> Result<String> {
    let user = spelled(&typed.to_lowercase());
    let is_odd = |c: char| is_unseen(c) || is_blank(c) || "/\\:?#%".contains(c);
    match user.is_empty() || user.chars().count() > LONGEST_USER || user.contains(is_odd) {
        true => fail!(
            Invalid,
            "a user's name has 1 to {LONGEST_USER} letters, digits and signs such as '-', '.' and '@', and no spaces"
        ),
        false => Ok(user),
    }
}

pub(crate) fn check_password(user: &str, password: &str) -> Result<()> {
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if password.chars().count() < SHORTEST {
        return fail!(Invalid, "a password for a login has at least {SHORTEST} characters: four words are good");
    }
    if different.len() < DIFFERENT || lower.replace(user, "").chars().count() < SHORTEST / 2 {
        return fail!(Invalid, "this password is easy to guess: take four words that do not belong together");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::people::identity::Identity;

    #[test]
    fn user_has_one_spelling_and_no_hidden_characters() {
        for (typed, user) in
            [("Ana", "ana"), (" ana ", "ana"), ("a\u{308}", "ä"), ("ana@home.example", "ana@home.example")]
        {
            assert_eq!(checked_user(typed).unwrap(), user, "{typed:?}");
        }
        for typed in ["", " ", "a b", "a\u{200b}b", "a\nb", "a/b", "\u{202e}ana", "a\u{a0}b", "a%b", &"x".repeat(65)] {
            assert!(checked_user(typed).is_err(), "{typed:?}");
        }
    }

    #[test]
    fn easy_passwords_are_refused() {
        for password in ["correct horse battery", "fünfzehn Zeichen", "ana correct horse"] {
            assert!(check_password("ana", password).is_ok(), "{password}");
        }
        for password in
            ["", "14 characters!", "aaaaaaaaaaaaaaaa", "anaanaanaanaanaana", "abababababababab", "anaanaanaana 1234"]
        {
            assert!(check_password("ana", password).is_err(), "{password}");
        }
    }

    #[test]
    fn secret_is_read_as_it_was_written() {
        let (_, phrase) = Identity::generate().unwrap();
        let secret = Secret { phrase, number: 7 };
        let read = Secret::of_content(&secret.content()).unwrap();
        assert_eq!((read.phrase.reveal(), read.number), (secret.phrase.reveal(), 7));
        for content in [&[][..], &[0, 0, 0], &[0, 0, 0, 0], b"\0\0\0\0legal winner", &[0, 0, 0, 0, 255]] {
            assert!(Secret::of_content(content).is_err());
        }
    }
}
