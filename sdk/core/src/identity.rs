//! Derives every secret of a person at one deployment from one seed.
//!
//! `secret = HKDF-SHA256(ikm = seed, salt = "", info)` with `info = u16be len(label) | label | u64be chain |
//! contract[20] | account[20] | parts`. A part names the use of the secret. Its width is fixed (a folder's number
//! `u64be`, a profile's sequence number `u32be`), or it follows its length (`u32be`). So accounts of one phrase cannot
//! be linked, and a new deployment starts with new keys.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use ed25519_dalek::{Signer, SigningKey};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::error::SealError;
use crate::id::{Account, Confidentiality, Deployment, Digest, Epoch, Folder};
use crate::seal::context::{Context, hkdf};
use crate::seal::ratchet::{FolderState, MAX_EPOCH};
use crate::seal::wrap::{HpkeKeys, HpkePublicKey};
use crate::seal::{gcm, padding};

/// The maximum length of a note, in bytes.
pub const MAX_NOTE: usize = 4096;
const NOTE_UNIT: usize = 64;

/// The root of a person's encryption keys: 32 bytes, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Seed([u8; 32]);

impl Seed {
    /// Takes 32 bytes of full entropy.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 64-byte seed of a checked BIP-39 phrase of English words, in lower case with one blank between them, and no
    /// passphrase: PBKDF2-HMAC-SHA512 with salt "mnemonic" and 2048 rounds.
    pub fn of_phrase(phrase: &str) -> Zeroizing<[u8; 64]> {
        let mut seed = Zeroizing::new([0; 64]);
        pbkdf2::pbkdf2_hmac::<sha2::Sha512>(phrase.as_bytes(), b"mnemonic", 2048, seed.as_mut_slice());
        seed
    }

    /// Seed `index` of a BIP-39 phrase, from the phrase's 64-byte seed:
    /// `HKDF-SHA256(ikm = BIP-39 seed, salt = "", info = "hospital-record/v1/seed" | u32be index, 32)`.
    pub fn from_bip39(seed: &[u8; 64], index: u32) -> Self {
        let info = [b"hospital-record/v1/seed".as_slice(), &index.to_be_bytes()].concat();
        Self(*hkdf(seed, &[], &info))
    }
}

/// All derived keys of one account at one deployment. Wiped when dropped; shareable between threads.
pub struct Keys {
    seed: Seed,
    deployment: Deployment,
    account: Account,
    // The newest requested state of each folder: deriving it from the last epoch takes about 10 ms.
    states: Mutex<BTreeMap<Folder, FolderState>>,
}

/// The canonical spelling of a folder's name: trimmed, in Unicode form NFC.
pub fn folder_name(name: &str) -> String {
    name.trim().nfc().collect()
}

impl Keys {
    /// The keys of `account` at `deployment`.
    pub fn derive(seed: &Seed, deployment: Deployment, account: Account) -> Self {
        Self { seed: Seed(seed.0), deployment, account, states: Mutex::default() }
    }

    /// The deployment for which these keys are valid.
    pub fn deployment(&self) -> Deployment {
        self.deployment
    }

    /// The owner of these keys.
    pub fn account(&self) -> Account {
        self.account
    }

    fn context(&self, label: &str) -> Context {
        Context::new(label, self.deployment).account(self.account)
    }

    fn secret<const N: usize>(&self, context: &Context) -> Zeroizing<[u8; N]> {
        hkdf(&self.seed.0, &[], context.bytes())
    }

    /// The keys that the profile with this sequence number publishes.
    /// Labels `hospital-record/v1/profile/hpke` and `.../ed25519`, part `u32be sequence`.
    pub fn profile_keys(&self, sequence: u32) -> ProfileKeys {
        let key = |label| self.secret::<32>(&self.context(label).fixed(&sequence.to_be_bytes()));
        let hpke = HpkeKeys::derive(&key("hospital-record/v1/profile/hpke"));
        let signing = SigningKey::from_bytes(&key("hospital-record/v1/profile/ed25519"));
        let public = PublicKeys { hpke: hpke.public().clone(), ed25519: signing.verifying_key().to_bytes() };
        ProfileKeys { account: self.account, hpke, signing, public }
    }

