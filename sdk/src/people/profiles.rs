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

/// Earlier profiles that are read. An account can sign any number of them, and each can need a fetch.
const MOST_EARLIER: usize = 64;

impl People {
    /// The current public keys of `account`: the chain names them, and the account signed them.
    ///
    /// `card` is the digest on a card that the user accepted. It vouches for that one profile.
    pub(crate) async fn profile_of(&self, account: Address, card: Option<B256>) -> Result<(Digest, Profile)> {
        let digest = self.contract().profile_of(account).await?.ok_or_else(|| {
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

    async fn accept(&self, account: Address, digest: B256, card: Option<B256>) -> Result<Profile> {
        let pinned = self.pinned(account).await?;
        let verified = self.profile_block(account, Digest(digest.0), card).await;
        if let (Some(card), Ok(profile)) = (card.filter(|card| *card != digest), &verified)
            && !self.succeeds(account, profile, Digest(card.0)).await?
        {
            return Err(Error::KeyChanged { account, known: card, found: digest });
        }
        let Some(pinned_digest) = pinned else {
            let profile = verified?;
            self.pin_profile(account, digest).await?;
            return Ok(profile);
        };
        let changed = Error::KeyChanged { account, known: pinned_digest, found: digest };
        let profile = match verified {
            Err(Error::Integrity(_)) if digest != pinned_digest => return Err(changed),
            other => other?,
        };
        if digest == pinned_digest {
            return Ok(profile);
        }
        if card != Some(digest) && !self.succeeds(account, &profile, Digest(pinned_digest.0)).await? {
            return Err(changed);
        }
        self.pin_profile(account, digest).await?;
        Ok(profile)
    }

    /// Whether a chain of profiles, each signed by the account, leads from `oldest` to `newest`.
    ///
    /// # Errors
    /// [`Error::Integrity`] if the chain is longer than [`MOST_EARLIER`]. The newest keys then need a card.
    pub(crate) async fn succeeds(&self, account: Address, newest: &Profile, oldest: Digest) -> Result<bool> {
        let mut sequence = newest.sequence;
        let mut previous = newest.previous;
        for _ in 0..MOST_EARLIER {
            let Some(digest) = previous else { return Ok(false) };
            if digest == oldest {
                return Ok(true);
            }
            let older = self.profile_block(account, digest, None).await?;
            if older.sequence >= sequence {
                return Ok(false);
            }
            sequence = older.sequence;
            previous = older.previous;
        }
        Err(Error::Integrity(format!(
            "the keys of {account} changed more than {MOST_EARLIER} times since they were seen: exchange cards again"
        ).into()))
    }

    /// The profile with this digest, current or not, verified.
    pub(crate) async fn profile_block(&self, account: Address, digest: Digest, card: Option<B256>) -> Result<Profile> {
        let bytes = self.block(digest, MAX_PROFILE).await?;
        // A pinned profile was accepted earlier, perhaps by a card.
        let vouched = match card {
            Some(card) => Some(card),
            None => self.pinned(account).await?,
        };
        profile::verify(self.deployment(), account, &bytes, vouched)
    }

    /// The digest of the profile that was accepted last. A newer profile must be its successor.
    async fn pinned(&self, account: Address) -> Result<Option<B256>> {
        let row = self.cache().get(PROFILES, self.profile_key(account)).await?;
        row.map(|row| {
            B256::try_from(row.as_slice()).map_err(|_| Error::cache("the row of a pinned profile is malformed"))
        })
        .transpose()
    }

    async fn pin_profile(&self, account: Address, digest: B256) -> Result<()> {
        self.cache().put(PROFILES, self.profile_key(account), digest.to_vec()).await
    }

    fn profile_key(&self, account: Address) -> Vec<u8> {
        key(&[&self.deployment_key(), account.as_slice()])
    }
}
