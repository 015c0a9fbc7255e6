//! Keyrings: the keys that a folder's remaining readers get for a new epoch.
//!
//! A keyring is a signed block of kind `keyring` by the patient. Each entry is the folder's new state (32 bytes) sealed
//! with HPKE to one reader. The `info` is that of an envelope with the label `hospital-record/v1/keyring`, the patient
//! as issuer and the folder as scope. An account that may only contribute takes the new public key from the statement.
//! A board that can admit accounts has no entry: the keyring names the block with the new shares of its members.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::envelope::{EnvelopeContext, FolderKeyStatement, check_statement};
use super::ratchet::FolderState;
use super::wrap::{HpkePublicKey, Sealed};
use crate::block::{self, Block, Body, Unverified, Verified, sealed::Checked};
use crate::error::{BlockError, CoreError, SealError};
use crate::id::{Account, Deployment, Digest, Epoch, Folder, Scope};
use crate::identity::ProfileKeys;

/// The maximum number of entries of a keyring, which fit into 1 MiB.
pub const MAX_ENTRIES: usize = 600;
/// The maximum number of deals of a keyring.
pub const MAX_DEALS: usize = 16;
const LABEL: &str = "hospital-record/v1/keyring";

/// The body of a keyring block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyring {
    /// The folder.
    pub folder: Folder,
    /// The epoch that starts with this keyring.
    pub epoch: Epoch,
    /// The [`FolderKeyStatement`] block of this folder and epoch.
    pub statement: ByteBuf,
    /// One entry for each reader, sorted by account, without duplicates.
    pub entries: Vec<KeyringEntry>,
    /// One for each board, sorted by account, without duplicates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<KeyringDeal>,
}

/// The new state for one reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyringEntry {
    /// The reader.
    pub grantee: Account,
    /// SHA-256 of the reader's key.
    pub key_id: Digest,
    /// The state.
    pub sealed: Sealed,
}

/// The deal of the new state to a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyringDeal {
    /// The board.
    pub board: Account,
    /// SHA-256 of the [`Deal`](crate::board::deal::Deal) block.
    pub deal: Digest,
}

impl Body for Keyring {
    const KIND: &'static str = "keyring";
    const MAX: usize = 1 << 20;
}

impl Checked for Keyring {
    fn check(&self, deployment: Deployment, issuer: Account) -> Result<(), BlockError> {
        let invalid = |reason| BlockError::Invalid { kind: Self::KIND, reason };
        let statement = FolderKeyStatement::parse(&self.statement, deployment)?;
        let same = statement.peek().folder == self.folder && statement.peek().epoch == self.epoch;
        if !same || statement.issuer() != issuer {
            return Err(invalid("its folder key statement is of another folder, epoch or patient"));
        }
        if self.entries.len() > MAX_ENTRIES {
            return Err(invalid("it has more than 600 entries"));
        }
        if self.deals.len() > MAX_DEALS {
            return Err(invalid("it has more than 16 deals"));
        }
        let sorted = self.entries.is_sorted_by(|one, next| one.grantee < next.grantee)
            && self.deals.is_sorted_by(|one, next| one.board < next.board);
        if sorted { Ok(()) } else { Err(invalid("its entries are not sorted or an account has two")) }
    }
}

/// Seals the new `state` of a folder to its remaining readers and signs as the patient, whose profile block has digest
/// `profile`. `deals` are those of the remaining boards. If a reader is given twice, the first key counts.
///
/// # Errors
/// [`SealError::TooManyGrantees`] above [`MAX_ENTRIES`] readers or [`MAX_DEALS`] boards, [`BlockError::Invalid`] for a board
/// that is named twice.
pub fn seal_keyring(
    deployment: Deployment,
    folder: Folder,
    state: &FolderState,
    readers: &[(Account, HpkePublicKey)],
    deals: Vec<KeyringDeal>,
    profile: Digest,
    keys: &ProfileKeys,
) -> Result<Block, CoreError> {
    for (found, max) in [(readers.len(), MAX_ENTRIES), (deals.len(), MAX_DEALS)] {
        if found > max {
            return Err(SealError::TooManyGrantees { found, max }.into());
        }
    }
    let mut readers: Vec<_> = readers.iter().collect();
    readers.sort_by_key(|(account, _)| *account);
    readers.dedup_by_key(|(account, _)| *account);
    let entry = |(grantee, key): &(Account, HpkePublicKey)| {
        let context = context(deployment, keys.account(), folder, *grantee, state.epoch());
        let key_id = key.key_id();
        let sealed = Sealed::new(key, context.info(LABEL, key_id).bytes(), state.expose_secret())?;
        Ok(KeyringEntry { grantee: *grantee, key_id, sealed })
    };
    let entries = readers.into_iter().map(entry).collect::<Result<_, SealError>>()?;
    let statement = FolderKeyStatement::sign(folder, state, deployment, profile, keys)?;
    let statement = ByteBuf::from(statement.bytes.to_vec());
    let mut deals = deals;
    deals.sort_by_key(|dealt| dealt.board);
    let body = Keyring { folder, epoch: state.epoch(), statement, entries, deals };
    Ok(block::sign(deployment, profile, body, keys)?)
}

fn context(
    deployment: Deployment,
    patient: Account,
    folder: Folder,
    grantee: Account,
    epoch: Epoch,
) -> EnvelopeContext {
    EnvelopeContext { deployment, patient, issuer: patient, grantee, scope: Scope::Folder(folder), epoch }
}

impl Keyring {
    /// The folder key statement inside, signed by the same patient.
    ///
    /// # Errors
    /// See [`block::parse`].
    pub fn statement(&self, deployment: Deployment) -> Result<Unverified<FolderKeyStatement>, BlockError> {
        FolderKeyStatement::parse(&self.statement, deployment)
    }
}

/// Opens the entry of `keys`' account. The folder is the one that the chain names with the keyring's digest. The state
/// is checked against the keyring's statement. A reader with an older state must also check [`FolderState::continues`].
///
/// # Errors
/// [`SealError::Mismatch`] for another folder, [`SealError::NoEntry`], [`SealError::Unopenable`].
pub fn open_keyring(
    keyring: &Verified<Keyring>,
    deployment: Deployment,
    folder: Folder,
    keys: &ProfileKeys,
) -> Result<FolderState, CoreError> {
    if keyring.folder != folder {
        return Err(SealError::Mismatch { what: "the keyring", field: "folder" }.into());
    }
    let (account, key_id) = (keys.account(), keys.public().key_id());
    let own = keyring.entries.iter().find(|entry| entry.grantee == account && entry.key_id == key_id);
    let own = own.ok_or(SealError::NoEntry)?;
    let info = context(deployment, keyring.issuer(), folder, account, keyring.epoch).info(LABEL, key_id);
    let plain = keys.hpke().open(info.bytes(), &own.sealed, "the keyring's entry")?;
    let reason = || format!("a folder state has 32 bytes, not {}", plain.len());
    let secret = plain.as_slice().try_into().map_err(|_| SealError::Payload { what: "keyring", reason: reason() })?;
    let state = FolderState::from_bytes(keyring.epoch, secret);
    check_statement(keyring.statement(deployment)?.peek(), folder, keyring.epoch, Some(&state))?;
    Ok(state)
}
