//! The acts on chain, as calls to send. The sender of a call is the actor.

use std::collections::BTreeSet;

use alloy::{
    primitives::{Address, B256},
    sol_types::SolCall,
};
use hospital_record_contracts::IHospitalRecord as Sol;

use crate::ledger::{
    contract::Contract,
    event::{Purpose, Rights, Status},
    types::{self, Call, u24, u40},
};

/// A grant to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permission {
    /// The account that gets access.
    pub grantee: Address,
    /// The folder or record.
    pub scope: B256,
    /// The rights. On a record: `READ`, and possibly `DELEGATE`.
    pub rights: Rights,
    /// The purpose.
    pub purpose: Purpose,
    /// The expiry, in seconds since 1970. The grant is not live from this second on.
    /// [`NO_END`](crate::base::time::NO_END) means no end.
    pub expires_at: u64,
    /// The epoch of the folder keys in the envelope; 0 for a record.
    pub epoch: u16,
    /// SHA-256 of the envelope.
    pub envelope: B256,
}

/// A grant to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The account that loses access.
    pub grantee: Address,
    /// The folder or record.
    pub scope: B256,
    /// Epoch and SHA-256 of the keyring for the remaining readers. With `None`, a rotation follows.
    pub keyring: Option<(u16, B256)>,
    /// Whether only the patient can grant this scope to the grantee again.
    pub barred: bool,
}

impl Contract {
    /// Publishes the sender's profile.
    #[must_use]
    pub fn set_profile(&self, profile: B256) -> Call {
        self.to_send(&Sol::setProfileCall { profile })
    }

    /// Records the digest of a block that summarises the sender's history so far.
    #[must_use]
    pub fn checkpoint(&self, digest: B256) -> Call {
        self.to_send(&Sol::checkpointCall { digest })
    }

    /// Adds records to one folder of `patient`, all or none. `key_changes` is the count that the author has read.
    #[must_use]
    pub fn add_records(&self, patient: Address, folder: u64, ids: &[B256], key_changes: u32) -> Call {
        let (folder, changes) = (u40(folder), u24(key_changes));
        match ids {
            [id] => self.to_send(&Sol::addRecordCall { patient, folder, id: *id, keyChanges: changes }),
            _ => self.to_send(&Sol::addRecordsCall { patient, folder, ids: ids.to_vec(), keyChanges: changes }),
        }
    }

    /// Adds `id` as the replacement of the record `key`.
    #[must_use]
    pub fn replace(&self, patient: Address, key: B256, id: B256, key_changes: u32) -> Call {
        self.to_send(&Sol::replaceCall { patient, key, id, keyChanges: u24(key_changes) })
    }

    /// Changes a record's status.
    #[must_use]
    pub fn set_status(&self, patient: Address, key: B256, status: Status) -> Call {
        self.to_send(&Sol::setStatusCall { patient, key, status })
    }

    /// Attests a record.
    #[must_use]
    pub fn attest(&self, patient: Address, key: B256) -> Call {
        self.to_send(&Sol::attestCall { patient, key })
    }

    /// Grants rights on scopes of the sender, all or none. `key_changes` is the count that the envelopes were made for.
    #[must_use]
    pub fn grant(&self, permissions: &[Permission], key_changes: u32) -> Call {
        let changes = u24(key_changes);
        let mut permissions: Vec<_> = permissions.iter().map(Permission::encode).collect();
        match permissions.len() {
            1 => self.to_send(&Sol::grantCall { permission: permissions.remove(0), keyChanges: changes }),
            _ => self.to_send(&Sol::grantManyCall { permissions, keyChanges: changes }),
        }
    }

    /// Delegates access that the sender has from `patient`.
    #[must_use]
    pub fn pass_on(&self, patient: Address, permission: &Permission, key_changes: u32) -> Call {
        let (permission, changes) = (permission.encode(), u24(key_changes));
        self.to_send(&Sol::passOnCall { patient, permission, keyChanges: changes })
    }

    /// Withdraws access that the sender delegated.
    #[must_use]
    pub fn withdraw(&self, patient: Address, scope: B256, grantee: Address) -> Call {
        self.to_send(&Sol::withdrawCall { patient, scope, grantee })
    }

    /// Revokes grants of the sender, all or none. If the count is stale, the contract records the keyrings as zero.
    #[must_use]
    pub fn revoke(&self, revocations: &[Revocation], key_changes: u32) -> Call {
        let changes = u24(key_changes);
        let mut revocations: Vec<_> = revocations.iter().map(Revocation::encode).collect();
        match revocations.len() {
            1 => self.to_send(&Sol::revokeCall { revocation: revocations.remove(0), keyChanges: changes }),
            _ => self.to_send(&Sol::revokeManyCall { revocations, keyChanges: changes }),
        }
    }

    /// Rotates the keys of one of the sender's folders.
    #[must_use]
    pub fn rotate(&self, folder: u64, epoch: u16, keyring: B256, key_changes: u32) -> Call {
        self.to_send(&Sol::rotateCall { folder: u40(folder), epoch, keyring, keyChanges: u24(key_changes) })
    }

    /// Invalidates the sender's signed acts for one contract (this one, one beside it or a board) that nobody has sent
    /// yet. Signed revocations and vetoes stay valid.
    #[must_use]
    pub fn invalidate_nonces_at(&self, contract: Address) -> Call {
        // This function is the same in every contract.
        types::call(contract, &Sol::invalidateNoncesCall {})
    }

    /// Renounces the sender's own grant.
    #[must_use]
    pub fn renounce(&self, patient: Address, scope: B256) -> Call {
        self.to_send(&Sol::renounceCall { patient, scope })
    }

    /// Logs that the sender reads these records, each once. `keys` name the records. `note` is the SHA-256 of a sealed
    /// block with details, or zero.
    #[must_use]
    pub fn log_access(&self, patient: Address, keys: &[B256], purpose: Purpose, note: B256) -> Call {
        // The contract requires ascending order.
        let keys: Vec<_> = keys.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
        match keys[..] {
            [key] => self.to_send(&Sol::logAccessCall { patient, key, purpose, note }),
            _ => self.to_send(&Sol::logAccessesCall { patient, keys, purpose, note }),
        }
    }

    pub(super) fn to_send(&self, call: &impl SolCall) -> Call {
        Call { from: None, to: self.address(), data: call.abi_encode().into() }
    }
}

impl Permission {
    fn encode(&self) -> Sol::Permission {
        Sol::Permission {
            scope: self.scope,
            grantee: self.grantee,
            rights: self.rights.bits(),
            purpose: self.purpose,
            expiresAt: u40(self.expires_at),
            epoch: self.epoch,
            envelope: self.envelope,
        }
    }
}

impl Revocation {
    pub(super) fn encode(&self) -> Sol::Revocation {
        let (epoch, keyring) = self.keyring.unwrap_or_default();
        Sol::Revocation { grantee: self.grantee, scope: self.scope, epoch, keyring, barred: self.barred }
    }

    pub(super) fn decode(encoded: &Sol::Revocation) -> Self {
        let keyring = (!encoded.keyring.is_zero()).then_some((encoded.epoch, encoded.keyring));
        Self { grantee: encoded.grantee, scope: encoded.scope, keyring, barred: encoded.barred }
    }
}
