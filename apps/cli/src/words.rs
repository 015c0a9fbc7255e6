//! The words of medicine that people type, and the codes they stand for.

use clap::{
    ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use hospital_record as sdk;

/// HL7 v3 PurposeOfUse, by a word that people type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purpose {
    word: &'static str,
    code: sdk::Purpose,
}

const fn purpose(word: &'static str, code: sdk::Purpose) -> Purpose {
    Purpose { word, code }
}

const PURPOSES: &[Purpose] = &[
    purpose("treatment", sdk::Purpose::TREAT),
    purpose("emergency", sdk::Purpose::ETREAT),
    purpose("research", sdk::Purpose::HRESCH),
    purpose("payment", sdk::Purpose::HPAYMT),
    purpose("operations", sdk::Purpose::HOPERAT),
    purpose("patient-request", sdk::Purpose::PATRQT),
    purpose("family-request", sdk::Purpose::FAMRQT),
    purpose("public-health", sdk::Purpose::PUBHLTH),
    purpose("legal", sdk::Purpose::HLEGAL),
    purpose("care-management", sdk::Purpose::CAREMGT),
    purpose("clinical-trial", sdk::Purpose::CLINTRCH),
    purpose("break-glass", sdk::Purpose::BTG),
];

impl ValueEnum for Purpose {
    fn value_variants<'a>() -> &'a [Self] {
        PURPOSES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word))
    }
}

impl Purpose {
    /// As HL7 v3 spells it, and the contract.
    pub(crate) fn code(self) -> String {
        format!("{:?}", self.code)
    }

    /// As people type it.
    pub(crate) const fn word(self) -> &'static str {
        self.word
    }
}

impl From<Purpose> for sdk::Purpose {
    fn from(purpose: Purpose) -> Self {
        purpose.code
    }
}

/// The ledger refuses purposes it does not know, so that the fallback is never used.
impl From<sdk::Purpose> for Purpose {
    fn from(code: sdk::Purpose) -> Self {
        PURPOSES.iter().find(|known| known.code == code).copied().unwrap_or(purpose("unknown", code))
    }
}

/// HL7 v3 Confidentiality of a folder, by its letter.
pub(crate) fn confidentiality() -> impl TypedValueParser<Value = sdk::Confidentiality> {
    let letters = sdk::Confidentiality::ALL.map(sdk::Confidentiality::code);
    PossibleValuesParser::new(letters).try_map(|letter| letter.parse::<sdk::Confidentiality>())
}

/// A LOINC code: up to seven digits, a dash, and the check digit (mod 10) of what precedes it.
pub(crate) fn loinc(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is not a LOINC code; one looks like 11502-2");
    let (number, check) = text.split_once('-').ok_or_else(wrong)?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(number) || number.len() > 7 || !digits(check) || check.len() != 1 {
        return Err(wrong());
    }
    if check.bytes().next() != Some(b'0' + check_digit(number)) {
        return Err(format!("{text:?} is mistyped: its check digit does not fit"));
    }
    Ok(text.to_owned())
}

/// A kind of record to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A LOINC code.
    Document(String),
    /// A media type.
    Media(String),
    /// The part of a media type before the slash, with it.
    AnyMedia(String),
}

pub(crate) fn kind(text: &str) -> Result<Kind, String> {
    match text.split_once('/') {
        // A text in the form of a code is a mistyped code.
        None if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') && text.contains('-') => {
            loinc(text).map(Kind::Document)
        }
        None => Err(format!(
            "{text:?} is not a kind of record; one is a LOINC code like 11502-2, a media type like image/png or image/*"
        )),
        Some((family, "*")) => {
            media_type(&format!("{family}/x"))?;
            Ok(Kind::AnyMedia(format!("{}/", family.to_lowercase())))
        }
        Some(_) => media_type(text).map(Kind::Media),
    }
}

