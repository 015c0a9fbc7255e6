//! A contact: an account to which a person gave a name.

use alloy::primitives::{Address, B256};
use hospital_record_core::{id::Digest, profile::fingerprint};

/// An account to which this person gave a name.
///
/// See the [guide](crate::contact).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// The name that this person gave it.
    pub name: String,
    /// The account.
    pub address: Address,
    /// Digest of the profile on the card. `None` if only the name was restored, from a grant.
    pub profile: Option<B256>,
}

impl Contact {
    /// The fingerprint of the keys, for two people to compare by voice. `None` without a profile.
    pub fn fingerprint(&self) -> Option<String> {
        self.profile.map(|profile| fingerprint(Digest(profile.0)))
    }
}
