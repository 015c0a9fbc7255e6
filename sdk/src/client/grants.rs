//! Grants: those a person gave, passed on, and received.

use crate::{
    access::{
        grants::{self, GrantInfo},
        revoke,
        shared::{self, Patients, Shared},
    },
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
};
use alloy::primitives::Address;
use alloy::primitives::B256;

/// A person's grants; made by [`Client::grants`](crate::Client::grants).
///
/// The [guide](crate::grant) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Grants<'a>(pub(super) &'a Person);

impl Grants<'_> {
    /// Every grant of this person that was not revoked, live or expired, newest first.
    pub async fn list(self) -> Result<Vec<GrantInfo>> {
        grants::grants(self.0).await
    }

    /// What this account has passed on of a patient's, live or expired, newest first.
    pub async fn passed_on(self, patient: Address) -> Result<Vec<GrantInfo>> {
        grants::passed_on(self.0, patient).await
    }

    /// Gives up what another patient gave to this account: `scope` as [`received`](crate::client::grants::Grants::received)
    /// names it ([`SharedGrant::scope_id`](crate::grant::SharedGrant::scope_id)).
    pub async fn renounce(self, patient: Address, scope: B256) -> Result<Confirmed> {
        revoke::renounce(self.0, patient, scope).await
    }

    /// Takes back what this account passed on of a patient's scope. What the grantee passed on from there ends with it.
    pub async fn withdraw(self, patient: Address, scope: B256, grantee: Address) -> Result<Confirmed> {
        revoke::withdraw(self.0, patient, scope, grantee).await
    }

    /// Grants to this account, as far as the node tells. See [`Shared`] for what that means and how much is listed.
    pub async fn received(self) -> Result<Shared> {
        shared::shared_with_me(self.0).await
    }

    /// What one patient has given to this account, newest first: whoever else gave something cannot hide it.
    pub async fn received_from(self, patient: Address) -> Result<Shared> {
        shared::shared_by(self.0, patient).await
    }

    /// Patients who share something with this account, as far as the node tells. The chain alone is asked. It is bounded
    /// as [`received`](crate::client::grants::Grants::received) is.
    pub async fn patients(self) -> Result<Patients> {
        shared::patients(self.0).await
    }
}
