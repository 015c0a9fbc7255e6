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
    /// See [`System::why_trusted`](crate::System::why_trusted).
    pub(crate) async fn why_trusted(&self, account: Address, authorities: &[Address]) -> Result<Option<Trust>> {
        Ok(Walk::new(self, authorities).await?.why(account).await?.ok())
    }

    /// See [`System::require_trusted`](crate::System::require_trusted).
    pub(crate) async fn require_trusted(&self, account: Address, authorities: &[Address]) -> Result<Trust> {
        let trust = Walk::new(self, authorities).await?.why(account).await?;
        trust.map_err(|why| Error::Untrusted { account, why })
    }

    /// The end of a vouch: the earlier of the ends that node and witness report.
    pub(crate) async fn vouched_until(&self, voucher: Address, account: Address, role: B256) -> Result<u64> {
        let end = self.vouching.vouched_until(voucher, account, role).await?;
        match &self.vouching_witness {
            Some(witness) => Ok(end.min(witness.vouched_until(voucher, account, role).await?)),
            None => Ok(end),
        }
    }
}
