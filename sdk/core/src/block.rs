//! Signed blocks: canonical dag-cbor with an Ed25519 signature (RFC 8032) by the issuer's profile key.
//!
//! The block is the map `{v: 1, kind, chain, contract, issuer, profile, body, signature}`; `profile` is the digest of
//! the issuer's profile block, whose key signed. The signature is over `"hospital-record/v1/block\0"` and the canonical
//! encoding of the same map without `signature`. The body is accessible only after its signature was verified.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use cid::Cid;
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cbor;
use crate::error::BlockError;
use crate::id::{Account, DAG_CBOR, Deployment, Digest, block_digest, cid_of};
use crate::identity::{ProfileKeys, PublicKeys};

const LABEL: &[u8] = b"hospital-record/v1/block\0";
const VERSION: u64 = 1;

/// Bytes and their CID.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    /// The CID of the bytes.
    pub cid: Cid,
    /// The bytes.
    pub bytes: Bytes,
}

impl Block {
    /// Hashes the bytes.
    pub fn new(codec: u64, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { cid: cid_of(codec, &bytes), bytes }
    }

    /// The SHA-256 digest of the bytes. On the chain it identifies a signed block.
    pub fn digest(&self) -> Digest {
        Digest::try_from(self.cid.hash().digest()).unwrap_or_else(|_| block_digest(&self.bytes))
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({}, {} bytes)", self.cid, self.bytes.len())
    }
}

/// The body of a signed block. The type fixes the kind, so no block can be read as another kind.
pub trait Body: Serialize + DeserializeOwned + sealed::Checked {
    /// The `kind` field.
    const KIND: &'static str;
    /// The maximum size of a block of this kind, in bytes.
    const MAX: usize;

    /// Reads a signed block of this kind for `deployment`. Verify it with its issuer's keys.
    ///
    /// # Errors
    /// See [`parse`].
    fn parse(bytes: &[u8], deployment: Deployment) -> Result<Unverified<Self>, BlockError> {
        parse(bytes, deployment)
    }
}

pub(crate) mod sealed {
    use super::{Account, BlockError, Deployment};

    /// Checks between the fields of a body, and between them and its block.
    pub trait Checked {
        fn check(&self, _deployment: Deployment, _issuer: Account) -> Result<(), BlockError> {
            Ok(())
        }
    }
}

#[derive(Serialize)]
struct Unsigned<'a, T> {
    v: u64,
    kind: &'a str,
    chain: u64,
    contract: Account,
    issuer: Account,
    profile: Digest,
    body: &'a T,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed<T> {
    v: u64,
    kind: String,
    chain: u64,
    contract: Account,
    issuer: Account,
    profile: Digest,
    body: T,
    #[serde(with = "serde_bytes")]
    signature: [u8; 64],
}

impl<T: Body> Signed<T> {
    fn message(&self) -> Result<Vec<u8>, BlockError> {
        let unsigned = Unsigned {
            v: self.v,
            kind: &self.kind,
            chain: self.chain,
            contract: self.contract,
            issuer: self.issuer,
            profile: self.profile,
            body: &self.body,
        };
        Ok([LABEL, &cbor::encode(T::KIND, &unsigned)?].concat())
    }
}

/// Signs `body` as `keys`' account; `profile` is the digest of the profile block that publishes these keys.
///
/// # Errors
/// [`BlockError::Invalid`] for a body that contradicts its format, [`BlockError::TooLarge`].
pub fn sign<T: Body>(
    deployment: Deployment,
    profile: Digest,
    body: T,
    keys: &ProfileKeys,
) -> Result<Block, BlockError> {
    body.check(deployment, keys.account())?;
    let mut signed = Signed {
        v: VERSION,
        kind: T::KIND.to_owned(),
        chain: deployment.chain,
        contract: deployment.contract,
        issuer: keys.account(),
        profile,
        body,
        signature: [0; 64],
    };
    signed.signature = keys.sign(&signed.message()?);
    let bytes = cbor::encode(T::KIND, &signed)?;
    cbor::check_size(T::KIND, bytes.len(), T::MAX)?;
    Ok(Block::new(DAG_CBOR, bytes))
}

/// Reads a signed block of the kind of `T` for `deployment`. The caller must still verify the signature.
///
/// # Errors
/// Any [`BlockError`] but [`BlockError::Signature`].
pub fn parse<T: Body>(bytes: &[u8], deployment: Deployment) -> Result<Unverified<T>, BlockError> {
    let kind = T::KIND;
    cbor::check_size(kind, bytes.len(), T::MAX)?;
    check_head(kind, bytes)?;
    let signed = cbor::decode::<Signed<T>>(kind, bytes)?;
    if (Deployment { chain: signed.chain, contract: signed.contract }) != deployment {
        return Err(BlockError::Deployment { kind });
    }
    signed.body.check(deployment, signed.issuer)?;
    Ok(Unverified { signed, digest: block_digest(bytes) })
}

/// Whether these bytes claim to be a block of the kind of `T`.
pub fn is_kind<T: Body>(bytes: &[u8]) -> bool {
    check_head(T::KIND, bytes).is_ok()
}

/// Checks version and kind first: a block of another kind or version has other fields, and "missing field" would not
/// say why.
pub(crate) fn check_head(kind: &'static str, bytes: &[u8]) -> Result<(), BlockError> {
    #[derive(Deserialize)]
    struct Head {
        v: u64,
        kind: String,
    }
    let head = cbor::read::<Head>(kind, bytes)?;
    if head.kind != kind {
        let found = head.kind.chars().take(40).collect();
        return Err(BlockError::Kind { expected: kind, found });
    }
    if head.v != VERSION {
        return Err(BlockError::Version { kind, found: head.v });
    }
    Ok(())
}

/// A block of the right kind, shape and deployment. Its content is not verified yet.
pub struct Unverified<T> {
    signed: Signed<T>,
    digest: Digest,
}

impl<T: Body> Unverified<T> {
    /// The account that claims to have signed.
    pub fn issuer(&self) -> Account {
        self.signed.issuer
    }

    /// Digest of the profile block whose key the issuer claims to have used.
    pub fn profile_digest(&self) -> Digest {
        self.signed.profile
    }

    /// The block's own digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    pub(crate) fn peek(&self) -> &T {
        &self.signed.body
    }

    /// Verifies the signature with the keys of the profile that [`profile_digest`](Self::profile_digest) names. The
    /// caller looks that profile up and checks that it belongs to [`issuer`](Self::issuer).
    ///
    /// # Errors
    /// [`BlockError::Signature`].
    pub fn verify(self, keys: &PublicKeys) -> Result<Verified<T>, BlockError> {
        let wrong = |_| BlockError::Signature { kind: T::KIND };
        let key = VerifyingKey::from_bytes(&keys.ed25519).map_err(wrong)?;
        let signature = Signature::from_bytes(&self.signed.signature);
        key.verify_strict(&self.signed.message()?, &signature).map_err(wrong)?;
        let Signed { issuer, profile, body, .. } = self.signed;
        Ok(Verified { issuer, profile, digest: self.digest, body })
    }
}

/// A body with a verified signature. It dereferences to the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    issuer: Account,
    profile: Digest,
    digest: Digest,
    body: T,
}

impl<T> Verified<T> {
    /// The account that signed.
    pub fn issuer(&self) -> Account {
        self.issuer
    }

    /// Digest of the profile block whose key signed.
    pub fn profile_digest(&self) -> Digest {
        self.profile
    }

    /// The block's own digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The body alone.
    pub fn into_body(self) -> T {
        self.body
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}
