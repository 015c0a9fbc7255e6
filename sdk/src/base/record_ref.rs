//! The handle of a record, for people and programs.

use std::{fmt, str::FromStr};

use alloy::primitives::Address;
use hospital_record_core::id::{Account, Deployment, RecordId};

use crate::base::{error::Error, names};

/// A record: its chain, contract, patient and id.
///
/// As text it is a URI, `hospital-record:<chain>:<contract>:<patient>:<id>`; `id` is the SHA-256 of the record's
/// manifest, so it is the record's IPFS address as well ([`RecordId::cid`]).
///
/// See the [guide](crate::record).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Chain and contract.
    pub deployment: Deployment,
    /// The patient whose record it is.
    pub patient: Address,
    /// SHA-256 of its manifest.
    pub id: RecordId,
}

const SCHEME: &str = "hospital-record";

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = Address::from(self.deployment.contract.0);
        write!(f, "{SCHEME}:{}:{contract}:{}:{}", self.deployment.chain, self.patient, self.id)
    }
}

impl FromStr for RecordRef {
    type Err = Error;

    /// Accepts the text also as mail quotes and folds it.
    fn from_str(text: &str) -> Result<Self, Error> {
        names::the_one(text, SCHEME, Self::parse)
    }
}

impl RecordRef {
    fn parse(text: &str) -> Result<Self, Error> {
        let malformed = |what: &str| {
            Error::Invalid(
                format!("{text:?} is not a record: {what}; a record looks like {SCHEME}:CHAIN:CONTRACT:PATIENT:ID")
                    .into(),
            )
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [scheme, chain, contract, patient, id] = parts[..] else {
            return Err(malformed("it does not have five parts"));
        };
        if scheme != SCHEME {
            return Err(malformed("it does not start with the scheme"));
        }
        Ok(Self {
            deployment: Deployment {
                chain: chain.parse().map_err(|_| malformed("the chain is not a number"))?,
                contract: Account(
                    parse_address(contract).map_err(|_| malformed("the contract is not an address"))?.into(),
                ),
            },
            patient: parse_address(patient).map_err(|_| malformed("the patient is not an address"))?,
            id: id.parse().map_err(|_| malformed("the id is not 32 bytes of hex"))?,
        })
    }
}

/// Converts an address to the core's type.
pub(crate) fn account(address: Address) -> Account {
    Account(address.into())
}

/// Parses an address. One in mixed case must have the right checksum (ERC-55).
///
/// # Errors
/// [`Error::Invalid`].
pub fn parse_address(text: &str) -> Result<Address, Error> {
    let wrong = |why: &str| Error::Invalid(format!("{text:?} is not an address: {why}").into());
    let hex = text.strip_prefix("0x").ok_or_else(|| wrong("it does not start with 0x"))?;
    if hex.len() != 40 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong("0x and 40 hex digits are one"));
    }
    let mixed = hex.bytes().any(|b| b.is_ascii_lowercase()) && hex.bytes().any(|b| b.is_ascii_uppercase());
    let parsed = if mixed { Address::parse_checksummed(text, None).ok() } else { text.parse().ok() };
    parsed.ok_or_else(|| wrong("a digit is mistyped, its checksum does not fit"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_checked() {
        let right = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
        for text in [right, &right.to_lowercase(), &format!("0x{}", right[2..].to_uppercase())] {
            assert_eq!(parse_address(text).unwrap().to_string(), right);
        }
        let swapped = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD";
        for text in ["", "dr-lee", &right[2..], &right[..41], swapped, &format!("{right}0")] {
            assert!(matches!(parse_address(text), Err(Error::Invalid(_))), "{text}");
        }
    }
}
