//! Envelopes and folder key statements, which bring keys to one grantee.
//!
//! An envelope is a signed block of kind `envelope` with a payload that HPKE seals to the grantee. The HPKE `info` is
//! the label `hospital-record/v1/envelope`, the chain, the contract and then, each of fixed width, `patient[20] |
//! issuer[20] | grantee[20] | scope[32] | key id[32] | u16be epoch`. The payload is `secret[32] |` the dag-cbor map
//! `{keys: "read" | "contribute" | "record", statement, folder_name, confidentiality, sources}`, padded to a multiple
//! of 512 bytes to hide the length of the folder's name. The secret is the folder's state, the record's content key, or
//! zeros for a grantee that may only contribute.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::context::Context;
use super::payload::MAX_PAYLOAD;
pub use super::payload::{EnvelopeKeys, EnvelopePayload};
use super::ratchet::FolderState;
use super::wrap::{HpkePublicKey, Sealed};
use crate::block::{self, Block, Body, Verified, sealed::Checked};
use crate::cbor;
use crate::error::{BlockError, CoreError, SealError};
use crate::id::{Account, Deployment, Digest, Epoch, Folder, Scope};
use crate::identity::ProfileKeys;

const LABEL: &str = "hospital-record/v1/envelope";
pub(crate) const MAX_SEALED_NOTE: usize = 8 << 10;

/// The context of an envelope. Take it from the chain, not from the envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvelopeContext {
    /// Chain and contract.
    pub deployment: Deployment,
    /// The patient whose records the grant is about.
    pub patient: Account,
    /// The account that makes the grant.
    pub issuer: Account,
    /// The account that gets it.
    pub grantee: Account,
    /// The folder or record.
    pub scope: Scope,
    /// The epoch of the folder, or of the record's folder.
    pub epoch: Epoch,
}

impl EnvelopeContext {
    pub(crate) fn info(&self, label: &str, key: Digest) -> Context {
        Context::new(label, self.deployment)
            .account(self.patient)
            .account(self.issuer)
            .account(self.grantee)
            .fixed(&self.scope.to_bytes())
            .fixed(key.as_bytes())
            .fixed(&self.epoch.to_be_bytes())
    }
}

/// A folder's public key of one epoch, in a signed block of kind `folder-key` by the patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderKeyStatement {
    /// The folder.
    pub folder: Folder,
    /// The epoch.
    pub epoch: Epoch,
    /// The key to which records of this folder and epoch are locked.
    pub public_key: HpkePublicKey,
}

impl Body for FolderKeyStatement {
    const KIND: &'static str = "folder-key";
    const MAX: usize = 8 << 10;
}

impl Checked for FolderKeyStatement {}

impl FolderKeyStatement {
    /// Signs, as the patient, the public key of `state`. `profile` is the digest of the patient's profile block.
    ///
    /// # Errors
    /// Never in practice; see [`block::sign`].
    pub fn sign(
        folder: Folder,
        state: &FolderState,
        at: Deployment,
        profile: Digest,
        keys: &ProfileKeys,
    ) -> Result<Block, BlockError> {
        block::sign(at, profile, Self { folder, epoch: state.epoch(), public_key: state.public_key() }, keys)
    }
}

/// The signed block of kind `envelope`. Only its grantee opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The patient whose records the grant is about.
    pub patient: Account,
    /// The account that gets the keys.
    pub grantee: Account,
    /// The folder or record.
    pub scope: Scope,
    /// The folder's epoch.
    pub epoch: Epoch,
    /// SHA-256 of the grantee's key.
    pub key_id: Digest,
    /// The payload.
    pub sealed: Sealed,
    /// The patient's name for the grantee, from [`Keys::note_seal`](crate::identity::Keys::note_seal).
    pub note: Option<ByteBuf>,
}

impl Body for Envelope {
    const KIND: &'static str = "envelope";
    const MAX: usize = 64 << 10;
}

impl Checked for Envelope {
    fn check(&self, _: Deployment, _: Account) -> Result<(), BlockError> {
        let note = self.note.as_ref().map_or(0, |note| note.len());
        cbor::check_size(Self::KIND, self.sealed.ciphertext().len(), MAX_PAYLOAD + 64)?;
        cbor::check_size(Self::KIND, note, MAX_SEALED_NOTE)
    }
}

