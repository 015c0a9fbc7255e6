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

    /// See [`System::why_each_is_trusted`](crate::System::why_each_is_trusted).
    pub(crate) async fn why_each_is_trusted(
        &self,
        accounts: &[Address],
        authorities: &[Address],
    ) -> Result<Vec<Option<Trust>>> {
        let together = Walk::new(self, authorities).await?;
        let mut found = Vec::with_capacity(accounts.len());
        for account in accounts {
            found.push(match together.why(*account).await? {
                Ok(trust) => Some(trust),
                // The vouches about the others may have used up what one search reads.
                Err(_) => self.why_trusted(*account, authorities).await?,
            });
        }
        Ok(found)
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
