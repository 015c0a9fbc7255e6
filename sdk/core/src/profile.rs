//! Profiles: an account's public keys, signed by the account itself.
//!
//! The block is the canonical dag-cbor map `{v: 1, kind: "profile", chain, contract, account, sequence, previous, hpke,
//! ed25519, signature}`. The signature is EIP-712 or ERC-1271 over the other fields. The caller must verify it, because
//! that needs the chain.

use ed25519_dalek::VerifyingKey;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::block::{Block, check_head};
use crate::cbor;
use crate::error::BlockError;
use crate::id::{Account, DAG_CBOR, Deployment, Digest};
use crate::identity::PublicKeys;
use crate::seal::wrap::HpkePublicKey;

const KIND: &str = "profile";

/// The maximum size of a profile block, in bytes.
pub const MAX_PROFILE: usize = 16 << 10;

/// The public keys of one account at one deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Chain and contract.
    pub deployment: Deployment,
    /// The owner of the keys.
    pub account: Account,
    /// The number of earlier profiles of the account.
    pub sequence: u32,
    /// Digest of the previous profile; `None` exactly if `sequence` is 0.
    pub previous: Option<Digest>,
    /// The keys.
    pub keys: PublicKeys,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    v: u64,
    kind: String,
    chain: u64,
    contract: Account,
    account: Account,
    sequence: u32,
    previous: Option<Digest>,
    hpke: HpkePublicKey,
    #[serde(with = "serde_bytes")]
    ed25519: [u8; 32],
    signature: ByteBuf,
}

/// Encodes a profile with the account's signature: 65 bytes, or a signature that the account's contract accepts.
///
/// # Errors
/// [`BlockError::Invalid`], [`BlockError::TooLarge`].
pub fn encode(profile: &Profile, signature: Vec<u8>) -> Result<Block, BlockError> {
    check(profile)?;
    let wire = Wire {
        v: 1,
        kind: KIND.to_owned(),
        chain: profile.deployment.chain,
        contract: profile.deployment.contract,
        account: profile.account,
        sequence: profile.sequence,
        previous: profile.previous,
        hpke: profile.keys.hpke.clone(),
        ed25519: profile.keys.ed25519,
        signature: ByteBuf::from(signature),
    };
    let bytes = cbor::encode(KIND, &wire)?;
    cbor::check_size(KIND, bytes.len(), MAX_PROFILE)?;
    Ok(Block::new(DAG_CBOR, bytes))
}

/// Reads a profile for `deployment` and its signature. The caller must verify the signature before it uses the keys.
///
/// # Errors
/// [`BlockError::Malformed`], also for an unsafe HPKE key; [`BlockError::Invalid`], also for an unsafe Ed25519 key.
pub fn decode(bytes: &[u8], deployment: Deployment) -> Result<(Profile, Vec<u8>), BlockError> {
    cbor::check_size(KIND, bytes.len(), MAX_PROFILE)?;
    check_head(KIND, bytes)?;
    let wire = cbor::decode::<Wire>(KIND, bytes)?;
    if (Deployment { chain: wire.chain, contract: wire.contract }) != deployment {
        return Err(BlockError::Deployment { kind: KIND });
    }
    let profile = Profile {
        deployment,
        account: wire.account,
        sequence: wire.sequence,
        previous: wire.previous,
        keys: PublicKeys { hpke: wire.hpke, ed25519: wire.ed25519 },
    };
    check(&profile)?;
    Ok((profile, wire.signature.into_vec()))
}

fn check(profile: &Profile) -> Result<(), BlockError> {
    let invalid = |reason| Err(BlockError::Invalid { kind: KIND, reason });
    if profile.previous.is_none() != (profile.sequence == 0) {
        return invalid("every profile but the first names the one before it");
    }
    match VerifyingKey::from_bytes(&profile.keys.ed25519) {
        Err(_) => invalid("its Ed25519 key is not a point of the curve"),
        Ok(key) if key.is_weak() => invalid("its Ed25519 key has a low order, so anybody can sign for it"),
        Ok(_) => Ok(()),
    }
}

/// A profile's digest for people to compare: its first 128 bits as eight groups of four hexadecimal digits.
pub fn fingerprint(profile: Digest) -> String {
    let words = profile.0.chunks(2).take(8).map(hex::encode);
    words.collect::<Vec<_>>().join(" ")
}
