//! A practitioner's entry in the directory of a hospital's node, signed for that node.

use alloy::primitives::{Address, B256, Bytes, U256};
use hospital_record_core::id::Deployment;
use serde::{Deserialize, Serialize};

use crate::{
    base::{
        error::{Error, Result, fail},
        names::{marked, spelled},
    },
    node::{language::canonical, session::statement_hash, words::folded_words},
    people::{card::Card, identity::Identity},
    relay::key,
};

/// The longest name, in characters.
const LONGEST_NAME: usize = 120;
/// The longest speciality, in characters.
const LONGEST_SPECIALITY: usize = 80;
/// The most specialities, and the most languages.
const MOST: usize = 8;

mod typed {
    #![allow(missing_docs)]

    use alloy::sol;

    sol! {
        /// The typed data that an account signs (ERC-712). The names are those of FHIR's `Practitioner` and
        /// `PractitionerRole`.
        struct Listing {
            address account;
            string host;
            string name;
            string[] specialty;
            string[] communication;
            string card;
            uint256 issuedAt;
        }
    }
}

/// A practitioner as the directory of a node lists them. It is public.
///
/// See the [guide](crate::directory).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing {
    /// The account that is listed, and that signs.
    pub account: Address,
    /// The name, as the practitioner says it: one line of 1 to 120 characters.
    pub name: String,
    /// What they practise, in words: at most 8, each one line of 1 to 80 characters.
    pub specialities: Vec<String>,
    /// The languages in which they talk to patients: at most 8 tags of BCP 47, such as `hi` or `pt-BR`.
    pub languages: Vec<String>,
    /// Their card, to grant to.
    pub card: Card,
    /// When it was signed, in seconds since 1970. A newer listing replaces an older one.
    pub issued_at: u64,
}

impl Listing {
    /// The listing of the card's account. Names get one spelling (Unicode NFC, BCP 47).
    ///
    /// # Errors
    /// [`Error::Invalid`] if a field is not as described.
    pub fn new(
        card: Card,
        name: &str,
        specialities: &[impl AsRef<str>],
        languages: &[impl AsRef<str>],
        issued_at: u64,
    ) -> Result<Self> {
        let specialities = specialities.iter().map(|speciality| spelled(speciality.as_ref())).collect();
        let languages = languages.iter().map(|tag| canonical(tag.as_ref())).collect::<Result<_>>()?;
        let account = card.account;
        let listing = Self { account, name: spelled(name), specialities, languages, card, issued_at };
        listing.check()?;
        Ok(listing)
    }

    /// Signs it for the node at this host (`clinic.example`, with its port if that is not the scheme's own).
    ///
    /// # Errors
    /// [`Error::Refused`] if the signer refuses, [`Error::Invalid`] if another account is listed.
    pub async fn sign(self, identity: &Identity, host: &str) -> Result<SignedListing> {
        if identity.address() != self.account {
            return fail!(Invalid, "only the account itself can sign its listing");
        }
        let host = host.to_ascii_lowercase();
        let signature = identity.sign_hash(&self.digest(&host)).await?;
        Ok(SignedListing { listing: self, host, signature })
    }

    /// Fails unless every field is within its limits, and in its one spelling.
    fn check(&self) -> Result<()> {
        line("the name", &self.name, LONGEST_NAME)?;
        if self.specialities.len() > MOST || self.languages.len() > MOST {
            return fail!(Invalid, "name at most {MOST} specialities and {MOST} languages");
        }
        self.specialities.iter().try_for_each(|speciality| line("a speciality", speciality, LONGEST_SPECIALITY))?;
        for tag in &self.languages {
            if canonical(tag)? != *tag {
                return fail!(Invalid, "the language {tag} has another spelling: {}", canonical(tag)?);
            }
        }
        match self.card.account == self.account {
            true => Ok(()),
            false => fail!(Invalid, "the card is of another account: a practitioner is listed with their own card"),
        }
    }

    fn digest(&self, host: &str) -> B256 {
        let statement = typed::Listing {
            account: self.account,
            host: host.to_owned(),
            name: self.name.clone(),
            specialty: self.specialities.clone(),
            communication: self.languages.clone(),
            card: self.card.to_string(),
            issuedAt: U256::from(self.issued_at),
        };
        statement_hash(&statement, self.card.deployment)
    }
}

/// One line that people can read and search for.
fn line(what: &str, text: &str, longest: usize) -> Result<()> {
    if text.is_empty() || text.chars().count() > longest {
        return fail!(Invalid, "{what} has 1 to {longest} characters");
    }
    if spelled(text) != *text || marked(text).any(|(_, seen)| !seen) {
        return fail!(Invalid, "{what} has an invisible character, a line break or another spelling: type it again");
    }
    match folded_words(text).is_empty() {
        true => fail!(Invalid, "{what} has no letter or digit, so nobody could search for it"),
        false => Ok(()),
    }
}

/// A listing with its account's signature, as a node keeps and shows it. The signature names the node's host, so that the
/// listing counts at no other hospital.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct SignedListing {
    listing: Listing,
    host: String,
    signature: [u8; key::LENGTH],
}

impl SignedListing {
    /// The listing, if it is what its account signed for this host, chain and contract, and if its fields are allowed.
    ///
    /// # Errors
    /// [`Error::Denied`] if another account signed it, or for another host, chain or contract; [`Error::Invalid`] if a
    /// field is not allowed.
    pub fn verify(&self, deployment: Deployment, host: &str) -> Result<&Listing> {
        self.listing.check()?;
        if self.listing.card.deployment != deployment {
            return fail!(Denied, "this listing is for another chain or contract");
        }
        if self.host != host.to_ascii_lowercase() {
            return fail!(Denied, "this listing was signed for another host: sign one for the node's own name");
        }
        match key::signer_of(&self.listing.digest(&self.host), &self.signature) {
            Some(signer) if signer == self.listing.account => Ok(&self.listing),
            _ => fail!(Denied, "this listing was not signed by its account, or it was changed since"),
        }
    }

    /// The listing, unchecked.
    pub fn unverified(&self) -> &Listing {
        &self.listing
    }
}

/// A signed listing in JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    account: Address,
    host: String,
    name: String,
    specialty: Vec<String>,
    communication: Vec<String>,
    card: String,
    issued_at: u64,
    signature: Bytes,
}

impl From<SignedListing> for Wire {
    fn from(SignedListing { listing, host, signature }: SignedListing) -> Self {
        Self {
            account: listing.account,
            host,
            name: listing.name,
            specialty: listing.specialities,
            communication: listing.languages,
            card: listing.card.to_string(),
            issued_at: listing.issued_at,
            signature: signature.into(),
        }
    }
}

impl TryFrom<Wire> for SignedListing {
    type Error = Error;

    fn try_from(wire: Wire) -> Result<Self> {
        let card: Card = wire.card.parse()?;
        // One text for each listing.
        if card.to_string() != wire.card {
            return fail!(Invalid, "the card is not in its one spelling");
        }
        let signature = wire.signature.as_ref().try_into();
        let signature = signature.map_err(|_| Error::Invalid("the signature is not 65 bytes".into()))?;
        let listing = Listing {
            account: wire.account,
            name: wire.name,
            specialities: wire.specialty,
            languages: wire.communication,
            card,
            issued_at: wire.issued_at,
        };
        Ok(Self { listing, host: wire.host, signature })
    }
}

#[cfg(test)]
mod tests;
