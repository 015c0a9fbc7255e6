//! BIP-39 phrases. The crate with the word list leaves copies of a phrase in memory: each check makes one, and its error
//! holds another. So the checks are written here.

use std::fmt;

use alloy::signers::local::coins_bip39::{English, Wordlist};
use hospital_record_core::id::block_digest;
use zeroize::Zeroizing;

use crate::base::error::{Error, Result, fail, fill_random};

/// Words of a new phrase.
const WORDS: usize = 24;
/// A word stands for 11 bits.
const BITS: usize = 11;
/// No word of the list is longer.
const LONGEST_WORD: usize = 8;

/// Entropy of 24 words, and the byte after it with their checksum.
type Packed = Zeroizing<[u8; 33]>;

/// A checked BIP-39 phrase, wiped when dropped.
///
/// See the [example](crate::Identity).
#[derive(Clone)]
pub struct Phrase(Zeroizing<String>);

impl Phrase {
    /// Checks the words and the checksum. The error names the position of a wrong word, never a word.
    ///
    /// Numbers, punctuation and line breaks between the words are ignored, because people copy a phrase as it was shown.
    pub fn parse(text: &str) -> Result<Self> {
        // Lower case can be longer. A string that grows would leave copies in memory that nobody wipes.
        let mut words = Zeroizing::new(String::with_capacity(text.len() * 3));
        let between = |c: char| !c.is_alphabetic();
        for word in text.split_whitespace().map(|word| word.trim_matches(between)).filter(|word| !word.is_empty()) {
            if !words.is_empty() {
                words.push(' ');
            }
            words.extend(word.chars().flat_map(char::to_lowercase));
        }
        check(&words)?;
        Ok(Self(words))
    }

    /// A new phrase of 256 random bits.
    pub(crate) fn generate() -> Result<Self> {
        let mut packed: Packed = Zeroizing::new([0; 33]);
        fill_random(&mut packed[..32])?;
        packed[32] = block_digest(&packed[..32]).0[0];
        Ok(Self(words_of(&packed)))
    }

    /// The words. Anybody who has them can act as this person.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(..)")
    }
}

fn words_of(packed: &Packed) -> Zeroizing<String> {
    let list = English::get_all();
    let mut words = Zeroizing::new(String::with_capacity(WORDS * (LONGEST_WORD + 1)));
    for place in 0..WORDS {
        if place > 0 {
            words.push(' ');
        }
        let bits = BITS * place..BITS * (place + 1);
        words.push_str(list[bits.fold(0, |index, bit| index << 1 | bit_of(packed, bit))]);
    }
    words
}

fn bit_of(packed: &Packed, bit: usize) -> usize {
    usize::from(packed[bit / 8] >> (7 - bit % 8) & 1)
}

fn check(words: &str) -> Result<()> {
    let list = English::get_all();
    let count = count(words);
    let mut packed: Packed = Zeroizing::new([0; 33]);
    for (place, word) in words.split(' ').filter(|word| !word.is_empty()).enumerate() {
        let Ok(index) = list.binary_search(&word) else { return Err(wrong_word(place)) };
        for bit in (0..BITS).filter(|bit| place < WORDS && index >> (BITS - 1 - bit) & 1 == 1) {
            packed[(BITS * place + bit) / 8] |= 0x80 >> ((BITS * place + bit) % 8);
        }
    }
    if ![12, 15, 18, 21, 24].contains(&count) {
        return fail!(Invalid, "a phrase has 12, 15, 18, 21 or 24 words, this one has {count}");
    }
    // Three words hold 32 bits of entropy and one bit of checksum.
    let entropy = count / 3 * 4;
    let unused = 8 - count / 3;
    match block_digest(&packed[..entropy]).0[0] >> unused == packed[entropy] >> unused {
        true => Ok(()),
        false => fail!(Invalid, "the phrase's checksum is wrong: a word is wrong or two are swapped"),
    }
}

