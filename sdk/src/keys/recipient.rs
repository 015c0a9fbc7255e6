//! Who gets the keys of a grant: one account in an envelope, or the members of a board in shares.

use hospital_record_core::{
    block::Block,
    profile::fingerprint,
    seal::{
        envelope::{EnvelopeContext, EnvelopePayload, seal_envelope},
        lock::HpkePublicKey,
    },
};

use crate::{base::error::Result, boards::board::Board, client::Client, people::grantee::Grantee};

pub(crate) enum Recipient<'a> {
    One(HpkePublicKey),
    Board(&'a Board),
}

impl Client {
    /// Who gets the keys, and the fingerprint of theirs; of a board one line a member.
    pub(crate) async fn recipient<'a>(
        &self,
        grantee: &Grantee,
        board: Option<&'a Board>,
    ) -> Result<(Recipient<'a>, String)> {
        let Some(board) = board else {
            let (digest, profile) = self.system().people().profile_of(grantee.address, grantee.profile).await?;
            return Ok((Recipient::One(profile.keys.hpke), fingerprint(digest)));
        };
        let mut fingerprints = Vec::new();
        for member in board.present() {
            fingerprints.push(match self.system().people().profile_of(member, None).await {
                Ok((digest, _)) => fingerprint(digest),
                Err(error) if error.is_silence() => return Err(error),
                Err(_) => format!("{member} has no keys that can be had, and gets no share"),
            });
        }
        Ok((Recipient::Board(board), fingerprints.join("\n")))
    }

    pub(crate) async fn seal_to(
        &self,
        recipient: &Recipient<'_>,
        context: &EnvelopeContext,
        payload: &EnvelopePayload,
        note: Option<Vec<u8>>,
    ) -> Result<Block> {
        match recipient {
            Recipient::Board(board) => self.deal(board, (context.scope, context.epoch), payload, note).await,
            Recipient::One(key) => {
                let me = self.published().await?;
                Ok(seal_envelope(context, key, payload, note, me.digest, &me.keys)?)
            }
        }
    }
}
