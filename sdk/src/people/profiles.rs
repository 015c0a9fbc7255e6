//! Fetches and verifies the public keys of accounts, and pins them, so that nobody can swap them.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Account;
use hospital_record_core::seal::lock::HpkePublicKey;
use hospital_record_core::{
    id::Digest,
    profile::{MAX_PROFILE, Profile},
};

use crate::{
    base::{
        error::{Error, Result},
        record_ref::account,
    },
    people::{directory::People, profile},
    platform::cache::{PROFILES, key},
};

impl People {
    /// The current public keys of `account`: the chain names them, and the account signed them.
    ///
    /// `card` is the digest on a card that the user accepted. It vouches for that one profile.
    pub(crate) async fn profile_of(&self, account: Address, card: Option<B256>) -> Result<(Digest, Profile)> {
        let digest = self.contract.profile_of(account).await?.ok_or_else(|| {
            let ask = "ask the person for their card: making it publishes the keys";
            Error::NotFound(format!("{account} has not published keys yet: {ask}").into())
        })?;
        let profile = self.accept(account, digest, card).await?;
        Ok((Digest(digest.0), profile))
    }

    /// The keys of those accounts whose profiles are published and available.
    pub(crate) async fn keys_of(&self, accounts: &[Address]) -> Result<Vec<(Account, HpkePublicKey)>> {
        let mut keys = Vec::new();
        for address in accounts {
            match self.profile_of(*address, None).await {
                Ok((_, profile)) => keys.push((account(*address), profile.keys.hpke)),
                Err(error) if error.is_outage() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(keys)
    }

    /// The profile that the chain names. It must be the one on the card, or else the one that was accepted before.
    async fn accept(&self, account: Address, digest: B256, card: Option<B256>) -> Result<Profile> {
        let pinned = self.pinned(account).await?;
        let known = card.or(pinned);
        if let Some(known) = known.filter(|known| *known != digest) {
            return Err(Error::KeyChanged { account, known, found: digest });
        }
        let bytes = self.block(Digest(digest.0), MAX_PROFILE).await?;
        let profile = profile::verify(self.deployment, account, &bytes, known)?;
        if pinned != Some(digest) {
            self.pin_profile(account, digest).await?;
        }
        Ok(profile)
    }

    /// The profile with this digest, current or not, verified.
    pub(crate) async fn profile_block(&self, account: Address, digest: Digest) -> Result<Profile> {
        let bytes = self.block(digest, MAX_PROFILE).await?;
        // A pinned profile was accepted earlier, perhaps by a card.
        profile::verify(self.deployment, account, &bytes, self.pinned(account).await?)
    }

    /// The digest of the profile that was accepted last.
    async fn pinned(&self, account: Address) -> Result<Option<B256>> {
        let row = self.cache.get(PROFILES, self.profile_key(account)).await?;
        row.map(|row| {
            B256::try_from(row.as_slice()).map_err(|_| Error::cache("the row of a pinned profile is malformed"))
        })
        .transpose()
    }

    async fn pin_profile(&self, account: Address, digest: B256) -> Result<()> {
        self.cache.put(PROFILES, self.profile_key(account), digest.to_vec()).await
    }

    fn profile_key(&self, account: Address) -> Vec<u8> {
        key(&[&self.deployment_key(), account.as_slice()])
    }
}
