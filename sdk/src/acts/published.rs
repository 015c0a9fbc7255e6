//! A person's public keys on chain and in the store, before anything else is done.

use std::sync::Arc;

use alloy::primitives::B256;
use futures::{StreamExt, stream};
use hospital_record_core::{block::Block, id::Digest, identity::ProfileKeys};

use crate::{
    acts::person::Person,
    base::error::{Error, Result, fill_random},
    people::{card::Card, profile},
};

/// This account's profile on chain, and the keys it publishes.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) digest: Digest,
    pub(crate) keys: Arc<ProfileKeys>,
}

impl Person {
    /// What others need to know of this account before they grant to it.
    pub(crate) async fn card(&self) -> Result<Card> {
        let profile = B256::from(self.published().await?.digest.0);
        Ok(Card { deployment: self.deployment(), account: self.address(), profile })
    }

    pub(crate) async fn published(&self) -> Result<&Published> {
        self.me.published.get_or_try_init(|| self.publish()).await
    }

    async fn publish(&self) -> Result<Published> {
        let keys = self.keys();
        let first = profile::sign(&self.me.identity, self.deployment(), keys).await?;
        let digest = first.digest();
        match self.contract().profile_of(self.address()).await? {
            None => {
                self.people().publish(first).await?;
                self.send(self.contract().set_profile(digest.0.into())).await?;
            }
            Some(current) if current == digest.0 => {
                // A new store may lack it; others need it to verify what this account signed.
                if !self.stores().own().has(&first.cid).await? {
                    self.people().publish(first).await?;
                }
            }
            Some(current) => return self.published_before(Digest(current.0)).await,
        }
        Ok(Published { digest, keys: Arc::new(keys.profile_keys(0)) })
    }

    /// The profile of a signer that does not sign deterministically, or a later profile: its block says which keys.
    async fn published_before(&self, digest: Digest) -> Result<Published> {
        let profile = self.people().profile_block(self.address(), digest, None).await?;
        let keys = self.keys().profile_keys(profile.sequence);
        if *keys.public() != profile.keys {
            return Err(Error::Invalid(
                "the published keys of this account were made from another seed: restore with the phrase or seed that \
                 was used then"
                    .into(),
            ));
        }
        Ok(Published { digest, keys: Arc::new(keys) })
    }

    /// Whether the store takes something now, before an act is sent whose keys are stored after it. One that can be read
    /// may be full or read-only. What is put is of no use to anybody, and nothing holds it.
    pub(crate) async fn store_takes(&self) -> Result<()> {
        self.published().await?;
        let mut bytes = [0; 32];
        fill_random(&mut bytes)?;
        let block = Block::leaf(bytes.to_vec());
        self.stores().own().put(stream::iter([Ok(block)]).boxed()).await?;
        Ok(())
    }
}