fn count(words: &str) -> usize {
    words.split(' ').filter(|word| !word.is_empty()).count()
}

fn wrong_word(place: usize) -> Error {
    Error::Invalid(format!("word {} of the phrase is not in the BIP-39 list: check its spelling", place + 1).into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// <https://github.com/trezor/python-mnemonic/blob/master/vectors.json>, one of each length it has.
    const VECTORS: [(&str, &str); 4] = [
        (
            "9e885d952ad362caeb4efe34a8e91bd2",
            "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
        ),
        (
            "6610b25967cdcca9d59875f5cb50b0ea75433311869e930b",
            "gravity machine north sort system female filter attitude volume fold club stay feature office ecology \
             stable narrow fog",
        ),
        (
            "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
            "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel \
             tennis maple dilemma loan word shrug inflict delay length",
        ),
        (
            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
        ),
    ];

    #[test]
    fn published_vectors_give_the_same_words() {
        for (entropy, phrase) in VECTORS {
            assert_eq!(Phrase::parse(phrase).unwrap().reveal(), phrase);
            let mut packed: Packed = Zeroizing::new([0; 33]);
            let entropy = hex_bytes(entropy);
            if let Ok(entropy) = <[u8; 32]>::try_from(entropy) {
                packed[..32].copy_from_slice(&entropy);
                packed[32] = block_digest(&entropy).0[0];
                assert_eq!(*words_of(&packed), phrase);
            }
        }
        assert!(English::get_all().iter().all(|word| word.len() <= LONGEST_WORD));
    }

    #[test]
    fn phrase_parses_with_numbers_punctuation_and_line_breaks() {
        for (_, phrase) in VECTORS {
            let words: Vec<&str> = phrase.split(' ').collect();
            let numbered = |form: &dyn Fn(usize, &str) -> String| {
                words.iter().enumerate().map(|(place, word)| form(place + 1, word)).collect::<String>()
            };
            for copied in [
                format!("\u{feff}{phrase}\r\n"),
                phrase.to_uppercase(),
                phrase.replace(' ', "\n"),
                phrase.replace(' ', "\u{a0}"),
                phrase.replace(' ', ", "),
                format!("\"{phrase}.\""),
                numbered(&|place, word| {
                    format!("{place:>2} {word}{}", if place % 4 == 0 { "\n    " } else { "     " })
                }),
                numbered(&|place, word| format!("{place}. {word}\n")),
                numbered(&|place, word| format!("{place}.{word}\t")),
                numbered(&|place, word| format!("> {place}) {word}\r\n")),
                numbered(&|_, word| format!("- {word}\n")),
            ] {
                assert_eq!(Phrase::parse(&copied).unwrap().reveal(), phrase, "{copied:?}");
            }
        }
        let wrong =
            "1 legal 2 winner 3 thank 4 year 5 wave 6 sausage 7 worth 8 useful 9 legal 10 winer 11 thank 12 yellow";
        assert!(Phrase::parse(wrong).unwrap_err().to_string().contains("word 10"), "numbers are not counted as words");
        assert!(Phrase::parse("leg4l").is_err() && Phrase::parse("1 2 3").is_err());
    }

    fn hex_bytes(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn phrase_with_another_last_word_passes_only_if_its_checksum_matches() {
        let new = Phrase::generate().unwrap();
        let words: Vec<&str> = new.reveal().split(' ').collect();
        assert_eq!((words.len(), check(new.reveal()).is_ok()), (24, true));
        for (_, phrase) in VECTORS {
            let words: Vec<&str> = phrase.split(' ').collect();
            // The last word holds checksum bits too, so only some words fit there.
            let fits = |last: &&&str| check(&[&words[..words.len() - 1], &[**last]].concat().join(" ")).is_ok();
            let right = English::get_all().iter().filter(fits).count();
            assert_eq!(right, 2048 >> (words.len() / 3), "{}", words.len());
        }
    }
}
