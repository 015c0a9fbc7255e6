//! Somebody whom a person knows by a name.

use alloy::primitives::{Address, B256};
use hospital_record_core::{id::Digest, profile::fingerprint};

/// Somebody this person knows.
///
/// See the [guide](crate::contact).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// The name this person has given.
    pub name: String,
    /// The account.
    pub address: Address,
    /// Digest of the profile on the card; nothing when only the name was restored from a grant.
    pub profile: Option<B256>,
}

impl Contact {
    /// What two people compare by voice.
    pub fn fingerprint(&self) -> Option<String> {
        self.profile.map(|profile| fingerprint(Digest(profile.0)))
    }
}
