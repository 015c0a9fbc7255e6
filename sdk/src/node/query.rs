//! What a person looks for in a directory.

use std::ops::RangeInclusive;

use url::form_urlencoded;

use crate::{
    base::error::{Result, fail},
    node::{
        language::{canonical, is_of},
        listing::Listing,
        words::folded_words,
    },
};

/// The listings of one page.
const LIMITS: RangeInclusive<usize> = 1..=50;
/// The listings of a page if nothing else is said.
const LIMIT: usize = 20;
/// The longest text to search for, in characters, and its most words.
const LONGEST: usize = 120;
const MOST_WORDS: usize = 8;
/// The longest cursor, in bytes.
const LONGEST_CURSOR: usize = 1024;

/// What to look for in a directory; everything that is named must fit. Without anything it is everybody.
///
/// See the [guide](crate::directory).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// Beginnings of words of the name or of a speciality, in any order; case and accents do not count. At most 120
    /// characters and 8 words.
    pub text: Option<String>,
    /// The same, of specialities alone.
    pub speciality: Option<String>,
    /// A language (BCP 47): `pt` finds `pt-BR` as well.
    pub language: Option<String>,
    /// The most listings of one page, 1 to 50. Default 20.
    pub limit: usize,
    /// Where the page begins: [`Page::next`](crate::directory::Page::next) of the page before.
    pub after: Option<String>,
}

impl Default for Query {
    fn default() -> Self {
        Self { text: None, speciality: None, language: None, limit: LIMIT, after: None }
    }
}

impl Query {
    /// Everybody, in pages of 20.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`text`](Query::text).
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets [`speciality`](Query::speciality).
    #[must_use]
    pub fn speciality(mut self, speciality: impl Into<String>) -> Self {
        self.speciality = Some(speciality.into());
        self
    }

    /// Sets [`language`](Query::language).
    #[must_use]
    pub fn language(mut self, tag: impl Into<String>) -> Self {
        self.language = Some(tag.into());
        self
    }

    /// Sets [`limit`](Query::limit).
    #[must_use]
    pub fn limit(mut self, most: usize) -> Self {
        self.limit = most;
        self
    }

    /// Sets [`after`](Query::after).
    #[must_use]
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.after = Some(cursor.into());
        self
    }

    /// Reads what follows the `?` of a request to a node.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a name that no query has, and as [`check`](Query::check).
    pub fn of_url(query: &str) -> Result<Self> {
        let mut read = Self::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
            let value = value.into_owned();
            match &*name {
                "q" => read.text = Some(value),
                "speciality" => read.speciality = Some(value),
                "language" => read.language = Some(value),
                "limit" => read.limit = value.parse().unwrap_or_default(),
                "after" => read.after = Some(value),
                _ => return fail!(Invalid, "a directory takes q, speciality, language, limit and after"),
            }
        }
        read.check()?;
        Ok(read)
    }

    /// The pairs of such a request.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let named =
            [("q", &self.text), ("speciality", &self.speciality), ("language", &self.language), ("after", &self.after)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        named.chain([("limit", self.limit.to_string())]).collect()
    }

    /// Fails unless it can be searched for.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) with what is too long, or has no letter or digit, or is no language.
    pub fn check(&self) -> Result<()> {
        if !LIMITS.contains(&self.limit) {
            return fail!(Invalid, "a page of a directory has {} to {} listings", LIMITS.start(), LIMITS.end());
        }
        if self.after.as_ref().is_some_and(|cursor| cursor.len() > LONGEST_CURSOR) {
            return fail!(Invalid, "this is no place in a directory: take `next` of the page before");
        }
        for text in [&self.text, &self.speciality].into_iter().flatten() {
            if text.chars().count() > LONGEST || !(1..=MOST_WORDS).contains(&folded_words(text).len()) {
                return fail!(
                    Invalid,
                    "search for 1 to {MOST_WORDS} words with letters or digits, in at most {LONGEST} characters"
                );
            }
        }
        self.language.as_deref().map_or(Ok(()), |tag| canonical(tag).map(drop))
    }

    /// Whether a listing is one that it looks for.
    #[must_use]
    pub fn fits(&self, listing: &Listing) -> bool {
        let of_specialities: Vec<String> = listing.specialities.iter().flat_map(|text| folded_words(text)).collect();
        let of_both: Vec<String> = [folded_words(&listing.name), of_specialities.clone()].concat();
        let begins = |words: &[String], wanted: &Option<String>| {
            let mut wanted = wanted.iter().flat_map(|text| folded_words(text));
            wanted.all(|wanted| words.iter().any(|word| word.starts_with(&wanted)))
        };
        let speaks = |tag: &String| listing.languages.iter().any(|own| is_of(own, tag.trim()));
        begins(&of_both, &self.text)
            && begins(&of_specialities, &self.speciality)
            && self.language.as_ref().is_none_or(speaks)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::primitives::{Address, B256};
    use hospital_record_core::id::{Account, Deployment};

    use super::*;
    use crate::people::card::Card;

    fn listing() -> Listing {
        let deployment = Deployment { chain: 1, contract: Account([1; 20]) };
        let card = Card { deployment, account: Address::repeat_byte(2), profile: B256::ZERO };
        Listing::new(card, "Dr. José Müller", &["Innere Medizin", "Kardiologie"], &["de-CH", "pt"], 1).unwrap()
    }

    #[test]
    fn query_finds_beginnings_of_words_without_case_and_accents() {
        for (query, fits) in [
            (Query::new(), true),
            (Query::new().text("jose"), true),
            (Query::new().text("MULL dr"), true),
            (Query::new().text("kardio müller"), true),
            (Query::new().text("uller"), false),
            (Query::new().text("jose meier"), false),
            (Query::new().speciality("medizin"), true),
            (Query::new().speciality("jose"), false),
            (Query::new().language("de"), true),
            (Query::new().language("DE-ch"), true),
            (Query::new().language("d"), false),
            (Query::new().text("jose").language("en"), false),
        ] {
            assert_eq!(query.fits(&listing()), fits, "{query:?}");
        }
    }

    #[test]
    fn query_is_read_as_it_is_sent() {
        let asked = Query::new().text("50% & more_?").speciality("Ö=x").language("hi").limit(50).after("0x0 a+b");
        let sent = form_urlencoded::Serializer::new(String::new()).extend_pairs(asked.pairs()).finish();
        assert_eq!(Query::of_url(&sent).unwrap(), asked);
        assert_eq!(Query::of_url("").unwrap(), Query::new());
        assert_eq!(Query::of_url("q=&limit=").unwrap(), Query::new());
        let long = format!("q={}", "a".repeat(121));
        let cursor = format!("after={}", "a".repeat(1025));
        for wrong in [
            "q=%25",
            "q=_",
            "q=a+b+c+d+e+f+g+h+i",
            &long,
            &cursor,
            "limit=0",
            "limit=51",
            "limit=-1",
            "limit=x",
            "language=hi_IN",
            "specialty=x",
            "x=y",
        ] {
            assert!(Query::of_url(wrong).is_err(), "{wrong}");
        }
    }
}
