//! Profiles: an account's public keys, signed by the account itself, so that no node can replace them.

use alloy::{
    primitives::{Address, B256, Bytes, Signature},
    sol,
    sol_types::{Eip712Domain, SolStruct, eip712_domain},
};
use hospital_record_core::{
    block::Block,
    error::CoreError,
    id::{Account, Deployment, block_digest},
    identity::Keys,
    profile::{self, Profile},
};

use crate::{
    base::error::{Result, fail},
    people::identity::Identity,
};

sol! {
    /// The typed data that an account signs (ERC-712).
    struct ProfileKeys {
        address account;
        uint32 sequence;
        bytes32 previous;
        bytes hpke;
        bytes32 ed25519;
    }
}

/// The ERC-712 type of a profile.
#[cfg(test)]
pub(crate) fn signed_type() -> String {
    ProfileKeys::eip712_encode_type().into_owned()
}

/// The ERC-712 hash that the account signs for this profile. Its domain is chain and contract.
pub(crate) fn signing_hash(profile: &Profile) -> B256 {
    let keys = ProfileKeys {
        account: Address::from(profile.account.0),
        sequence: profile.sequence,
        previous: profile.previous.map_or(B256::ZERO, |digest| B256::from(digest.0)),
        hpke: Bytes::copy_from_slice(profile.keys.hpke.as_bytes()),
        ed25519: B256::from(profile.keys.ed25519),
    };
    keys.eip712_signing_hash(&domain(profile.deployment))
}

fn domain(deployment: Deployment) -> Eip712Domain {
    eip712_domain! {
        name: "HospitalRecord",
        version: "1",
        chain_id: deployment.chain,
        verifying_contract: Address::from(deployment.contract.0),
    }
}

/// The block of this identity's first profile. Local keys sign deterministically, so each call makes the same block.
pub(crate) async fn sign(identity: &Identity, deployment: Deployment, keys: &Keys) -> Result<Block> {
    let keys = keys.profile_keys(0).public().clone();
    let account = Account(identity.address().into());
    let profile = Profile { deployment, account, sequence: 0, previous: None, keys };
    let signature = identity.sign_hash(&signing_hash(&profile)).await?;
    Ok(profile::encode(&profile, signature.to_vec()).map_err(CoreError::from)?)
}

/// Reads a profile block and checks that `account`'s key signed it, or that a card which the user accepted names it.
/// A contract account (ERC-1271) has no key, and only the node reports what its code answers. So it needs a card.
pub(crate) fn verify(deployment: Deployment, account: Address, bytes: &[u8], card: Option<B256>) -> Result<Profile> {
    let (profile, signature) = profile::decode(bytes, deployment).map_err(CoreError::from)?;
    if profile.account.0 != account {
        return fail!(Integrity, "the profile offered for {account} belongs to another account");
    }
    let signer = Signature::from_raw(&signature)
        .ok()
        .and_then(|signature| signature.recover_address_from_prehash(&signing_hash(&profile)).ok());
    if signer == Some(account) || card == Some(B256::from(block_digest(bytes).0)) {
        return Ok(profile);
    }
    fail!(Integrity, "the profile offered for {account} is not signed by that account")
}
