//! The account that a verb is about, and the keys that are expected of it.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Deployment;

use crate::people::{card::Card, contact::Contact};

/// An account that gets a grant or is asked for one. Made from an address, a [`Card`] or a [`Contact`].
///
/// See the [guide](crate::contact).
#[derive(Clone, Copy, Debug)]
pub struct Grantee {
    pub(crate) address: Address,
    pub(crate) profile: Option<B256>,
    pub(crate) deployment: Option<Deployment>,
}

impl From<Address> for Grantee {
    fn from(address: Address) -> Self {
        Self { address, profile: None, deployment: None }
    }
}

impl From<&Card> for Grantee {
    fn from(card: &Card) -> Self {
        Self { address: card.account, profile: Some(card.profile), deployment: Some(card.deployment) }
    }
}

impl From<&Contact> for Grantee {
    fn from(contact: &Contact) -> Self {
        Self { address: contact.address, profile: contact.profile, deployment: None }
    }
}
