//! Whom a case of a board lets in: the shares that members released for it, put together.

use std::collections::{BTreeSet, HashMap, hash_map};

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Verified,
    board::{
        deal::{Deal, Share, open_deal},
        release::{ShareRelease, open_release},
    },
    error::CoreError,
    id::{Digest, Scope},
    seal::envelope::{EnvelopeContext, EnvelopePayload},
};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result},
        record_ref::account,
    },
    boards::{board::Board, case::Case, cases::MOST_RELEASES},
    keys::holder::board::deal_context,
    ledger::{Entry, Event, Grant},
};

/// Cases with the same reason that are looked into.
const MOST_ALIKE: usize = 8;

/// The keys that a case of a board gives to this account, once k members have released their shares.
pub(crate) async fn payload_by_case(
    person: &Person,
    patient: Address,
    scope: B256,
    grant: &Grant,
) -> Result<EnvelopePayload> {
    let giver = grant.state.giver.unwrap_or_default();
    let board = person.boards().at(giver).await?;
    let me = person.address();
    let is_it =
        |case: &Case| (case.patient, case.scope_id, case.grantee, case.reason) == (patient, scope, me, grant.envelope);
    let blocks = granted_in(person.journals().of(patient).await?.history.entries(), scope, (me, grant));
    let cases = person.boards().cases_granted(&board, patient, &blocks).await?;
    let mut failure = Error::NotAvailable(
        format!("the node does not show the case of the board {giver} that lets this account in").into(),
    );
    // Another member may open a case with the same reason: what was released for one counts for that alone.
    for case in cases.iter().filter(|case| is_it(case)).take(MOST_ALIKE) {
        match put_together(person, &board, case).await {
            Ok(payload) => return Ok(payload),
            Err(error) if error.is_silence() => return Err(error),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Of the newest deal of which enough shares were released: a rotation meanwhile takes nothing away.
async fn put_together(person: &Person, board: &Board, case: &Case) -> Result<EnvelopePayload> {
    let (mut deals, mut found, mut wrong) = (HashMap::new(), HashMap::<Digest, Vec<Share>>::new(), Vec::new());
    for (member, digest) in newest_of_each(&case.shares) {
        match released_by(person, &mut deals, case, member, digest).await {
            Ok((deal, share)) => found.entry(deal).or_default().push(share),
            Err(error) if error.is_silence() => return Err(error),
            Err(error) => wrong.push(format!("one of {member} is no use ({error})")),
        }
    }
    let needed = usize::from(board.threshold);
    let mut most = 0;
    let mut newest = None::<(&Verified<Deal>, Vec<Share>)>;
    for (digest, shares) in found {
        let Some(deal) = deals.get(&digest) else { continue };
        let members = shares.iter().map(Share::number).collect::<BTreeSet<_>>().len();
        most = most.max(members);
        if members >= needed && newest.as_ref().is_none_or(|(before, _)| before.epoch < deal.epoch) {
            newest = Some((deal, shares));
        }
    }
    if let Some((deal, shares)) = newest {
        return Ok(open_deal(deal, &context_of(person, deal, case)?, &shares)?);
    }
    let wrong = if wrong.is_empty() { String::new() } else { format!("; {}", wrong.join("; ")) };
    Err(Error::NotAvailable(
        format!(
            "{most} of the {needed} shares that are needed have been released: wait for the members of the board{wrong}"
        )
        .into(),
    ))
}

async fn released_by(
    person: &Person,
    deals: &mut HashMap<Digest, Verified<Deal>>,
    case: &Case,
    member: Address,
    digest: B256,
) -> Result<(Digest, Share)> {
    let release: Verified<ShareRelease> = person.signed(Digest(digest.0)).await?;
    if release.issuer() != account(member) {
        return Err(Error::Integrity("it is a share of somebody else".into()));
    }
    let named = release.deal;
    let deal = match deals.entry(named) {
        hash_map::Entry::Occupied(known) => known.into_mut(),
        hash_map::Entry::Vacant(place) => place.insert(person.signed(named).await?),
    };
    let context = context_of(person, deal, case)?;
    let keys = &person.published().await?.keys;
    Ok((named, open_release(&release, deal, &context, Digest(case.id.0), keys).map_err(CoreError::from)?))
}

/// What a deal must be for to be of use in this case, in its own epoch: that it is, opening it checks.
fn context_of(person: &Person, deal: &Deal, case: &Case) -> Result<EnvelopeContext> {
    let scope = Scope::from_bytes(case.scope_id.0).map_err(CoreError::from)?;
    Ok(deal_context(person.deployment(), case.patient, case.board, scope, deal.epoch))
}

/// The newest blocks in which a case with this reason let somebody in: the journal tells them, however many cases there are.
fn granted_in(entries: &[Entry], scope: B256, (grantee, grant): (Address, &Grant)) -> Vec<u64> {
    let it = |entry: &&Entry| match entry.event {
        Event::AccessPassedOn { scope: on, grantee: to, giver, envelope, .. } => {
            (on, to, Some(giver), envelope) == (scope, grantee, grant.state.giver, grant.envelope)
        }
        _ => false,
    };
    let mut blocks: Vec<u64> = entries.iter().rev().filter(it).map(|entry| entry.block).collect();
    blocks.dedup();
    blocks.truncate(MOST_ALIKE);
    blocks
}

fn newest_of_each(shares: &[(Address, B256)]) -> Vec<(Address, B256)> {
    let mut counts = HashMap::<Address, usize>::new();
    let mut few = |member: &Address| {
        let count = counts.entry(*member).or_default();
        *count += 1;
        *count <= MOST_RELEASES
    };
    shares.iter().rev().filter(|(member, _)| few(member)).copied().collect()
}
