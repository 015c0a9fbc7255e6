//! Reads and writes blocks in the stores. Small blocks are cached. Signed blocks are verified with their issuer's keys.

use std::sync::PoisonError;

use alloy::primitives::Address;
use bytes::Bytes;
use hospital_record_core::{
    block::{self, Block, Body, Unverified, Verified},
    error::CoreError,
    id::Digest,
    identity::PublicKeys,
};

use crate::{
    base::{
        bounds::KEPT,
        error::{Result, fail},
    },
    people::directory::People,
    platform::cache::BLOCKS,
};

impl People {
    /// A small block, from the cache or from a store. The account that names a block chooses its size, so a block of more
    /// than `most` bytes is refused and not cached.
    pub(crate) async fn block(&self, digest: Digest, most: usize) -> Result<Bytes> {
        if let Some(bytes) = self.cache.get(BLOCKS, digest.0.to_vec()).await? {
            return Ok(bytes.into());
        }
        let bytes = self.stores.get(&digest.dag_cbor_cid()).await?;
        if bytes.len() > most {
            let size = bytes.len();
            return fail!(Integrity, "the block has {size} bytes, and at most {most} are allowed");
        }
        self.cache.put(BLOCKS, digest.0.to_vec(), bytes.to_vec()).await?;
        Ok(bytes)
    }

    pub(crate) async fn is_kind<T: Body>(&self, digest: Digest) -> Result<bool> {
        Ok(block::is_kind::<T>(&self.block(digest, T::MAX).await?))
    }

    /// Stores and pins a signed block.
    pub(crate) async fn publish(&self, block: Block) -> Result<Digest> {
        let digest = block.digest();
        self.stores.keep(block).await?;
        Ok(digest)
    }

    /// Fetches a signed block and verifies it with the profile that it names. The issuer's account signed that profile.
    pub(crate) async fn signed<T: Body>(&self, digest: Digest) -> Result<Verified<T>> {
        self.verified_bytes(&self.block(digest, T::MAX).await?).await
    }

    pub(crate) async fn verified_bytes<T: Body>(&self, bytes: &[u8]) -> Result<Verified<T>> {
        self.verified(block::parse(bytes, self.deployment).map_err(CoreError::from)?).await
    }

    pub(crate) async fn verified<T: Body>(&self, block: Unverified<T>) -> Result<Verified<T>> {
        let issuer = Address::from(block.issuer().0);
        let profile = block.profile_digest();
        let keys = match self.signer(issuer, profile) {
            Some(keys) => keys,
            None => {
                let keys = self.profile_block(issuer, profile).await?.keys;
                self.keep_signer(issuer, profile, keys.clone());
                keys
            }
        };
        Ok(block.verify(&keys).map_err(CoreError::from)?)
    }

    fn signer(&self, issuer: Address, profile: Digest) -> Option<PublicKeys> {
        self.signers.lock().unwrap_or_else(PoisonError::into_inner).get(&(issuer, profile)).cloned()
    }

    fn keep_signer(&self, issuer: Address, profile: Digest, keys: PublicKeys) {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        if signers.len() >= KEPT {
            signers.clear();
        }
        signers.insert((issuer, profile), keys);
    }
}
