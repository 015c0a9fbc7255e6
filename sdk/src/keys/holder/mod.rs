//! Holders of keys: an account or a board. A block that is sealed to a holder stands behind each grant, and is opened
//! here.
//!
//! Only this folder distinguishes the kinds of holders.

pub(crate) mod board;
pub(crate) mod case;

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::{Block, Verified},
    board::{deal::Deal, note::CaseNote},
    error::CoreError,
    id::{Account, Digest, Scope},
    profile::fingerprint,
    seal::{
        envelope::{Envelope, EnvelopeContext, EnvelopePayload, open_envelope, seal_envelope},
        lock::HpkePublicKey,
    },
};

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
    boards::board::Board,
    keys::notes::{self, Note},
    ledger::GrantEntry,
    people::grantee::Grantee,
};

/// An account or a board that keys can be sealed to.
pub(crate) struct Holder {
    kind: HolderKind,
    /// The fingerprint of the keys; for a board, one line for each member.
    pub(crate) fingerprint: String,
}

enum HolderKind {
    /// Gets keys in an envelope.
    Account(HpkePublicKey),
    /// Its members get the keys in shares.
    Board(Board),
}

impl Holder {
    pub(crate) async fn account(person: &Person, grantee: &Grantee) -> Result<Self> {
        let (digest, profile) = person.people().profile_of(grantee.address, grantee.profile).await?;
        Ok(Self { kind: HolderKind::Account(profile.keys.hpke), fingerprint: fingerprint(digest) })
    }

    pub(crate) async fn board(person: &Person, board: &Board) -> Result<Self> {
        let mut fingerprints = Vec::new();
        for member in board.present() {
            fingerprints.push(match person.people().profile_of(member, None).await {
                Ok((digest, _)) => fingerprint(digest),
                Err(error) if error.is_outage() => return Err(error),
                Err(_) => format!("{member} has no keys that are available, and gets no share"),
            });
        }
        Ok(Self { kind: HolderKind::Board(board.clone()), fingerprint: fingerprints.join("\n") })
    }

    /// The block that a grant to this holder names.
    pub(crate) async fn seal(
        &self,
        person: &Person,
        context: &EnvelopeContext,
        payload: &EnvelopePayload,
        note: Option<Vec<u8>>,
    ) -> Result<Block> {
        match &self.kind {
            HolderKind::Board(board) => board::deal(person, board, (context.scope, context.epoch), payload, note).await,
            HolderKind::Account(key) => {
                let me = person.published().await?;
                Ok(seal_envelope(context, key, payload, note, me.digest, &me.keys)?)
            }
        }
    }
}

/// Opens the envelope of a grant to this account. If a board admitted it, opens the shares that members released.
pub(crate) async fn payload_of(
    person: &Person,
    patient: Address,
    scope: B256,
    grant: &GrantEntry,
) -> Result<EnvelopePayload> {
    if let Some(giver) = grant.state.giver {
        let is_case = match person.people().is_kind::<CaseNote>(Digest(grant.envelope.0)).await {
            // The member who opened the case may not have stored its reason.
            Err(Error::NotAvailable(_)) => person.boards.at(giver).await.is_ok(),
            other => other?,
        };
        if is_case {
            return case::payload_by_case(person, patient, scope, grant).await;
        }
    }
    let envelope: Verified<Envelope> = person.signed(Digest(grant.envelope.0)).await?;
    let context = EnvelopeContext {
        deployment: person.deployment,
        patient: Account(patient.into()),
        issuer: Account(grant.state.giver.unwrap_or(patient).into()),
        grantee: person.account(),
        scope: Scope::from_bytes(scope.0).map_err(CoreError::from)?,
        epoch: grant.epoch,
    };
    Ok(open_envelope(&envelope, &context, &person.published().await?.keys)?)
}

/// The patient's note to themselves in an envelope, if there is one.
pub(crate) async fn note_in(person: &Person, envelope: B256, grantee: Address) -> Result<Option<Note>> {
    let digest = Digest(envelope.0);
    if person.people().is_kind::<Deal>(digest).await? {
        return Ok(notes::of_deal(person, &person.signed::<Deal>(digest).await?.into_body(), grantee));
    }
    let envelope: Verified<Envelope> = person.signed(digest).await?;
    Ok(notes::of_envelope(person, &envelope, grantee))
}
