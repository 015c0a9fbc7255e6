//! Grants that a person made, delegated, and received.

use alloy::primitives::Address;

use crate::{
    access::{
        grants::{self, GrantInfo},
        revoke,
        shared::{self, Patients, Shared},
    },
    acts::{confirm::Confirmed, person::Person},
    base::{error::Result, scope_id::ScopeId},
};

/// A person's grants; made by [`Client::grants`](crate::Client::grants).
///
/// The [guide](crate::grant) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Grants<'a>(pub(super) &'a Person);

impl Grants<'_> {
    /// Every grant that this person made and did not revoke, live or expired, newest first.
    pub async fn list(self) -> Result<Vec<GrantInfo>> {
        grants::grants(self.0).await
    }

    /// Grants on a patient's records that this account delegated, live or expired, newest first.
    pub async fn delegated(self, patient: Address) -> Result<Vec<GrantInfo>> {
        grants::delegated(self.0, patient).await
    }

    /// Gives up a grant that another patient made to this account. [`received`](Self::received) names the `scope`
    /// ([`SharedGrant::scope_id`](crate::grant::SharedGrant::scope_id)).
    pub async fn renounce(self, patient: Address, scope: ScopeId) -> Result<Confirmed> {
        revoke::renounce(self.0, patient, scope.0).await
    }

    /// Withdraws access to a patient's scope that this account delegated. It also ends the access that the grantee
    /// delegated from there.
    pub async fn withdraw(self, patient: Address, scope: ScopeId, grantee: Address) -> Result<Confirmed> {
        revoke::withdraw(self.0, patient, scope.0, grantee).await
    }

    /// Grants to this account, as the node reports them. [`Shared`] says how many are listed and how far they can be
    /// trusted.
    pub async fn received(self) -> Result<Shared> {
        shared::shared_with_me(self.0).await
    }

    /// Grants that one patient made to this account, newest first. Grants by others cannot hide them.
    pub async fn received_from(self, patient: Address) -> Result<Shared> {
        shared::shared_by(self.0, patient).await
    }

    /// Patients who share something with this account, as the node reports them. It reads only the chain, no store. The
    /// list has the same limits as [`received`](Self::received).
    pub async fn patients(self) -> Result<Patients> {
        shared::patients(self.0).await
    }
}
