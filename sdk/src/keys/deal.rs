//! What is dealt to a board: with the patient's grant, and anew whenever the folder's keys move on.

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::{Block, Verified},
    board::deal::{Deal, seal_deal},
    error::CoreError,
    id::{Deployment, Digest, Epoch, Folder, Scope},
    seal::{
        envelope::{EnvelopeContext, EnvelopeKeys, EnvelopePayload, FolderKeyStatement},
        keyring::{KeyringDeal, MAX_DEALS},
        ratchet::FolderState,
    },
};

use crate::{
    base::{
        error::{Error, Result},
        record_ref::account,
    },
    boards::board::Board,
    client::Client,
    journal::known::Known,
    ledger::{Event, Grant, folder_of},
};

pub(crate) fn deal_context(
    at: Deployment,
    patient: Address,
    board: Address,
    scope: Scope,
    epoch: Epoch,
) -> EnvelopeContext {
    let (patient, grantee) = (account(patient), account(board));
    EnvelopeContext { deployment: at, patient, issuer: patient, grantee, scope, epoch }
}

/// A keyring's deals, and the accounts of the folder that it needs no entries for.
#[derive(Default)]
pub(crate) struct Dealt {
    pub(crate) blocks: Vec<Block>,
    pub(crate) named: Vec<KeyringDeal>,
    /// Boards that nothing could be dealt to.
    pub(crate) left_out: Vec<Address>,
    boards: Vec<Address>,
}

impl Dealt {
    /// Boards have deals instead of entries. Whom a board let in has no new keys: it is in for hours.
    pub(crate) fn is_for(&self, account: Address, grant: Option<&Grant>) -> bool {
        let giver = grant.and_then(|grant| grant.state.giver);
        self.boards.contains(&account) || giver.is_some_and(|giver| self.boards.contains(&giver))
    }
}

impl Client {
    /// Deals keys of this person to the members of a board who remain.
    pub(crate) async fn deal(
        &self,
        board: &Board,
        (scope, epoch): (Scope, Epoch),
        payload: &EnvelopePayload,
        note: Option<Vec<u8>>,
    ) -> Result<Block> {
        let me = self.address();
        // A patient who is a member of the board has no say about their own records, and needs no share.
        let members: Vec<_> = board.present().filter(|member| *member != me).collect();
        let members = self.keys_of(&members).await?;
        if board.closed || members.len() < usize::from(board.threshold) {
            let (address, members, needed) = (board.address, members.len(), board.threshold);
            return Err(Error::Conflict(format!(
                "the board {address} opens nothing: it is closed, or of the {needed} members it needs {members} with keys remain"
            )));
        }
        let context = deal_context(self.deployment(), me, board.address, scope, epoch);
        let me = self.published().await?;
        Ok(seal_deal(&context, board.threshold, &members, payload, note, me.digest, &me.keys)?)
    }

    /// Deals the state of a folder's next epoch to the boards among `accounts`.
    pub(crate) async fn deal_anew(
        &self,
        journal: &Known,
        folder: Folder,
        state: &FolderState,
        accounts: &[Address],
    ) -> Result<Dealt> {
        let mut dealt = Dealt::default();
        for board in accounts {
            let Some((_, before)) = self.dealt_with(journal, folder, *board).await? else { continue };
            dealt.boards.push(*board);
            let attempt = match dealt.named.len() < MAX_DEALS {
                true => self.deal_state(*board, &before, folder, state).await,
                false => Err(Error::Invalid("a keyring names 16 deals at most".into())),
            };
            match attempt {
                Ok(block) => {
                    dealt.named.push(KeyringDeal { board: account(*board), deal: block.digest() });
                    dealt.blocks.push(block);
                }
                Err(error) if error.is_silence() => return Err(error),
                Err(_) => dealt.left_out.push(*board),
            }
        }
        Ok(dealt)
    }

    /// Whether a grant of the patient was made with a deal instead of an envelope.
    async fn is_of_board(&self, grant: &Grant) -> Result<bool> {
        if grant.state.giver.is_some() || !grant.state.rights.delegates() {
            return Ok(false);
        }
        match self.system().people().is_kind::<Deal>(Digest(grant.envelope.0)).await {
            Err(Error::NotAvailable(_) | Error::Integrity(_)) => Ok(false),
            other => other,
        }
    }

    async fn deal_state(&self, address: Address, before: &Deal, folder: Folder, state: &FolderState) -> Result<Block> {
        let note = self.note_of_deal(before, address);
        let note = note.ok_or_else(|| Error::Integrity("the deal of this grant does not name the folder".into()))?;
        let board = self.system().board(address).await?;
        let me = self.published().await?;
        let statement = FolderKeyStatement::sign(folder, state, self.deployment(), me.digest, &me.keys);
        let statement = statement.map_err(CoreError::from)?.bytes.to_vec();
        let payload = EnvelopePayload {
            keys: EnvelopeKeys::Folder { state: Some(state.clone()), statement },
            folder_name: note.folder,
            confidentiality: note.confidentiality,
            sources: Vec::new(),
        };
        self.deal(&board, (Scope::Folder(folder), state.epoch()), &payload, None).await
    }

