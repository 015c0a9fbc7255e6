//! Deals to boards: with the patient's grant, and again at each rotation of the folder's keys.

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
    acts::person::Person,
    base::{
        error::{Error, Result, fail},
        record_ref::account,
    },
    boards::board::Board,
    journal::verified::VerifiedJournal,
    keys::{keyrings, notes},
    ledger::{Event, GrantEntry, folder_of},
};

pub(crate) fn deal_context(
    at: Deployment,
    patient: Address,
    board: Address,
    scope: Scope,
    epoch: Epoch,
) -> EnvelopeContext {
    let patient = account(patient);
    let grantee = account(board);
    EnvelopeContext { deployment: at, patient, issuer: patient, grantee, scope, epoch }
}

/// A keyring's deals to boards. Their accounts need no entries in the keyring.
#[derive(Default)]
pub(crate) struct KeyringDeals {
    pub(crate) blocks: Vec<Block>,
    pub(crate) named: Vec<KeyringDeal>,
    /// Boards that got no deal.
    pub(crate) left_out: Vec<Address>,
    boards: Vec<Address>,
}

impl KeyringDeals {
    /// Boards have deals instead of entries. Accounts admitted by a board get no new keys, because they are in for
    /// hours.
    pub(crate) fn is_for(&self, account: Address, grant: Option<&GrantEntry>) -> bool {
        let giver = grant.and_then(|grant| grant.state.giver);
        self.boards.contains(&account) || giver.is_some_and(|giver| self.boards.contains(&giver))
    }
}

/// Deals keys of this person to the remaining members of a board.
pub(crate) async fn deal(
    person: &Person,
    board: &Board,
    (scope, epoch): (Scope, Epoch),
    payload: &EnvelopePayload,
    note: Option<Vec<u8>>,
) -> Result<Block> {
    let me = person.address();
    // A patient who is a member has no vote about their own records, and needs no share.
    let members: Vec<_> = board.present().filter(|member| *member != me).collect();
    let members = person.people().keys_of(&members).await?;
    if board.closed || members.len() < usize::from(board.threshold) {
        let address = board.address;
        let members = members.len();
        let needed = board.threshold;
        return fail!(
            Conflict,
            "the board {address} can open nothing: it is closed, or too few members with keys remain ({members}, and it \
             needs {needed})"
        );
    }
    let context = deal_context(person.deployment, me, board.address, scope, epoch);
    let me = person.published().await?;
    Ok(seal_deal(&context, board.threshold, &members, payload, note, me.digest, &me.keys)?)
}

/// Deals the state of a folder's next epoch to the boards among `accounts`, in blocks that the keyring names. A new
/// grant instead would be a key change each time.
pub(crate) async fn deal_anew(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    state: &FolderState,
    accounts: &[Address],
) -> Result<KeyringDeals> {
    let mut deals = KeyringDeals::default();
    for board in accounts {
        let Some((_, before)) = dealt_with(person, journal, folder, *board).await? else { continue };
        deals.boards.push(*board);
        let result = match deals.named.len() < MAX_DEALS {
            true => deal_state(person, *board, &before, folder, state).await,
            false => fail!(Invalid, "a keyring has room for 16 deals"),
        };
        match result {
            Ok(block) => {
                deals.named.push(KeyringDeal { board: account(*board), deal: block.digest() });
                deals.blocks.push(block);
            }
            Err(error) if error.is_outage() => return Err(error),
            Err(_) => deals.left_out.push(*board),
        }
    }
    Ok(deals)
}

/// Whether a grant of the patient was made with a deal instead of an envelope.
async fn is_of_board(person: &Person, grant: &GrantEntry) -> Result<bool> {
    if grant.state.giver.is_some() || !grant.state.rights.delegates() {
        return Ok(false);
    }
    match person.people().is_kind::<Deal>(Digest(grant.envelope.0)).await {
        Err(Error::NotAvailable(_) | Error::Integrity(_)) => Ok(false),
        other => other,
    }
}

async fn deal_state(
    person: &Person,
    address: Address,
    before: &Deal,
    folder: Folder,
    state: &FolderState,
) -> Result<Block> {
    let note = notes::of_deal(person, before, address);
    let note = note.ok_or_else(|| Error::Integrity("the deal of this grant does not name the folder".into()))?;
    let board = person.boards.at(address).await?;
    let me = person.published().await?;
    let statement = FolderKeyStatement::sign(folder, state, person.deployment, me.digest, &me.keys);
    let statement = statement.map_err(CoreError::from)?.bytes.to_vec();
    let payload = EnvelopePayload {
        keys: EnvelopeKeys::Folder { state: Some(state.clone()), statement },
        folder_name: note.folder,
        confidentiality: note.confidentiality,
        sources: Vec::new(),
    };
    deal(person, &board, (Scope::Folder(folder), state.epoch()), &payload, None).await
}

