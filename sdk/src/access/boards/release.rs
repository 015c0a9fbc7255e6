//! Releases shares: after a case took effect, members seal their shares to its grantee, who combines them to the keys.

use alloy::primitives::B256;
use hospital_record_contracts::boards::IBoard::releaseCall;
use hospital_record_core::{
    block::{Block, Verified},
    board::{deal::Deal, release::release_share},
    id::{DAG_CBOR, Digest},
    seal::envelope::EnvelopeContext,
};

use crate::{
    access::boards::{acknowledged, open::A_DAY, opening},
    acts::person::Person,
    base::{
        error::{Error, Result, fail},
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
    ledger::{GrantEntry, call},
    platform::cache::{RELEASES, key},
};

/// Seconds from the opening of a case until it can give no access.
const LONGEST: u64 = WINDOW + A_DAY.as_secs();
const UNDER_WAY: u8 = 0;

/// A share that was released.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Released {
    /// The id of the case.
    pub case: B256,
    /// SHA-256 of the block with the share, which is sealed to the case's grantee.
    pub share: B256,
    /// Hash of the transaction. `None` if a relay carried it and no transaction is known.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn release(person: &Person, case: &Case) -> Result<Released> {
    person.boards.at(case.board).await?.require_member(person.address())?;
    let (deal, context) = deal_for(person, case).await?;
    release_of(person, case, &deal, &context).await
}

/// The newest deal for a case that took effect, and its context.
async fn deal_for(person: &Person, case: &Case) -> Result<(Verified<Deal>, EnvelopeContext)> {
    let journal = person.journals.of(case.patient).await?;
    require_effect(person, &journal, case).await?;
    board::newest_deal(person, &journal, case.scope_id.0, case.board).await
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
    // Stored only after the transaction: a vetoed case must leave no shares in the store.
    let owed = OwedBlocks::release(case.board, case.id, &place, &block);
    owed::owe(person, &owed).await?;
    let result = person.send(call(case.board, &releaseCall { id: case.id, share })).await;
    let receipt = owed::or_owe_no_more(person, &owed, result).await?;
    owed::pay(person, &owed, receipt.transaction).await?;
    Ok(Released { case: case.id, share, transaction: receipt.transaction, gas: receipt.gas })
}

/// The block with the share. A repeated attempt gets the same block.
async fn release_block(
    person: &Person,
    place: &[u8],
    case: &Case,
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
) -> Result<Block> {
    if let Some((_, bytes)) = person.cache.get(RELEASES, place.to_vec()).await?.as_deref().and_then(<[u8]>::split_first)
    {
        return Ok(Block::new(DAG_CBOR, bytes.to_vec()));
    }
    let (_, profile) = person.people().profile_of(case.grantee, None).await?;
    let me = person.published().await?;
    let to = (account(case.grantee), &profile.keys.hpke);
    let block = release_share(deal, context, Digest(case.id.0), to, me.digest, &me.keys)?;
    person.cache.put(RELEASES, place.to_vec(), [&[UNDER_WAY], &block.bytes[..]].concat()).await?;
    Ok(block)
}

fn release_key(person: &Person, case: &Case, deal: Digest) -> Vec<u8> {
    key(&[&acknowledged::acknowledged_key(person, case), deal.as_bytes()])
}

pub(crate) async fn release_due(person: &Person, board: &Board) -> Result<Vec<(Case, Result<Released>)>> {
    let me = person.address();
    let mut results = Vec::new();
    board.require_member(me)?;
    for case in to_release(person, board).await? {
        if !case.is_live() || case.grantee == me {
            continue;
        }
        match release_if_due(person, &case).await {
            Ok(None) => {}
            Ok(Some(released)) => results.push((case, Ok(released))),
            Err(error) => results.push((case, Err(error))),
        }
    }
    Ok(results)
}

/// The cases that this member acknowledged on this machine, each read by its id, so that other cases cannot hide them. With
/// a witness, the recent cases follow.
async fn to_release(person: &Person, board: &Board) -> Result<Vec<Case>> {
    let now = person.clocks.latest_time().await?;
    let mut cases = opening::opened_unseen(person, board).await?;
    for id in acknowledged::acknowledged_and_not_over(person, board, now).await? {
        match person.boards.case(board, id).await {
            Ok(case) if cases.iter().any(|other| other.id == case.id) => {}
            Ok(case) => cases.push(case),
            // The node lags, or the acknowledged case never reached the chain.
            Err(Error::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    if person.witness.is_some() {
        let mine: Vec<B256> = cases.iter().map(|case| case.id).collect();
        let recent = person.boards.cases_since(board, now.saturating_sub(LONGEST)).await?.cases;
        cases.extend(recent.into_iter().filter(|case| !mine.contains(&case.id)));
    }
    Ok(cases)
}

async fn release_if_due(person: &Person, case: &Case) -> Result<Option<Released>> {
    let (deal, context) = deal_for(person, case).await?;
    let row = person.cache.get(RELEASES, release_key(person, case, deal.digest())).await?;
    match row.is_some_and(|row| row.first() == Some(&DONE)) {
        true => Ok(None),
        false => release_of(person, case, &deal, &context).await.map(Some),
    }
}

/// Requires that the journal shows the access which this case gives, and that it is not over. So a node cannot replay an
/// old case.
async fn require_effect(person: &Person, journal: &VerifiedJournal, case: &Case) -> Result<()> {
    let now = person.clocks.latest_time().await?;
    let grant = journal.state().live(case.scope_id.0, case.grantee, now);
    let is_of_case = |grant: &&GrantEntry| {
        grant.state.giver == Some(case.board)
            && grant.envelope == case.reason
            && grant.state.expires_at <= case.latest_end()
    };
    match grant.filter(is_of_case).filter(|_| now < case.latest_end()) {
        Some(_) => Ok(()),
        None => fail!(
            Conflict,
            "the patient's history does not show that the case {} gives access now: nothing was released",
            case.id
        ),
    }
}