impl Kind {
    pub(crate) fn is(&self, document_type: Option<&str>, media_type: &str) -> bool {
        match self {
            Self::Document(code) => document_type == Some(code),
            // Parameters such as a charset do not count.
            Self::Media(wanted) => media_type.split(';').next().is_some_and(|kind| kind.trim() == wanted),
            Self::AnyMedia(begin) => media_type.starts_with(begin.as_str()),
        }
    }
}

/// Luhn, as LOINC Users' Guide, "LOINC check digit" has it.
fn check_digit(number: &str) -> u8 {
    let doubled = |place: usize, digit: u8| match (place % 2, digit) {
        (0, 5..) => digit * 2 - 9,
        (0, _) => digit * 2,
        _ => digit,
    };
    let sum: u8 = number.bytes().rev().enumerate().map(|(place, b)| doubled(place, b - b'0')).sum();
    (10 - sum % 10) % 10
}

/// `type/subtype` of RFC 6838, with parameters as they come.
pub(crate) fn media_type(text: &str) -> Result<String, String> {
    let name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim();
    match essence.split_once('/') {
        Some((kind, subtype)) if name(kind) && name(subtype) && text.len() <= 255 && text.is_ascii() => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err(format!("{text:?} is not a media type; one looks like application/pdf")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_the_code_that_it_names() {
        // As the manual has them, and no code left out.
        let manual = include_str!("../../../docs/cli.md");
        for purpose in PURPOSES {
            assert_eq!(Purpose::from(purpose.code), *purpose);
            assert_eq!(Purpose::from_str(purpose.word(), false), Ok(*purpose));
            let row = format!("`{}` {}", purpose.word(), purpose.code());
            assert!(manual.contains(&row), "{row}");
        }
        for code in 0..PURPOSES.len() as u8 {
            let code = sdk::Purpose::try_from(code).unwrap();
            assert_eq!(PURPOSES.iter().filter(|purpose| purpose.code == code).count(), 1, "{code:?}");
        }
        assert!(sdk::Purpose::try_from(PURPOSES.len() as u8).is_err(), "a purpose that nobody can type");
    }

    #[test]
    fn real_loinc_codes_pass() {
        for code in ["11502-2", "8867-4", "2708-6", "59408-5", "85354-9", "8480-6", "8462-4", "8310-5", "9279-1"] {
            assert_eq!(loinc(code).as_deref(), Ok(code));
        }
    }

    #[test]
    fn mistyped_loinc_codes_are_refused() {
        for code in ["11502-3", "15102-2", "11502", "11502-", "-2", "11502-22", "12345678-1", "٣-1", ""] {
            assert!(loinc(code).is_err(), "{code}");
        }
    }

    #[test]
    fn kind_is_a_code_a_media_type_or_a_group_of_media_types() {
        for (typed, document, media, is) in [
            ("11502-2", Some("11502-2"), "text/plain", true),
            ("11502-2", None, "text/plain", false),
            ("application/pdf", Some("11502-2"), "application/pdf", true),
            ("Text/Plain", None, "text/plain; charset=utf-8", true),
            ("text/plain", None, "text/plain2", false),
            ("image/*", None, "image/png", true),
            ("image/*", None, "imagery/png", false),
            ("x/*", None, "x/y", true),
        ] {
            assert_eq!(kind(typed).unwrap().is(document, media), is, "{typed} {media}");
        }
        for wrong in ["pdf", "*", "*/*", "image/", "/*", "11502-3", ""] {
            let told = kind(wrong).unwrap_err();
            assert_eq!(told.contains("media type"), !wrong.contains('-'), "{told}");
        }
    }

    #[test]
    fn media_types_are_checked() {
        assert_eq!(media_type("Application/FHIR+json").as_deref(), Ok("application/fhir+json"));
        assert!(media_type("text/plain; charset=utf-8").is_ok());
        for wrong in ["pdf", "application/", "/pdf", "a b/c", "text/pl\u{1b}ain"] {
            assert!(media_type(wrong).is_err(), "{wrong}");
        }
    }
}