    /// The grant of a folder to a board, and what this person dealt with it; nothing for whoever is no board. A provider can
    /// neither invent a board that was dealt to nor bring one back.
    async fn dealt_with<'a>(
        &self,
        journal: &'a Known,
        folder: Folder,
        board: Address,
    ) -> Result<Option<(&'a Grant, Verified<Deal>)>> {
        let Some(grant) = journal.folder_grant(folder, board) else { return Ok(None) };
        if !self.is_of_board(grant).await? {
            return Ok(None);
        }
        let given = journal.history.entries().iter().filter(|entry| match entry.event {
            Event::AccessGranted { grantee, envelope, .. } => (grantee, envelope) == (board, grant.envelope),
            _ => false,
        });
        let once = given.count() == 1;
        let deal: Verified<Deal> = match self.signed(Digest(grant.envelope.0)).await {
            Err(error) if !error.is_silence() => return Ok(None),
            other => other?,
        };
        let same = (deal.issuer(), deal.board, deal.scope, deal.epoch)
            == (account(journal.patient), account(board), Scope::Folder(folder), grant.epoch);
        Ok((once && same).then_some((grant, deal)))
    }

    /// The newest shares that a patient dealt to a board, and what they are for.
    pub(crate) async fn newest_deal(
        &self,
        journal: &Known,
        scope: B256,
        board: Address,
    ) -> Result<(Verified<Deal>, EnvelopeContext)> {
        let grant = journal.grant(scope, board).ok_or_else(|| {
            Error::Denied(format!("{} has granted nothing of this to the board {board}", journal.patient))
        })?;
        let (epoch, digest) = self.newest_named(journal, scope, (board, grant)).await?;
        let deal: Verified<Deal> = self.signed(digest).await?;
        let scope = Scope::from_bytes(scope.0).map_err(CoreError::from)?;
        Ok((deal, deal_context(self.deployment(), journal.patient, board, scope, epoch)))
    }

    async fn newest_named(
        &self,
        journal: &Known,
        scope: B256,
        (board, grant): (Address, &Grant),
    ) -> Result<(Epoch, Digest)> {
        if let Some(number) = folder_of(scope) {
            let folder = Folder::new(number).map_err(CoreError::from)?;
            let keys = journal.folder(folder);
            for ring in keys.keyrings.iter().rev().take_while(|ring| ring.epoch > grant.epoch) {
                let keyring = match self.keyring(journal.patient, folder, ring.digest, ring.epoch).await {
                    // One that nobody has is no reason to do without an older deal.
                    Err(Error::NotAvailable(_) | Error::Integrity(_)) => continue,
                    other => other?,
                };
                if let Some(dealt) = keyring.deals.iter().find(|dealt| dealt.board == account(board)) {
                    return Ok((ring.epoch, dealt.deal));
                }
            }
        }
        Ok((grant.epoch, Digest(grant.envelope.0)))
    }

    /// Whether the keys must move on because of a board: the current ones are dealt to somebody who left it, or to a board
    /// that opens nothing any more, or a board that could have them has not.
    pub(crate) async fn is_dealt_amiss(&self, journal: &Known, folder: Folder, now: u64) -> Result<bool> {
        // As many as a keyring names, in the order in which they are dealt to: a rotation gives no more.
        let mut have = 0;
        for address in journal.state().folder_readers(folder.number(), now) {
            let Some((grant, before)) = self.dealt_with(journal, folder, address).await? else { continue };
            let board = match self.system().board(address).await {
                Err(error) if !error.is_silence() => continue,
                other => other?,
            };
            let left =
                |deal: &Deal| deal.shares.iter().any(|share| board.left.contains(&Address::from(share.member.0)));
            let amiss = match self.current_deal(journal, folder, (address, grant)).await? {
                Some(deal) => {
                    have += 1;
                    !board.works() || left(&deal)
                }
                None if have == MAX_DEALS || self.note_of_deal(&before, address).is_none() => continue,
                None => self.can_deal(&board).await?,
            };
            if amiss {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What was dealt to a board of the current keys, where that can be had.
    async fn current_deal(
        &self,
        journal: &Known,
        folder: Folder,
        (board, grant): (Address, &Grant),
    ) -> Result<Option<Verified<Deal>>> {
        let keys = journal.folder(folder);
        let digest = match keys.keyring().copied().filter(|_| grant.epoch < keys.epoch) {
            None => Digest(grant.envelope.0),
            Some(ring) => match self.keyring(journal.patient, folder, ring.digest, ring.epoch).await {
                Err(error) if !error.is_silence() => return Ok(None),
                keyring => {
                    let keyring = keyring?;
                    match keyring.deals.iter().find(|dealt| dealt.board == account(board)) {
                        Some(dealt) => dealt.deal,
                        None => return Ok(None),
                    }
                }
            },
        };
        match self.signed(digest).await {
            Err(error) if !error.is_silence() => Ok(None),
            deal => Ok(Some(deal?)),
        }
    }

    /// Whether a rotation would give it keys: else it would be repeated for ever.
    async fn can_deal(&self, board: &Board) -> Result<bool> {
        let me = self.address();
        let members: Vec<_> = board.present().filter(|member| *member != me).collect();
        Ok(board.works() && self.keys_of(&members).await?.len() >= usize::from(board.threshold))
    }
}
