//! Vouches: public statements that an account is a hospital or a practitioner.

use alloy::primitives::Address;

use crate::{
    access::vouch::{self, VouchFor},
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
};

/// Vouches that a person gives; made by [`Client::vouches`](crate::Client::vouches).
///
/// The [guide](crate::vouch) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Vouches<'a>(pub(super) &'a Person);

impl Vouches<'_> {
    /// States in public that `account` acts in a role; by default for one year. It replaces this person's earlier vouch
    /// for that account and role, and gives no right to anything.
    ///
    /// A role is a code of a health code system (`snomed:309343006`) or a plain word (`practitioner`): 1 to 32
    /// printable ASCII characters without blanks. It stays public for ever, and it also says something about the
    /// patients who grant to the account. So prefer `practitioner` to a speciality.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if the role or the end is not allowed,
    /// [`Error::WrongContract`](crate::Error::WrongContract) if this chain has no `Vouching`.
    pub fn give(self, account: Address, role: impl Into<String>) -> VouchFor {
        vouch::vouch(self.0, account, role)
    }

    /// Withdraws this person's vouch for an account in a role. It no longer counts from this moment on.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if this person does not vouch for the account in this role.
    pub async fn withdraw(self, account: Address, role: &str) -> Result<Confirmed> {
        vouch::withdraw_vouch(self.0, account, role).await
    }
}
