//! The words of medicine that people type, and the codes they stand for.

use clap::ValueEnum;
use hospital_record as sdk;

/// HL7 v3 PurposeOfUse, in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Purpose {
    Treatment,
    Emergency,
    Research,
    Payment,
    Operations,
    PatientRequest,
    FamilyRequest,
    PublicHealth,
    Legal,
    CareManagement,
    ClinicalTrial,
    BreakGlass,
}

impl Purpose {
    /// As HL7 v3 spells it, and the contract.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Treatment => "TREAT",
            Self::Emergency => "ETREAT",
            Self::Research => "HRESCH",
            Self::Payment => "HPAYMT",
            Self::Operations => "HOPERAT",
            Self::PatientRequest => "PATRQT",
            Self::FamilyRequest => "FAMRQT",
            Self::PublicHealth => "PUBHLTH",
            Self::Legal => "HLEGAL",
            Self::CareManagement => "CAREMGT",
            Self::ClinicalTrial => "CLINTRCH",
            Self::BreakGlass => "BTG",
        }
    }

    /// As people type it.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// The two lists, side by side.
const PURPOSES: [(Purpose, sdk::Purpose); 12] = [
    (Purpose::Treatment, sdk::Purpose::TREAT),
    (Purpose::Emergency, sdk::Purpose::ETREAT),
    (Purpose::Research, sdk::Purpose::HRESCH),
    (Purpose::Payment, sdk::Purpose::HPAYMT),
    (Purpose::Operations, sdk::Purpose::HOPERAT),
    (Purpose::PatientRequest, sdk::Purpose::PATRQT),
    (Purpose::FamilyRequest, sdk::Purpose::FAMRQT),
    (Purpose::PublicHealth, sdk::Purpose::PUBHLTH),
    (Purpose::Legal, sdk::Purpose::HLEGAL),
    (Purpose::CareManagement, sdk::Purpose::CAREMGT),
    (Purpose::ClinicalTrial, sdk::Purpose::CLINTRCH),
    (Purpose::BreakGlass, sdk::Purpose::BTG),
];

impl From<Purpose> for sdk::Purpose {
    fn from(purpose: Purpose) -> Self {
        PURPOSES.iter().find(|(word, _)| *word == purpose).map_or(Self::TREAT, |(_, code)| *code)
    }
}

/// The ledger refuses purposes it does not know, so that the fallback is never met.
impl From<sdk::Purpose> for Purpose {
    fn from(code: sdk::Purpose) -> Self {
        PURPOSES.iter().find(|(_, known)| *known == code).map_or(Self::Treatment, |(word, _)| *word)
    }
}

/// HL7 v3 Confidentiality of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum Confidentiality {
    /// unrestricted
    U,
    /// low
    L,
    /// moderate
    M,
    /// normal
    #[default]
    N,
    /// restricted
    R,
    /// very restricted
    V,
}

impl Confidentiality {
    pub(crate) const fn letter(self) -> &'static str {
        match self {
            Self::U => "U",
            Self::L => "L",
            Self::M => "M",
            Self::N => "N",
            Self::R => "R",
            Self::V => "V",
        }
    }
}

impl From<Confidentiality> for sdk::Confidentiality {
    fn from(level: Confidentiality) -> Self {
        match level {
            Confidentiality::U => Self::U,
            Confidentiality::L => Self::L,
            Confidentiality::M => Self::M,
            Confidentiality::N => Self::N,
            Confidentiality::R => Self::R,
            Confidentiality::V => Self::V,
        }
    }
}

/// What a grant allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rights {
    Read,
    Contribute,
    ReadAndContribute,
}

impl Rights {
    pub(crate) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Read => &["read"],
            Self::Contribute => &["contribute"],
            Self::ReadAndContribute => &["read", "contribute"],
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Contribute => "add to (but not read)",
            Self::ReadAndContribute => "read and add to",
        }
    }
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
        for purpose in Purpose::value_variants() {
            let code = sdk::Purpose::from(*purpose);
            assert_eq!(format!("{code:?}"), purpose.code());
            assert_eq!(Purpose::from(code), *purpose);
            assert_eq!(Purpose::from_str(&purpose.word(), false), Ok(*purpose));
        }
        assert_eq!(Purpose::FamilyRequest.word(), "family-request");
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
    fn media_types_are_checked() {
        assert_eq!(media_type("Application/FHIR+json").as_deref(), Ok("application/fhir+json"));
        assert!(media_type("text/plain; charset=utf-8").is_ok());
        for wrong in ["pdf", "application/", "/pdf", "a b/c", "text/pl\u{1b}ain"] {
            assert!(media_type(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn confidentiality_is_read_in_either_case() {
        assert_eq!(Confidentiality::from_str("v", true), Ok(Confidentiality::V));
        for level in Confidentiality::value_variants() {
            assert_eq!(sdk::Confidentiality::from(*level).to_string(), level.letter());
        }
    }
}
