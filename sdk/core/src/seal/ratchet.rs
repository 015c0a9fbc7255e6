//! Folder keys: a key-regression chain (Fu, Kamara, Kohno, "Key Regression", NDSS 2006).
//!
//! `state[e-1] = SHA-256("hospital-record/v1/ratchet" | state[e])`: the holder of the state of an epoch can compute the
//! earlier states, but no later one. The HPKE key pair of an epoch is `DeriveKeyPair(HKDF-SHA256(ikm = state[e], salt =
//! "", info = "hospital-record/v1/folder-key", 32))`.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::context::hkdf;
use super::wrap::{HpkeKeys, HpkePublicKey};
use crate::error::SealError;
use crate::id::Epoch;

/// The last epoch of every folder.
pub const MAX_EPOCH: Epoch = Epoch::MAX;

/// The epoch after this one.
///
/// # Errors
/// [`SealError::EpochsExhausted`] after [`MAX_EPOCH`].
pub fn next_epoch(epoch: Epoch) -> Result<Epoch, SealError> {
    epoch.checked_add(1).ok_or(SealError::EpochsExhausted)
}

/// The secret of one folder at one epoch. It opens all records of the folder up to this epoch. It is wiped when
/// dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct FolderState {
    epoch: Epoch,
    secret: [u8; 32],
}

impl FolderState {
    /// Takes a state from an envelope, a keyring or a derivation.
    pub fn from_bytes(epoch: Epoch, secret: [u8; 32]) -> Self {
        Self { epoch, secret }
    }

    /// The epoch that this state belongs to.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The secret itself, to seal it to an account. Do not print it.
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The state of this or an earlier epoch. It costs one hash for each step.
    ///
    /// # Errors
    /// [`SealError::EpochAhead`] for a later epoch.
    pub fn at(&self, epoch: Epoch) -> Result<Self, SealError> {
        let steps = self.epoch.checked_sub(epoch).ok_or(SealError::EpochAhead { wanted: epoch, held: self.epoch })?;
        let mut state = Self { epoch, secret: self.secret };
        for _ in 0..steps {
            state.secret =
                Sha256::new_with_prefix(b"hospital-record/v1/ratchet").chain_update(state.secret).finalize().into();
        }
        Ok(state)
    }

    /// Whether this state is of the same chain as `older`, at the same or a later epoch. If it is not, its keyring is
    /// not a successor of the older one. Takes constant time for equal epochs.
    pub fn continues(&self, older: &Self) -> bool {
        self.at(older.epoch).is_ok_and(|state| state.secret.ct_eq(&older.secret).into())
    }

    /// The HPKE key pair of this epoch. Keep it to open many locks: deriving takes longer than opening.
    pub fn key_pair(&self) -> FolderSecret {
        let ikm: Zeroizing<[u8; 32]> = hkdf(&self.secret, &[], b"hospital-record/v1/folder-key");
        FolderSecret { epoch: self.epoch, keys: HpkeKeys::derive(&ikm) }
    }

    /// The public key of this epoch, to which records of the folder are locked.
    pub fn public_key(&self) -> HpkePublicKey {
        self.key_pair().public().clone()
    }
}

/// The HPKE key pair of a folder at one epoch. Wiped when dropped.
pub struct FolderSecret {
    epoch: Epoch,
    pub(crate) keys: HpkeKeys,
}

impl FolderSecret {
    /// The epoch that this pair belongs to.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The public half.
    pub fn public(&self) -> &HpkePublicKey {
        self.keys.public()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn walking_in_one_go_and_in_steps_gives_the_same_state() {
        let last = FolderState::from_bytes(9, [1; 32]);
        let stepwise = last.at(8).unwrap().at(5).unwrap().at(2).unwrap();
        assert_eq!(stepwise.expose_secret(), last.at(2).unwrap().expose_secret());
        assert_eq!(last.at(9).unwrap().expose_secret(), &[1; 32]);
    }

    #[test]
    fn a_state_opens_no_later_epoch() {
        let held = FolderState::from_bytes(4, [1; 32]);
        assert_eq!(held.at(5).err(), Some(SealError::EpochAhead { wanted: 5, held: 4 }));
        assert_eq!(next_epoch(MAX_EPOCH), Err(SealError::EpochsExhausted));
    }

    #[test]
    fn a_state_continues_its_own_past_and_no_other_chain() {
        let newer = FolderState::from_bytes(7, [1; 32]);
        assert!(newer.continues(&newer.at(3).unwrap()));
        assert!(!newer.at(3).unwrap().continues(&newer));
        assert!(!newer.continues(&FolderState::from_bytes(3, [2; 32])));
    }

    #[test]
    fn every_epoch_has_its_own_key() {
        let state = FolderState::from_bytes(1, [1; 32]);
        assert_eq!(state.public_key(), state.key_pair().public().clone());
        assert_ne!(state.public_key(), state.at(0).unwrap().public_key());
    }
}
