//! Vouches: public statements that an account acts in a role, such as hospital or practitioner.
//!
//! Any account can vouch for any other. A verifier names trusted authorities and looks for a chain of vouches from one of
//! them: authority, hospital, practitioner.
//!
//! A single provider can hide a vouch or invent one. With a [`witness`](crate::Config::witness) both must report each link.

pub(crate) mod trust;
pub(crate) mod walk;

use alloy::primitives::{Address, B256};

use crate::{
    base::error::{Error, Result},
    people::{
        directory::People,
        vouching::{trust::Trust, walk::Walk},
    },
};

impl People {
    /// The shortest chain of at most four vouches from one of these authorities to the account; `None` if there is none.
    ///
    /// Each vouch must be live by the later of the chain's clock and this machine's. Any role may vouch for any other, so
    /// look at the roles.
    ///
    /// Vouches by strangers are read up to a limit. So strangers can hide a chain of three or four vouches. They cannot
    /// hide one of one or two, unless the authority vouches for more than 256 accounts.
    ///
    /// # Errors
    /// [`Error::WrongContract`] if this chain has no `Vouching`, [`Error::Invalid`] for more than 16 authorities.
    pub(crate) async fn why_trusted(&self, account: Address, authorities: &[Address]) -> Result<Option<Trust>> {
        Ok(Walk::new(self, authorities).await?.why(account).await?.ok())
    }

    /// As [`why_trusted`](People::why_trusted), but an error if the account is not trusted.
    ///
    /// # Errors
    /// [`Error::Untrusted`] with the reason, and the errors of [`why_trusted`](People::why_trusted).
    pub(crate) async fn require_trusted(&self, account: Address, authorities: &[Address]) -> Result<Trust> {
        let trust = Walk::new(self, authorities).await?.why(account).await?;
        trust.map_err(|why| Error::Untrusted { account, why })
    }

    /// The end of a vouch: the earlier of the ends that node and witness report.
    pub(crate) async fn vouched_until(&self, voucher: Address, account: Address, role: B256) -> Result<u64> {
        let end = self.vouching().vouched_until(voucher, account, role).await?;
        match &self.shared.vouching_witness {
            Some(witness) => Ok(end.min(witness.vouched_until(voucher, account, role).await?)),
            None => Ok(end),
        }
    }
}