    /// The number of the folder with this name and confidentiality. It is the same on all devices of the person, and
    /// others cannot guess it. Names that differ only in surrounding white space or Unicode form (NFC) are the same.
    /// Label `hospital-record/v1/folder-number`, parts: the confidentiality's letter, the name after its length; the
    /// number is the first group of 5 bytes, out of 40 bytes, that is not zero.
    pub fn folder(&self, name: &str, confidentiality: Confidentiality) -> Folder {
        let name = Zeroizing::new(folder_name(name));
        let context = self.context("hospital-record/v1/folder-number");
        let context = context.fixed(confidentiality.code().as_bytes()).part(name.as_bytes());
        let output = self.secret::<40>(&context);
        let number = |group: &[u8]| group.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let mut folders = output.chunks(5).filter_map(|group| Folder::new(number(group)).ok());
        #[expect(clippy::expect_used, reason = "eight zero groups in a row have a probability of 2^-320")]
        folders.next().expect("a pseudorandom function that is not constant")
    }

    /// The state of one of the person's own folders at any epoch. Epoch 65,535 has label
    /// `hospital-record/v1/folder-state`, part `u64be folder`; the others follow from it by [`FolderState::at`]. The
    /// first call for a folder costs up to 65,535 hashes. Later calls for lower epochs cost few.
    pub fn folder_state(&self, folder: Folder, epoch: Epoch) -> FolderState {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = states.get(&folder).and_then(|newest| newest.at(epoch).ok()) {
            return state;
        }
        let context = self.context("hospital-record/v1/folder-state").fixed(&folder.number().to_be_bytes());
        let last = FolderState::from_bytes(MAX_EPOCH, *self.secret(&context));
        let state = last.at(epoch).unwrap_or(last);
        states.insert(folder, state.clone());
        state
    }

    /// Seals a short text to this person alone, such as the name of a grantee. `context` says what the text belongs to,
    /// and is needed again to open it. Label `hospital-record/v1/note`, part `context` after its length; AES-256-GCM
    /// over the text padded to a multiple of 64 bytes: `nonce[12] | ciphertext | tag[16]`.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] above [`MAX_NOTE`] bytes, [`SealError::Randomness`].
    pub fn note_seal(&self, context: &[u8], text: &str) -> Result<Vec<u8>, SealError> {
        if text.len() > MAX_NOTE {
            return Err(SealError::TooLarge { what: "a note", size: text.len(), max: MAX_NOTE });
        }
        gcm::seal(&self.note_key(context), &padding::pad(text.as_bytes(), NOTE_UNIT), "a note")
    }

    /// Opens a text from [`note_seal`](Self::note_seal) with the same context.
    ///
    /// # Errors
    /// [`SealError::Unopenable`], [`SealError::Payload`].
    pub fn note_open(&self, context: &[u8], sealed: &[u8]) -> Result<String, SealError> {
        let padded = gcm::open(&self.note_key(context), sealed, "the note")?;
        let text = padding::unpad(&padded, NOTE_UNIT, "note")?;
        let text = std::str::from_utf8(text);
        text.map(str::to_owned).map_err(|_| SealError::Payload { what: "note", reason: "it is not UTF-8".to_owned() })
    }

    fn note_key(&self, context: &[u8]) -> Zeroizing<[u8; 32]> {
        self.secret(&self.context("hospital-record/v1/note").part(context))
    }

    /// Seals data for this machine's disk. Label `hospital-record/v1/local`, part `context` after its length;
    /// AES-256-GCM: `nonce[12] | ciphertext | tag[16]`.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn local_seal(&self, context: &[u8], bytes: &[u8]) -> Result<Vec<u8>, SealError> {
        gcm::seal(&self.local_key(context), bytes, "local data")
    }

    /// Opens data from [`local_seal`](Self::local_seal) with the same context.
    ///
    /// # Errors
    /// [`SealError::Unopenable`].
    pub fn local_open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        gcm::open(&self.local_key(context), sealed, "local data")
    }

    fn local_key(&self, context: &[u8]) -> Zeroizing<[u8; 32]> {
        self.secret(&self.context("hospital-record/v1/local").part(context))
    }
}

