//! Words as people search for them: case, accents and punctuation do not count.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::base::names::is_unseen;

/// The words of a text in the form in which two of them are compared: without case, and without the accents of Latin,
/// Greek and Cyrillic letters or the vowel points of Hebrew and Arabic. Each has letters, digits and signs of spelling
/// alone, so none has a wildcard.
#[must_use]
pub fn folded_words(text: &str) -> Vec<String> {
    let bare = text.nfkd().filter(|c| !is_accent(*c) && !is_unseen(*c));
    // By way of the capital letters, which are one where small letters are two: ß and ss, ς and σ.
    let large = bare.flat_map(char::to_lowercase).flat_map(char::to_uppercase);
    let small: String = large.flat_map(char::to_lowercase).filter(|c| !is_accent(*c)).collect();
    let plain: String = small.chars().map(|c| plain(c).map_or_else(|| c.to_string(), str::to_owned)).collect();
    let words = plain.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Letters that people type without their stroke, which Unicode does not take apart.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'æ' => "ae",
        'œ' => "oe",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_accents_and_punctuation_do_not_count() {
        for (text, words) in [
            ("Dr. José  Müller-Łukasz", "dr jose muller lukasz"),
            ("STRASSE Straße STRAẞE", "strasse strasse strasse"),
            ("Søren Æbelø", "soren aebelo"),
            ("Σίσυφος ΣΊΣΥΦΟΣ", "σισυφοσ σισυφοσ"),
            ("İstanbul ISTANBUL", "istanbul istanbul"),
            ("Йод", "иод"),
            ("डॉ. किरण", "डॉ किरण"),
            ("مُحَمَّد", "محمد"),
            ("می\u{200c}خواهم", "میخواهم"),
            ("山田太郎", "山田太郎"),
            ("100% _x\\", "100 x"),
            ("ﬁne ①", "fine 1"),
        ] {
            assert_eq!(folded_words(text), words.split(' ').collect::<Vec<_>>(), "{text}");
        }
        for nothing in ["", " ", "%", "_", "\\", "\u{301}", "--", "\u{200d}"] {
            assert_eq!(folded_words(nothing), Vec::<String>::new(), "{nothing:?}");
        }
    }

    proptest! {
        #[test]
        fn folded_word_has_no_wildcard_and_no_blank_whatever_was_typed(text in "\\PC{0,40}|.{0,40}") {
            for word in folded_words(&text) {
                prop_assert!(!word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "%_\\'\"".contains(c)), "{word:?}");
            }
        }
    }
}
