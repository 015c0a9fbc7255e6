//! Locks: a record's content key, sealed to a folder or an account.
//!
//! A lock's HPKE `info` is the label (`hospital-record/v1/lock/folder` or `.../account`), the chain, the contract and
//! then, each of fixed width, `patient[20] | author[20] | u64be folder | u16be epoch | account[20] | key id[32] |
//! commitment[32]`. The account is zero in a folder lock. The key id is SHA-256 of the recipient's public key. A lock
//! copied to another record, folder, author, patient or deployment therefore opens nothing.

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::context::Context;
use super::ratchet::{FolderSecret, FolderState};
use super::stream::ContentKey;
use super::wrap::HpkeKeys;
pub use super::wrap::{HpkePublicKey, Sealed};
use crate::error::SealError;
use crate::id::{Account, Deployment, Digest, Epoch, Folder};
use crate::identity::ProfileKeys;

/// The context of a lock. Take its fields from the chain, not from the manifest, if the chain has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockContext {
    /// Chain and contract.
    pub deployment: Deployment,
    /// The patient whose record it is.
    pub patient: Account,
    /// The account that added it.
    pub author: Account,
    /// The folder that contains it.
    pub folder: Folder,
    /// The folder's epoch when it was added.
    pub epoch: Epoch,
    /// The manifest's commitment to the content key.
    pub commitment: [u8; 32],
}

impl LockContext {
    fn info(&self, label: &str, recipient: Account, key: Digest) -> Context {
        Context::new(label, self.deployment)
            .account(self.patient)
            .account(self.author)
            .fixed(&self.folder.number().to_be_bytes())
            .fixed(&self.epoch.to_be_bytes())
            .account(recipient)
            .fixed(key.as_bytes())
            .fixed(&self.commitment)
    }

    fn folder_info(&self, key: Digest) -> Context {
        self.info("hospital-record/v1/lock/folder", Account([0; 20]), key)
    }

    fn account_info(&self, recipient: Account, key: Digest) -> Context {
        self.info("hospital-record/v1/lock/account", recipient, key)
    }
}

/// A record's content key, sealed to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Lock {
    /// Sealed to the folder's key of one epoch: every reader of the folder can open it.
    Folder {
        /// The folder's epoch.
        epoch: Epoch,
        /// The content key.
        sealed: Sealed,
    },
    /// Sealed to one account's profile key.
    Account {
        /// The owner of the key.
        account: Account,
        /// SHA-256 of the account's key.
        key_id: Digest,
        /// The folder's epoch.
        epoch: Epoch,
        /// The content key.
        sealed: Sealed,
    },
}

impl Lock {
    /// Locks to the folder's public key of `context.epoch`.
    ///
    /// # Errors
    /// [`SealError::Commitment`] if the context commits to another key.
    pub fn folder(context: &LockContext, key: &HpkePublicKey, content: &ContentKey) -> Result<Self, SealError> {
        check_commitment(context, content)?;
        let sealed = Sealed::new(key, context.folder_info(key.key_id()).bytes(), content.expose_secret())?;
        Ok(Self::Folder { epoch: context.epoch, sealed })
    }

    /// Locks to a profile key of `account`.
    ///
    /// # Errors
    /// [`SealError::Commitment`] if the context commits to another key.
    pub fn account(
        context: &LockContext,
        account: Account,
        key: &HpkePublicKey,
        content: &ContentKey,
    ) -> Result<Self, SealError> {
        check_commitment(context, content)?;
        let key_id = key.key_id();
        let sealed = Sealed::new(key, context.account_info(account, key_id).bytes(), content.expose_secret())?;
        Ok(Self::Account { account, key_id, epoch: context.epoch, sealed })
    }

    /// The folder's epoch that the author saw.
    pub fn epoch(&self) -> Epoch {
        match self {
            Self::Folder { epoch, .. } | Self::Account { epoch, .. } => *epoch,
        }
    }

    /// Opens a folder lock with a state of its epoch or a later one.
    ///
    /// # Errors
    /// [`SealError::Mismatch`] for an account lock or another epoch than the context's, [`SealError::EpochAhead`],
    /// [`SealError::Unopenable`], [`SealError::Commitment`].
    pub fn open_folder(&self, context: &LockContext, state: &FolderState) -> Result<ContentKey, SealError> {
        self.open_folder_with(context, &state.at(context.epoch)?.key_pair())
    }

    /// Like [`open_folder`](Self::open_folder), with an existing key pair, for many records of one epoch.
    ///
    /// # Errors
    /// As [`open_folder`](Self::open_folder).
    pub fn open_folder_with(&self, context: &LockContext, secret: &FolderSecret) -> Result<ContentKey, SealError> {
        let Self::Folder { epoch, sealed } = self else {
            return Err(mismatch("kind of recipient"));
        };
        if *epoch != context.epoch || secret.epoch() != context.epoch {
            return Err(mismatch("epoch"));
        }
        let info = context.folder_info(secret.public().key_id());
        unlock(context, &secret.keys, &info, sealed)
    }

    /// Opens an account lock with the recipient's profile keys.
    ///
    /// # Errors
    /// [`SealError::Mismatch`] for a folder lock, another epoch than the context's, or another key;
    /// [`SealError::Unopenable`], [`SealError::Commitment`].
    pub fn open_account(&self, context: &LockContext, keys: &ProfileKeys) -> Result<ContentKey, SealError> {
        let Self::Account { account, key_id, epoch, sealed } = self else {
            return Err(mismatch("kind of recipient"));
        };
        if *epoch != context.epoch {
            return Err(mismatch("epoch"));
        }
        if *key_id != keys.public().key_id() || *account != keys.account() {
            return Err(mismatch("recipient"));
        }
        unlock(context, keys.hpke(), &context.account_info(*account, *key_id), sealed)
    }
}

fn mismatch(field: &'static str) -> SealError {
    SealError::Mismatch { what: "the lock", field }
}

fn unlock(context: &LockContext, keys: &HpkeKeys, info: &Context, sealed: &Sealed) -> Result<ContentKey, SealError> {
    let plain = keys.open(info.bytes(), sealed, "the lock")?;
    let bytes = plain.as_slice().try_into();
    let key = bytes.map(ContentKey::from_bytes).map_err(|_| SealError::Payload {
        what: "lock",
        reason: format!("a content key has 32 bytes, not {}", plain.len()),
    })?;
    check_commitment(context, &key).map(|()| key)
}

fn check_commitment(context: &LockContext, key: &ContentKey) -> Result<(), SealError> {
    let same: bool = key.commitment().ct_eq(&context.commitment).into();
    if same { Ok(()) } else { Err(SealError::Commitment) }
}