/// The public keys of a profile: one to seal to, and one to verify signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKeys {
    /// The HPKE key, to seal to.
    pub hpke: HpkePublicKey,
    /// Ed25519 (RFC 8032), for signed blocks.
    #[serde(with = "serde_bytes")]
    pub ed25519: [u8; 32],
}

impl PublicKeys {
    /// SHA-256 of the HPKE key, which names it in locks and envelopes.
    pub fn key_id(&self) -> Digest {
        self.hpke.key_id()
    }
}

/// The secret halves of one profile's keys. Wiped when dropped.
pub struct ProfileKeys {
    account: Account,
    hpke: HpkeKeys,
    signing: SigningKey,
    public: PublicKeys,
}

impl ProfileKeys {
    /// The owner of these keys.
    pub fn account(&self) -> Account {
        self.account
    }

    /// The public keys of the profile.
    pub fn public(&self) -> &PublicKeys {
        &self.public
    }

    /// Signs `message` with Ed25519. The message must begin with a label that no other use of this key has.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message).to_bytes()
    }

    pub(crate) fn hpke(&self) -> &HpkeKeys {
        &self.hpke
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };

    fn keys(deployment: Deployment, account: u8) -> Keys {
        Keys::derive(&Seed::from_bytes([1; 32]), deployment, Account([account; 20]))
    }

    /// https://github.com/trezor/python-mnemonic, and every wallet that imports this phrase.
    #[test]
    fn seed_of_a_phrase_is_that_of_bip_39() {
        let phrase = format!("{}about", "abandon ".repeat(11));
        let seed = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
                    9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4";
        assert_eq!(hex::encode(*Seed::of_phrase(&phrase)), seed);
    }

    #[test]
    fn no_secret_is_shared_between_accounts_chains_contracts_or_sequence_numbers() {
        let elsewhere = [Deployment { chain: 1, ..HERE }, Deployment { contract: Account([0xcd; 20]), ..HERE }];
        let others = elsewhere.map(|deployment| keys(deployment, 1)).into_iter().chain([keys(HERE, 2)]);
        let own = keys(HERE, 1);
        assert_ne!(own.profile_keys(0).public(), own.profile_keys(1).public());
        let folder = own.folder("personal", Confidentiality::N);
        for other in others {
            assert_ne!(own.profile_keys(0).public(), other.profile_keys(0).public());
            assert_ne!(folder, other.folder("personal", Confidentiality::N));
            let states = [&own, &other].map(|keys| *keys.folder_state(folder, 0).expose_secret());
            assert_ne!(states[0], states[1]);
            assert!(other.note_open(b"", &own.note_seal(b"", "x").unwrap()).is_err());
        }
    }

    #[test]
    fn one_name_in_two_spellings_is_one_folder_and_in_two_confidentialities_two() {
        let keys = keys(HERE, 1);
        let folder = |name| keys.folder(name, Confidentiality::N);
        assert_eq!(folder("Caf\u{e9}"), folder(" Cafe\u{301}\n"));
        assert_ne!(folder("Caf\u{e9}"), folder("Cafe"));
        assert_ne!(folder("personal"), keys.folder("personal", Confidentiality::R));
    }

    #[test]
    fn states_in_any_order_of_asking_are_of_one_chain() {
        let (asked_up, asked_down) = (keys(HERE, 1), keys(HERE, 1));
        let folder = asked_up.folder("personal", Confidentiality::N);
        let epochs = [0, 3, 4, MAX_EPOCH];
        let up = epochs.map(|epoch| *asked_up.folder_state(folder, epoch).expose_secret());
        let mut down = epochs;
        down.reverse();
        let mut down = down.map(|epoch| *asked_down.folder_state(folder, epoch).expose_secret());
        down.reverse();
        assert_eq!(up, down);
        assert!(asked_up.folder_state(folder, 4).continues(&asked_up.folder_state(folder, 3)));
    }

    #[test]
    fn notes_of_any_short_length_have_one_size() {
        let keys = keys(HERE, 1);
        let sizes = ["", "Dr Lee", &"x".repeat(60)].map(|note| keys.note_seal(b"", note).unwrap().len());
        assert_eq!(sizes, [12 + 64 + 16; 3]);
        assert!(matches!(keys.note_seal(b"", &"x".repeat(MAX_NOTE + 1)), Err(SealError::TooLarge { .. })));
    }
}