/// The grant of a folder to a board, and the deal of this person behind it; `None` if the account is no board. A
/// provider can neither invent such a board nor bring one back.
async fn dealt_with<'a>(
    person: &Person,
    journal: &'a VerifiedJournal,
    folder: Folder,
    board: Address,
) -> Result<Option<(&'a GrantEntry, Verified<Deal>)>> {
    let Some(grant) = journal.folder_grant(folder, board) else { return Ok(None) };
    if !is_of_board(person, grant).await? {
        return Ok(None);
    }
    let matching = journal.history.entries().iter().filter(|entry| match entry.event {
        Event::AccessGranted { grantee, envelope, .. } => (grantee, envelope) == (board, grant.envelope),
        _ => false,
    });
    let is_unique = matching.count() == 1;
    let deal: Verified<Deal> = match person.signed(Digest(grant.envelope.0)).await {
        Err(error) if !error.is_outage() => return Ok(None),
        other => other?,
    };
    let is_same = (deal.issuer(), deal.board, deal.scope, deal.epoch)
        == (account(journal.patient), account(board), Scope::Folder(folder), grant.epoch);
    Ok((is_unique && is_same).then_some((grant, deal)))
}

/// The newest deal of a patient to a board, and its context.
pub(crate) async fn newest_deal(
    person: &Person,
    journal: &VerifiedJournal,
    scope: B256,
    board: Address,
) -> Result<(Verified<Deal>, EnvelopeContext)> {
    let grant = journal.grant(scope, board).ok_or_else(|| {
        Error::Denied(format!("{} has not granted this to the board {board}", journal.patient).into())
    })?;
    let (epoch, digest) = newest_named(person, journal, scope, (board, grant)).await?;
    let deal: Verified<Deal> = person.signed(digest).await?;
    let scope = Scope::from_bytes(scope.0).map_err(CoreError::from)?;
    Ok((deal, deal_context(person.deployment, journal.patient, board, scope, epoch)))
}

async fn newest_named(
    person: &Person,
    journal: &VerifiedJournal,
    scope: B256,
    (board, grant): (Address, &GrantEntry),
) -> Result<(Epoch, Digest)> {
    if let Some(number) = folder_of(scope) {
        let folder = Folder::new(number).map_err(CoreError::from)?;
        let keys = journal.folder(folder);
        for ring in keys.keyrings.iter().rev().take_while(|ring| ring.epoch > grant.epoch) {
            let keyring = match keyrings::keyring(person, journal.patient, folder, ring.digest, ring.epoch).await {
                // If a keyring is not available, an older deal still helps.
                Err(Error::NotAvailable(_) | Error::Integrity(_)) => continue,
                other => other?,
            };
            if let Some(entry) = keyring.deals.iter().find(|entry| entry.board == account(board)) {
                return Ok((ring.epoch, entry.deal));
            }
        }
    }
    Ok((grant.epoch, Digest(grant.envelope.0)))
}

/// Whether the keys must move on because of a board: somebody who left it holds a share of the current ones, the board
/// can open nothing any more, or a board that could have the current keys lacks them.
pub(crate) async fn is_dealt_amiss(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    now: u64,
) -> Result<bool> {
    // A rotation deals to as many boards as a keyring names, in this order.
    let mut count = 0;
    for address in journal.state().folder_readers(folder.number(), now) {
        let Some((grant, before)) = dealt_with(person, journal, folder, address).await? else { continue };
        let board = match person.boards.at(address).await {
            Err(error) if !error.is_outage() => continue,
            other => other?,
        };
        let has_shares_of_leavers =
            |deal: &Deal| deal.shares.iter().any(|share| board.left.contains(&Address::from(share.member.0)));
        let is_amiss = match current_deal(person, journal, folder, (address, grant)).await? {
            Some(deal) => {
                count += 1;
                !board.works() || has_shares_of_leavers(&deal)
            }
            None if count == MAX_DEALS || notes::of_deal(person, &before, address).is_none() => continue,
            None => can_deal(person, &board).await?,
        };
        if is_amiss {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The deal of the current keys to a board, if it is available.
async fn current_deal(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    (board, grant): (Address, &GrantEntry),
) -> Result<Option<Verified<Deal>>> {
    let keys = journal.folder(folder);
    let digest = match keys.keyring().copied().filter(|_| grant.epoch < keys.epoch) {
        None => Digest(grant.envelope.0),
        Some(ring) => match keyrings::keyring(person, journal.patient, folder, ring.digest, ring.epoch).await {
            Err(error) if !error.is_outage() => return Ok(None),
            keyring => {
                let keyring = keyring?;
                match keyring.deals.iter().find(|entry| entry.board == account(board)) {
                    Some(entry) => entry.deal,
                    None => return Ok(None),
                }
            }
        },
    };
    match person.signed(digest).await {
        Err(error) if !error.is_outage() => Ok(None),
        deal => Ok(Some(deal?)),
    }
}

/// Whether a rotation would give keys to the board. If not, it would be repeated for ever.
async fn can_deal(person: &Person, board: &Board) -> Result<bool> {
    let me = person.address();
    let members: Vec<_> = board.present().filter(|member| *member != me).collect();
    Ok(board.works() && person.people().keys_of(&members).await?.len() >= usize::from(board.threshold))
}
