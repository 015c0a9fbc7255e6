//! The handle of a record, for people and programs.

use std::{fmt, str::FromStr};

use alloy::primitives::Address;
use hospital_record_core::id::{Account, Deployment, RecordId};

use crate::Error;

/// Which record, of whom, in which contract on which chain.
///
/// As text it is a URI, `hospital-record:<chain>:<contract>:<patient>:<id>`; `id` is the SHA-256 of the record's
/// manifest, so it is the record's IPFS address as well ([`RecordId::cid`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Chain and contract.
    pub deployment: Deployment,
    /// Whose record it is.
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

    fn from_str(text: &str) -> Result<Self, Error> {
        let malformed = |what: &str| {
            Error::Invalid(format!(
                "{text:?} is not a record: {what}; a record looks like {SCHEME}:CHAIN:CONTRACT:PATIENT:ID"
            ))
        };
        let parts: Vec<&str> = text.trim().split(':').collect();
        let [scheme, chain, contract, patient, id] = parts[..] else {
            return Err(malformed("it does not have five parts"));
        };
        if scheme != SCHEME {
            return Err(malformed("it does not start with the scheme"));
        }
        Ok(Self {
            deployment: Deployment {
                chain: chain.parse().map_err(|_| malformed("the chain is not a number"))?,
                contract: Account(address(contract).ok_or_else(|| malformed("the contract is not an address"))?.into()),
            },
            patient: address(patient).ok_or_else(|| malformed("the patient is not an address"))?,
            id: id.parse().map_err(|_| malformed("the id is not 32 bytes of hex"))?,
        })
    }
}

/// An address as people type it; mixed case must be the right checksum (ERC-55).
pub(crate) fn address(text: &str) -> Option<Address> {
    let hex = text.strip_prefix("0x")?;
    let one_case = !hex.bytes().any(|b| b.is_ascii_uppercase()) || !hex.bytes().any(|b| b.is_ascii_lowercase());
    if one_case { text.parse().ok() } else { Address::parse_checksummed(text, None).ok() }
}