/// Seals keys to a grantee and signs the envelope as `context.issuer`, whose profile block has digest `profile`.
///
/// # Errors
/// [`SealError::TooLarge`] for names and sources above 16 KiB together; [`SealError::Mismatch`] if the keys are not of
/// the context's scope and epoch, or `keys` are not the issuer's.
pub fn seal_envelope(
    context: &EnvelopeContext,
    grantee: &HpkePublicKey,
    payload: &EnvelopePayload,
    note: Option<Vec<u8>>,
    profile: Digest,
    keys: &ProfileKeys,
) -> Result<Block, CoreError> {
    if keys.account() != context.issuer {
        return Err(mismatch("issuer").into());
    }
    check_keys(context, payload)?;
    let key_id = grantee.key_id();
    let plain = payload.encode()?;
    let sealed = Sealed::new(grantee, context.info(LABEL, key_id).bytes(), &plain)?;
    let EnvelopeContext { patient, grantee, scope, epoch, .. } = *context;
    let body = Envelope { patient, grantee, scope, epoch, key_id, sealed, note: note.map(ByteBuf::from) };
    Ok(block::sign(context.deployment, profile, body, keys)?)
}

/// Opens an envelope that was sealed to `keys` in this context. It checks that the statement inside agrees with the
/// state and the context. If the issuer is not the patient, the caller must verify the statement's signature with the
/// patient's keys.
///
/// # Errors
/// [`SealError::Mismatch`] if the envelope is for another context, [`SealError::Unopenable`], [`SealError::Payload`].
pub fn open_envelope(
    envelope: &Verified<Envelope>,
    context: &EnvelopeContext,
    keys: &ProfileKeys,
) -> Result<EnvelopePayload, CoreError> {
    let same = [
        (envelope.issuer() == context.issuer, "issuer"),
        (envelope.patient == context.patient, "patient"),
        (envelope.grantee == context.grantee && keys.account() == context.grantee, "grantee"),
        (envelope.scope == context.scope, "scope"),
        (envelope.epoch == context.epoch, "epoch"),
        (envelope.key_id == keys.public().key_id(), "recipient key"),
    ];
    SealError::unless_same("the envelope", same)?;
    let info = context.info(LABEL, envelope.key_id);
    let plain = keys.hpke().open(info.bytes(), &envelope.sealed, "the envelope")?;
    let payload = EnvelopePayload::decode(&plain, context.epoch)?;
    check_keys(context, &payload)?;
    Ok(payload)
}

fn mismatch(field: &'static str) -> SealError {
    SealError::Mismatch { what: "the envelope", field }
}

pub(crate) fn check_keys(context: &EnvelopeContext, payload: &EnvelopePayload) -> Result<(), CoreError> {
    match (&payload.keys, context.scope) {
        (EnvelopeKeys::Record { .. }, Scope::Record(_)) => Ok(()),
        (EnvelopeKeys::Folder { state, statement }, Scope::Folder(folder)) => {
            let statement = FolderKeyStatement::parse(statement, context.deployment)?;
            if statement.issuer() != context.patient {
                return Err(mismatch("issuer of the folder's key").into());
            }
            check_statement(statement.peek(), folder, context.epoch, state.as_ref())
        }
        _ => Err(mismatch("kind of scope").into()),
    }
}

pub(crate) fn check_statement(
    statement: &FolderKeyStatement,
    folder: Folder,
    epoch: Epoch,
    state: Option<&FolderState>,
) -> Result<(), CoreError> {
    let fits = |state: &FolderState| state.epoch() == epoch && state.public_key() == statement.public_key;
    if statement.folder != folder || statement.epoch != epoch {
        return Err(SealError::Mismatch { what: "the folder key statement", field: "folder or epoch" }.into());
    }
    if !state.is_none_or(fits) {
        return Err(SealError::Mismatch { what: "the folder key statement", field: "public key" }.into());
    }
    Ok(())
}
