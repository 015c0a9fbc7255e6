//! An identity: a signer for the chain and a seed for all encryption keys.

use std::{fmt, sync::Arc};

use alloy::{
    network::TxSigner,
    primitives::{Address, B256, Signature},
    signers::{Signer, local::PrivateKeySigner},
};
use coins_bip32::xkeys::XPriv;
use hospital_record_core::{
    id::{Account, Deployment},
    identity::{Keys, Seed},
};
use zeroize::Zeroizing;

use crate::{
    base::error::{Error, Result, reason::Reason},
    people::phrase::Phrase,
};

/// Anything that signs transactions and typed data for one account: a local key, a KMS, a hardware wallet.
///
/// See the [guide](crate::relay).
pub trait AccountSigner: Signer<Signature> + TxSigner<Signature> + Send + Sync {}

impl<S: Signer<Signature> + TxSigner<Signature> + Send + Sync> AccountSigner for S {}

/// A person: a signer and an encryption seed. Cheap to clone. Its secrets are wiped when the last clone is dropped.
///
/// ```
/// # use hospital_record::{Identity, Phrase};
/// # fn main() -> hospital_record::Result<()> {
/// let (ana, phrase) = Identity::generate()?;
/// let on_paper = phrase.reveal().to_string(); // the SDK keeps it nowhere
/// let restored = Identity::from_phrase(&Phrase::parse(&on_paper)?, 0)?;
/// assert_eq!(restored.address(), ana.address());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Identity {
    signer: Arc<dyn AccountSigner>,
    seed: Arc<Seed>,
}

impl Identity {
    /// Makes an identity from the app's own signer and 32 secret random bytes. Without these bytes the records are lost.
    pub fn new(signer: impl AccountSigner + 'static, seed: Zeroizing<[u8; 32]>) -> Self {
        Self { signer: Arc::new(signer), seed: Arc::new(Seed::from_bytes(*seed)) }
    }

    /// Account `index` of a BIP-39 phrase (m/44'/60'/0'/0/index), with the encryption seed of the same index.
    pub fn from_phrase(phrase: &Phrase, index: u32) -> Result<Self> {
        let master = Seed::of_phrase(phrase.reveal());
        let path = format!("m/44'/60'/0'/0/{index}");
        let key = XPriv::root_from_seed(&*master, None).and_then(|root| root.derive_path(path.as_str()));
        let key = key.map_err(|_| unusable())?;
        let key: &alloy::signers::k256::ecdsa::SigningKey = key.as_ref();
        let signer = PrivateKeySigner::from_signing_key(key.clone());
        Ok(Self { signer: Arc::new(signer), seed: Arc::new(Seed::from_bip39(&master, index)) })
    }

    /// Makes a new person with a new phrase of 24 words. The phrase restores everything: let the person write it down.
    pub fn generate() -> Result<(Self, Phrase)> {
        let phrase = Phrase::generate()?;
        Ok((Self::from_phrase(&phrase, 0)?, phrase))
    }

    /// The account's address.
    pub fn address(&self) -> Address {
        Signer::address(&*self.signer)
    }

    pub(crate) fn signer(&self) -> &Arc<dyn AccountSigner> {
        &self.signer
    }

    /// Signs a digest: `r | s | v`.
    pub(crate) async fn sign_hash(&self, hash: &B256) -> Result<[u8; 65]> {
        let signature = Signer::sign_hash(&*self.signer, hash).await;
        let refused = |error| Error::Refused { service: "the signer".into(), reason: Reason::of(error) };
        Ok(signature.map_err(refused)?.as_bytes())
    }

    pub(crate) fn keys(&self, deployment: Deployment) -> Keys {
        Keys::derive(&self.seed, deployment, Account(self.address().into()))
    }
}

/// Shows the address alone.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.address()).finish()
    }
}

fn unusable() -> Error {
    Error::Invalid("no key can be derived from this phrase".into())
}
