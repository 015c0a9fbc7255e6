//! Who says that an account is a hospital or a practitioner, and whether that leads to somebody one trusts.
//!
//! Nobody decides it for everybody. Any account vouches for any other with a role; a verifier names the authorities whose
//! word counts, and walks from them: authority, hospital, practitioner.
//!
//! A vouch is public, and what a provider tells of it is its word: it can hide one, and one alone can invent one.
//! With a [`witness`](crate::Config::witness) both must say that a link holds.

pub(crate) mod trust;
pub(crate) mod walk;

use alloy::primitives::{Address, B256};

use crate::{
    base::error::{Error, Result},
    people::{
        known::People,
        vouching::{trust::Trust, walk::Walk},
    },
};

impl People {
    /// Why an account is trusted by somebody who trusts these authorities; nothing when it is not.
    ///
    /// It looks for the shortest chain of at most four vouches, each live by the later of the chain's clock and this
    /// machine's, that begins with an authority and ends with the account. Every account in it may vouch for the next
    /// one whatever its own role is: look at the roles.
    ///
    /// What strangers say of the account is looked at too, up to a bound, so many strangers can hide a chain of three or
    /// four vouches, but none of one or two (as long as the authority vouches for no more than 256 accounts).
    ///
    /// # Errors
    /// [`Error::WrongContract`] where this chain has no `Vouching`, [`Error::Invalid`] for more than 16 authorities.
    pub(crate) async fn why_trusted(&self, account: Address, authorities: &[Address]) -> Result<Option<Trust>> {
        Ok(Walk::new(self, authorities).await?.why(account).await?.ok())
    }

    /// The same, where an account that is not trusted is an error that says why.
    ///
    /// # Errors
    /// [`Error::Untrusted`], and as [`why_trusted`](People::why_trusted).
    pub(crate) async fn require_trusted(&self, account: Address, authorities: &[Address]) -> Result<Trust> {
        let found = Walk::new(self, authorities).await?.why(account).await?;
        found.map_err(|why| Error::Untrusted { account, why })
    }

    /// Until when a link holds: what the node says, and the witness too where there is one.
    pub(crate) async fn vouched_until(&self, voucher: Address, account: Address, role: B256) -> Result<u64> {
        let told = self.vouching().vouched_until(voucher, account, role).await?;
        match &self.shared.vouching_witness {
            Some(witness) => Ok(told.min(witness.vouched_until(voucher, account, role).await?)),
            None => Ok(told),
        }
    }
}
