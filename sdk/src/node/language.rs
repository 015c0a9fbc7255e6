//! Tags of languages (BCP 47, RFC 5646).

use crate::base::error::{Error, Result};

/// The longest tag, in bytes (RFC 5646, 4.4.1).
const LONGEST: usize = 35;

/// The tag in its usual spelling (RFC 5646, 2.1.1): `hi`, `pt-BR`, `zh-Hant`.
///
/// It checks the form alone. Which languages there are changes each year.
pub(crate) fn canonical(tag: &str) -> Result<String> {
    let tag = tag.trim();
    let wrong = || {
        let shown: String = tag.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        Error::Invalid(format!("{shown:?} is no tag of a language: give one such as en, hi or pt-BR (BCP 47)").into())
    };
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or_default();
    let is_language = matches!(language.len(), 2..=8) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part = |part: &str| matches!(part.len(), 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let ends_open = tag.split('-').next_back().is_some_and(|last| last.len() == 1);
    if tag.len() > LONGEST || !is_language || !parts.clone().all(is_part) || ends_open {
        return Err(wrong());
    }
    let mut made = language.to_ascii_lowercase();
    let mut is_extension = false;
    for part in parts {
        let part = part.to_ascii_lowercase();
        let is_alphabetic = part.bytes().all(|byte| byte.is_ascii_alphabetic());
        is_extension |= part.len() == 1;
        made.push('-');
        match (is_extension, part.len()) {
            (false, 2) if is_alphabetic => made.push_str(&part.to_ascii_uppercase()),
            (false, 4) if is_alphabetic => {
                made.push_str(&part[..1].to_ascii_uppercase());
                made.push_str(&part[1..]);
            }
            _ => made.push_str(&part),
        }
    }
    Ok(made)
}

/// Whether a tag is of this language: `pt` is that of `pt` and of `pt-BR` (RFC 4647, basic filtering).
pub(crate) fn is_of(tag: &str, language: &str) -> bool {
    let rest = tag.get(..language.len()).filter(|start| start.eq_ignore_ascii_case(language));
    rest.is_some() && matches!(tag.as_bytes().get(language.len()), None | Some(b'-'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn tag_has_its_form_and_one_spelling() {
        for (typed, kept) in [
            ("hi", "hi"),
            (" EN ", "en"),
            ("pt-br", "pt-BR"),
            ("ZH-HANT-tw", "zh-Hant-TW"),
            ("es-419", "es-419"),
            ("sl-rozaj-biske", "sl-rozaj-biske"),
            ("de-CH-1996", "de-CH-1996"),
            ("en-u-CA-Buddhist", "en-u-ca-buddhist"),
            ("gsw", "gsw"),
        ] {
            assert_eq!(canonical(typed).unwrap(), kept, "{typed}");
            assert_eq!(canonical(kept).unwrap(), kept);
        }
        for typed in [
            "",
            "h",
            "hindi language",
            "hi_IN",
            "hi-",
            "-hi",
            "hi--IN",
            "12",
            "hi-u",
            "हिन्दी",
            "en-abcdefghi",
            "%",
            "e*",
        ] {
            assert!(canonical(typed).is_err(), "{typed}");
        }
        assert!(canonical(&format!("en{}", "-abcdefgh".repeat(4))).is_err());
    }

    #[test]
    fn language_covers_its_regions_and_no_other_language() {
        for (tag, language, expected) in [
            ("pt", "pt", true),
            ("pt-BR", "pt", true),
            ("pt-BR", "PT-br", true),
            ("pt", "pt-BR", false),
            ("hil", "hi", false),
            ("hi", "hil", false),
        ] {
            assert_eq!(is_of(tag, language), expected, "{tag} {language}");
        }
    }
}
