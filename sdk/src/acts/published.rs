//! Publishes a person's public keys, on chain and in the store, before any other act.

use std::sync::Arc;

use alloy::primitives::B256;
use futures::stream;
use hospital_record_core::{block::Block, id::Digest, identity::ProfileKeys};

use crate::{
    acts::person::Person,
    base::{
        error::{Result, fail, fill_random},
        task::StreamInBox,
    },
    people::{card::Card, profile},
};

/// This account's profile on chain, and the keys in it.
#[derive(Clone)]
pub(crate) struct PublishedProfile {
    pub(crate) digest: Digest,
    pub(crate) keys: Arc<ProfileKeys>,
}

impl Person {
    /// What others need to grant to this account.
    pub(crate) async fn card(&self) -> Result<Card> {
        let profile = B256::from(self.published().await?.digest.0);
        Ok(Card { deployment: self.deployment, account: self.address(), profile })
    }

    pub(crate) async fn published(&self) -> Result<&PublishedProfile> {
        self.me.published.get_or_try_init(|| self.publish()).await
    }

    async fn publish(&self) -> Result<PublishedProfile> {
        let keys = self.keys();
        let profile_block = profile::sign(&self.me.identity, self.deployment, keys).await?;
        let digest = profile_block.digest();
        match self.contract.profile_of(self.address()).await? {
            None => {
                self.people().publish(profile_block).await?;
                self.send(self.contract.set_profile(digest.0.into())).await?;
            }
            Some(current) if current == digest.0 => {
                // A new store may lack it, and others need it to verify signatures of this account.
                if !self.stores.own().has(&profile_block.cid).await? {
                    self.people().publish(profile_block).await?;
                }
            }
            Some(current) => return self.published_before(Digest(current.0)).await,
        }
        Ok(PublishedProfile { digest, keys: Arc::new(keys.profile_keys(0)) })
    }

    /// A profile by a signer whose signatures differ each time, or a later profile: its block names the keys.
    async fn published_before(&self, digest: Digest) -> Result<PublishedProfile> {
        let profile = self.people().profile_block(self.address(), digest).await?;
        let keys = self.keys().profile_keys(profile.sequence);
        if *keys.public() != profile.keys {
            return fail!(
                Invalid,
                "the published keys of this account were made from another seed: restore with the phrase or seed that \
                 was used then"
            );
        }
        Ok(PublishedProfile { digest, keys: Arc::new(keys) })
    }

    /// Checks that the store accepts a block, before sending an act whose keys are stored after it. A store that can be
    /// read may be full or read-only. The block is random and not pinned.
    pub(crate) async fn store_takes(&self) -> Result<()> {
        self.published().await?;
        let mut bytes = [0; 32];
        fill_random(&mut bytes)?;
        let block = Block::leaf(bytes.to_vec());
        self.stores.own().put(stream::iter([Ok(block)]).in_box()).await?;
        Ok(())
    }
}
