//! What lies at a node: a person's secret under a random vault key, and that key under each way to unlock it.
//!
//! `nonce[12] | AES-256-GCM`, twice. Both keys are HKDF-SHA256 with the label, chain, contract, host, account and
//! generation in `info`: what lies at one host, or belongs to an earlier password, opens nowhere else.

use zeroize::Zeroizing;

use crate::{
    error::SealError,
    id::{Account, Deployment},
    seal::{context::Context, context::hkdf, gcm},
    vault::opaque::ExportKey,
};

/// All contents have this length, so that its own length reveals nothing.
const PADDED: usize = 512;
/// The longest content in bytes.
pub const LONGEST: usize = PADDED - 2;
/// The length of a sealed vault in bytes.
pub const SEALED: usize = gcm::NONCE + PADDED + gcm::TAG;
/// The length of a wrapped vault key in bytes.
pub const WRAPPED: usize = gcm::NONCE + 32 + gcm::TAG;

const VAULT: &str = "hospital-record/v1/vault";
const WRAP: &str = "hospital-record/v1/vault-key";
const WHAT: &str = "vault";

/// Whose vault it is, at which node, and how often it was made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The node's chain and contract.
    pub deployment: Deployment,
    /// The node's host, in lower case, with its port if that is not the scheme's own.
    pub host: &'a str,
    /// The owner.
    pub account: Account,
    /// From 1; each new password makes a new vault with a new key.
    pub generation: u64,
}

impl Place<'_> {
    fn key(&self, label: &str, key: &[u8]) -> Zeroizing<[u8; 32]> {
        let info = Context::new(label, self.deployment).part(self.host.as_bytes()).account(self.account);
        hkdf(key, &[], info.fixed(&self.generation.to_be_bytes()).bytes())
    }
}

/// The random key of one vault.
#[derive(Clone)]
pub struct VaultKey(Zeroizing<[u8; 32]>);

impl VaultKey {
    /// A new key.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn random() -> Result<Self, SealError> {
        gcm::random().map(Self)
    }

    /// Seals at most [`LONGEST`] bytes.
    ///
    /// # Errors
    /// [`SealError::TooLarge`], [`SealError::Randomness`].
    pub fn seal(&self, place: &Place<'_>, content: &[u8]) -> Result<Vec<u8>, SealError> {
        let too_large = SealError::TooLarge { what: WHAT, size: content.len(), max: LONGEST };
        let length = u16::try_from(content.len()).ok().filter(|_| content.len() <= LONGEST).ok_or(too_large)?;
        let mut padded = Zeroizing::new([0; PADDED]);
        padded[..2].copy_from_slice(&length.to_be_bytes());
        padded[2..2 + content.len()].copy_from_slice(content);
        gcm::seal(&place.key(VAULT, &*self.0), &*padded, WHAT)
    }

    /// Opens what [`seal`](Self::seal) made.
    ///
    /// # Errors
    /// [`SealError::Unopenable`] if it is of another place or key, or was changed.
    pub fn open(&self, place: &Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let padded = gcm::open(&place.key(VAULT, &*self.0), sealed, WHAT)?;
        let content = padded.split_first_chunk().filter(|_| padded.len() == PADDED);
        let content = content.and_then(|(length, rest)| rest.get(..u16::from_be_bytes(*length).into()));
        content.map(|content| Zeroizing::new(content.to_vec())).ok_or(SealError::Unopenable(WHAT))
    }

    /// Wraps the key for a way to unlock it.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn wrap(&self, place: &Place<'_>, way: &ExportKey) -> Result<Vec<u8>, SealError> {
        gcm::seal(&place.key(WRAP, way.as_bytes()), &*self.0, WHAT)
    }

    /// Unwraps a key.
    ///
    /// # Errors
    /// [`SealError::Unopenable`] if it is of another place or way, or was changed.
    pub fn unwrap(place: &Place<'_>, way: &ExportKey, wrapped: &[u8]) -> Result<Self, SealError> {
        let key = gcm::open(&place.key(WRAP, way.as_bytes()), wrapped, WHAT)?;
        let key = key.as_slice().try_into().map_err(|_| SealError::Unopenable(WHAT))?;
        Ok(Self(Zeroizing::new(key)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PLACE: Place<'static> = Place {
        deployment: Deployment { chain: 1, contract: Account([7; 20]) },
        host: "clinic.example",
        account: Account([1; 20]),
        generation: 1,
    };

    #[test]
    fn vault_opens_at_its_own_place_alone() {
        let (key, way) = (VaultKey::random().unwrap(), ExportKey::from([3; 64]));
        let (sealed, wrapped) = (key.seal(&PLACE, b"a phrase").unwrap(), key.wrap(&PLACE, &way).unwrap());
        assert_eq!((sealed.len(), wrapped.len()), (SEALED, WRAPPED));
        let unwrapped = VaultKey::unwrap(&PLACE, &way, &wrapped).unwrap();
        assert_eq!(unwrapped.open(&PLACE, &sealed).unwrap().as_slice(), b"a phrase");
        for other in [
            Place { host: "clinic.example:444", ..PLACE },
            Place { account: Account([2; 20]), ..PLACE },
            Place { generation: 2, ..PLACE },
            Place { deployment: Deployment { chain: 2, ..PLACE.deployment }, ..PLACE },
            Place { deployment: Deployment { contract: Account([8; 20]), ..PLACE.deployment }, ..PLACE },
        ] {
            assert!(key.open(&other, &sealed).is_err(), "{other:?}");
            assert!(VaultKey::unwrap(&other, &way, &wrapped).is_err(), "{other:?}");
        }
        assert!(VaultKey::unwrap(&PLACE, &ExportKey::from([4; 64]), &wrapped).is_err());
        assert!(VaultKey::random().unwrap().open(&PLACE, &sealed).is_err());
        // A vault is no wrapped key, also under the same key.
        assert!(key.open(&PLACE, &wrapped).is_err());
    }

    #[test]
    fn all_contents_have_one_length_and_none_is_cut() {
        let key = VaultKey::random().unwrap();
        for length in [0, 1, 215, LONGEST] {
            let content = vec![b'x'; length];
            let sealed = key.seal(&PLACE, &content).unwrap();
            assert_eq!((sealed.len(), key.open(&PLACE, &sealed).unwrap().to_vec()), (SEALED, content));
            for cut in [0, 11, 12, 27, SEALED - 1] {
                assert!(key.open(&PLACE, &sealed[..cut]).is_err(), "{cut}");
            }
        }
        assert!(matches!(key.seal(&PLACE, &[0; LONGEST + 1]), Err(SealError::TooLarge { .. })));
    }
}
