//! Vouches: who says that an account is a hospital or a practitioner.

use crate::{
    access::vouch::{self, VouchFor},
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
};
use alloy::primitives::Address;

/// Vouches that a person gives; made by [`Client::vouches`](crate::Client::vouches).
///
/// The [guide](crate::vouch) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Vouches<'a>(pub(super) &'a Person);

impl Vouches<'_> {
    /// Says in public that `account` acts in a role, for one year unless told. It takes the place of what this person
    /// said of that account and role before, and gives no right to anything.
    ///
    /// A role is a code of a health code system (`snomed:309343006`) or a plain word (`practitioner`), 1 to 32 printable
    /// ASCII characters without blanks. It is public for ever, and so is what it says about those who grant to the
    /// account: prefer `practitioner` to a speciality.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for a role or an end that cannot be, [`Error::WrongContract`](crate::Error::WrongContract) where this chain has no `Vouching`.
    pub fn give(self, account: Address, role: impl Into<String>) -> VouchFor {
        vouch::vouch(self.0, account, role)
    }

    /// Takes back what this person said of an account. It counts no more from this moment on.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when this person does not vouch for the account in this role.
    pub async fn withdraw(self, account: Address, role: &str) -> Result<Confirmed> {
        vouch::withdraw_vouch(self.0, account, role).await
    }
}
