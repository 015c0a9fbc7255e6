//! Cards, which two people exchange before they trust each other's keys.

use std::{fmt, str::FromStr};

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    id::{Account, Deployment, Digest},
    profile::fingerprint,
};

use crate::base::{error::Error, names, record_ref::parse_address};

/// An account and the fingerprint of its keys. A card is public. Trust it only if it
/// came from that person in a trusted way.
///
/// As text (also in a QR code): `hospital-record-card:<chain>:<contract>:<account>:<profile digest>`. Further parts, each
/// after a colon, are ignored.
///
/// See the [guide](crate::contact).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The chain and contract in which the account has its profile.
    pub deployment: Deployment,
    /// The account whose card it is.
    pub account: Address,
    /// SHA-256 of the profile block with the account's public keys.
    pub profile: B256,
}

const SCHEME: &str = "hospital-record-card";

impl Card {
    /// The fingerprint of the keys, for two people to compare by voice: eight groups of four hex digits.
    pub fn fingerprint(&self) -> String {
        fingerprint(Digest(self.profile.0))
    }
}

impl fmt::Display for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = Address::from(self.deployment.contract.0);
        write!(f, "{SCHEME}:{}:{contract}:{}:{}", self.deployment.chain, self.account, self.profile)
    }
}

impl FromStr for Card {
    type Err = Error;

    /// Reads a card. The text can contain the quote marks and line breaks of mail programs.
    fn from_str(text: &str) -> Result<Self, Error> {
        names::the_one(text, SCHEME, Self::parse)
    }
}

impl Card {
    fn parse(text: &str) -> Result<Self, Error> {
        let malformed = |what: &str| Error::Invalid(format!("this is not a card: {what}; ask for it again").into());
        let parts: Vec<&str> = text.split(':').collect();
        let [scheme, chain, contract, account, profile, ..] = &parts[..] else {
            return Err(malformed("it has fewer than five parts"));
        };
        if *scheme != SCHEME {
            return Err(malformed("it does not start with hospital-record-card"));
        }
        Ok(Self {
            deployment: Deployment {
                chain: chain.parse().map_err(|_| malformed("the chain is not a number"))?,
                contract: Account(
                    parse_address(contract).map_err(|_| malformed("the contract is not an address"))?.into(),
                ),
            },
            account: parse_address(account).map_err(|_| malformed("the account is not an address"))?,
            profile: profile.parse().map_err(|_| malformed("the fingerprint is not 32 bytes of hex"))?,
        })
    }
}
