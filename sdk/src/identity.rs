//! Who somebody is: a signer for the chain and a seed for everything that is encrypted.

use std::{fmt, sync::Arc};

use alloy::{
    network::TxSigner,
    primitives::{Address, Signature},
    signers::{
        Signer,
        local::{
            PrivateKeySigner,
            coins_bip39::{English, Entropy, Mnemonic, MnemonicError, Wordlist},
        },
    },
};
use coins_bip32::xkeys::XPriv;
use hospital_record_core::{
    id::{Account, Deployment},
    identity::{Keys, Seed},
};
use zeroize::Zeroizing;

use crate::{Error, Result, error::fill_random};

/// Anything that signs transactions and typed data for one account: a local key, a KMS, a hardware wallet.
pub trait AccountSigner: Signer<Signature> + TxSigner<Signature> + Send + Sync {}

impl<S: Signer<Signature> + TxSigner<Signature> + Send + Sync> AccountSigner for S {}

/// A person: a signer and an encryption seed. Cheap to clone; its secrets are wiped when the last clone goes.
#[derive(Clone)]
pub struct Identity {
    signer: Arc<dyn AccountSigner>,
    seed: Arc<Seed>,
}

impl Identity {
    /// From a signer of the app's own and 32 secret random bytes, which must be kept as long as the records.
    pub fn new(signer: impl AccountSigner + 'static, seed: Zeroizing<[u8; 32]>) -> Self {
        Self { signer: Arc::new(signer), seed: Arc::new(Seed::from_bytes(*seed)) }
    }

    /// Account `index` of a BIP-39 phrase (m/44'/60'/0'/0/index) with the seed of the same index.
    pub fn from_phrase(phrase: &Phrase, index: u32) -> Result<Self> {
        let master = Seed::of_phrase(&phrase.0);
        let path = format!("m/44'/60'/0'/0/{index}");
        let key = XPriv::root_from_seed(&*master, None).and_then(|root| root.derive_path(path.as_str()));
        let key = key.map_err(|_| unusable())?;
        let key: &alloy::signers::k256::ecdsa::SigningKey = key.as_ref();
        let signer = PrivateKeySigner::from_signing_key(key.clone());
        Ok(Self { signer: Arc::new(signer), seed: Arc::new(Seed::from_bip39(&master, index)) })
    }

    /// A new person with a new phrase of 24 words. The phrase restores everything and must be written down.
    pub fn generate() -> Result<(Self, Phrase)> {
        let mut entropy = Zeroizing::new([0u8; 32]);
        fill_random(entropy.as_mut())?;
        let mnemonic = Mnemonic::<English>::new_from_entropy(Entropy::from(*entropy));
        let phrase = Phrase(Zeroizing::new(mnemonic.to_phrase()));
        Ok((Self::from_phrase(&phrase, 0)?, phrase))
    }

    /// The account's address.
    pub fn address(&self) -> Address {
        Signer::address(&*self.signer)
    }

    pub(crate) fn signer(&self) -> &Arc<dyn AccountSigner> {
        &self.signer
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

/// A checked BIP-39 phrase, wiped when dropped.
#[derive(Clone)]
pub struct Phrase(Zeroizing<String>);

impl Phrase {
    /// Checks words and checksum. The error names the place of a wrong word and never a word.
    pub fn parse(text: &str) -> Result<Self> {
        // Room for all of it, lower case being longer at times: growing would leave copies behind that nobody wipes.
        let mut words = Zeroizing::new(String::with_capacity(text.len() * 3));
        for word in text.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.extend(word.chars().flat_map(char::to_lowercase));
        }
        check(&words)?;
        Ok(Self(words))
    }

    /// The words. Whoever reads them is this person.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phrase(..)")
    }
}

fn check(words: &str) -> Result<()> {
    Mnemonic::<English>::new_from_phrase(words).map(drop).map_err(|error| match error {
        MnemonicError::InvalidPhrase(_) if is_complete(words) => wrong_checksum(),
        _ => wrong_word(words),
    })
}

fn wrong_word(words: &str) -> Error {
    let count = count(words);
    match words.split(' ').position(|word| English::get_index(word).is_err()) {
        Some(place) if count > 0 => {
            Error::Invalid(format!("word {} of the phrase is not in the BIP-39 list: check its spelling", place + 1))
        }
        _ if !is_complete(words) => {
            Error::Invalid(format!("a phrase has 12, 15, 18, 21 or 24 words, this one has {count}"))
        }
        _ => wrong_checksum(),
    }
}

fn count(words: &str) -> usize {
    words.split(' ').filter(|word| !word.is_empty()).count()
}

fn is_complete(words: &str) -> bool {
    [12, 15, 18, 21, 24].contains(&count(words))
}

fn wrong_checksum() -> Error {
    Error::Invalid("the phrase's checksum is wrong: a word is wrong or two are swapped".into())
}

fn unusable() -> Error {
    Error::Invalid("no key can be derived from this phrase".into())
}
