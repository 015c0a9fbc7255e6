//! From a case that took effect to the keys: members release their shares, and whom it lets in puts them together.

use crate::{
    access::boards::{acknowledged, open::A_DAY, opening},
    acts::person::Person,
    base::{
        error::{Error, Result},
        record_ref::account,
    },
    boards::{
        board::Board,
        case::{Case, WINDOW},
    },
    journal::verified::VerifiedJournal,
    keys::{
        holder::board::{self},
        owed::{self, DONE, OwedBlocks},
    },
    ledger::{Grant, call},
    platform::cache::{RELEASES, key},
};

use alloy::primitives::B256;
use hospital_record_contracts::boards::IBoard::releaseCall;
use hospital_record_core::{
    block::{Block, Verified},
    board::{deal::Deal, release::release_share},
    id::{DAG_CBOR, Digest},
    seal::envelope::EnvelopeContext,
};

/// From its opening so long a case lets somebody in, in seconds.
const LONGEST: u64 = WINDOW + A_DAY.as_secs();
const UNDER_WAY: u8 = 0;

/// A share that was released.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Released {
    /// Which case it was for.
    pub case: B256,
    /// SHA-256 of the block with the share, sealed to whom the case lets in.
    pub share: B256,
    /// Hash of the transaction; `None` where a relay carried it and nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn release(person: &Person, board: &Board, case: &Case) -> Result<Released> {
    board.require_member(person.address())?;
    let (deal, context) = deal_for(person, case).await?;
    release_of(person, case, &deal, &context).await
}

/// What a case that took effect is to be given shares of.
async fn deal_for(person: &Person, case: &Case) -> Result<(Verified<Deal>, EnvelopeContext)> {
    let journal = person.journals().of(case.patient).await?;
    require_let_in(person, &journal, case).await?;
    board::newest_deal(person, &journal, case.scope_id, case.board).await
}

async fn release_of(
    person: &Person,
    case: &Case,
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
) -> Result<Released> {
    person.can_pay(1).await?;
    let place = release_key(person, case, deal.digest());
    let block = release_block(person, &place, case, deal, context).await?;
    let share = B256::from(block.digest().0);
    person.store_takes().await?;
    // Not stored before: a case that is vetoed meanwhile must leave no shares in the store.
    let owed = OwedBlocks::release(case.board, case.id, &place, &block);
    owed::owe(person, &owed).await?;
    let sent = person.send(call(case.board, &releaseCall { id: case.id, share })).await;
    let receipt = owed::or_owe_no_more(person, &owed, sent).await?;
    owed::pay(person, &owed, receipt.transaction).await?;
    Ok(Released { case: case.id, share, transaction: receipt.transaction, gas: receipt.gas })
}

/// The same block each time it is tried again.
async fn release_block(
    person: &Person,
    place: &[u8],
    case: &Case,
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
) -> Result<Block> {
    if let Some((_, bytes)) =
        person.cache().get(RELEASES, place.to_vec()).await?.as_deref().and_then(<[u8]>::split_first)
    {
        return Ok(Block::new(DAG_CBOR, bytes.to_vec()));
    }
    let (_, profile) = person.people().profile_of(case.grantee, None).await?;
    let me = person.published().await?;
    let to = (account(case.grantee), &profile.keys.hpke);
    let block = release_share(deal, context, Digest(case.id.0), to, me.digest, &me.keys)?;
    person.cache().put(RELEASES, place.to_vec(), [&[UNDER_WAY], &block.bytes[..]].concat()).await?;
    Ok(block)
}

fn release_key(person: &Person, case: &Case, deal: Digest) -> Vec<u8> {
    key(&[&acknowledged::acknowledged_key(person, case), deal.as_bytes()])
}

pub(crate) async fn release_due(person: &Person, board: &Board) -> Result<Vec<(Case, Result<Released>)>> {
    let me = person.address();
    let mut done = Vec::new();
    board.require_member(me)?;
    for case in to_release(person, board).await? {
        if !case.is_live() || case.grantee == me {
            continue;
        }
        match release_if_due(person, &case).await {
            Ok(None) => {}
            Ok(Some(released)) => done.push((case, Ok(released))),
            Err(error) => done.push((case, Err(error))),
        }
    }
    Ok(done)
}

/// Cases that this member acknowledged on this machine, each asked for by its id: whatever others open, they come first.
/// With a witness then those that were opened lately.
async fn to_release(person: &Person, board: &Board) -> Result<Vec<Case>> {
    let now = person.clocks().latest_time().await?;
    let mut cases = opening::opened_unseen(person, board).await?;
    for id in acknowledged::acknowledged_and_not_over(person, board, now).await? {
        match person.boards().case(board, id).await {
            Ok(case) if cases.iter().any(|known| known.id == case.id) => {}
            Ok(case) => cases.push(case),
            // A node that lags, or what was acknowledged never came about.
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if person.witness().is_some() {
        let mine: Vec<B256> = cases.iter().map(|case| case.id).collect();
        let lately = person.boards().cases_since(board, now.saturating_sub(LONGEST)).await?.cases;
        cases.extend(lately.into_iter().filter(|case| !mine.contains(&case.id)));
    }
    Ok(cases)
}

async fn release_if_due(person: &Person, case: &Case) -> Result<Option<Released>> {
    let (deal, context) = deal_for(person, case).await?;
    let before = person.cache().get(RELEASES, release_key(person, case, deal.digest())).await?;
    match before.is_some_and(|before| before.first() == Some(&DONE)) {
        true => Ok(None),
        false => release_of(person, case, &deal, &context).await.map(Some),
    }
}

/// The journal shows it, and it is no case of old that a node brings up again.
async fn require_let_in(person: &Person, journal: &VerifiedJournal, case: &Case) -> Result<()> {
    let now = person.clocks().latest_time().await?;
    let held = journal.state().live(case.scope_id, case.grantee, now);
    let by_it = |held: &&Grant| {
        held.state.giver == Some(case.board)
            && held.envelope == case.reason
            && held.state.expires_at <= case.latest_end()
    };
    match held.filter(by_it).filter(|_| now < case.latest_end()) {
        Some(_) => Ok(()),
        None => Err(Error::Conflict(
            format!(
                "the patient's history does not show that the case {} lets anybody in now: nothing was released",
                case.id
            )
            .into(),
        )),
    }
}
