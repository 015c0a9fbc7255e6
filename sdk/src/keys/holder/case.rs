//! Access by a case of a board: puts together the shares that members released for it.

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
        error::{Error, Result, fail},
        ranks::first_of_each,
        record_ref::account,
    },
    boards::{board::Board, case::Case, cases::MOST_RELEASES},
    keys::holder::board::deal_context,
    ledger::{Entry, Event, GrantEntry},
};

/// How many cases with the same reason are tried.
const MOST_ALIKE: usize = 8;

/// The keys that a case of a board gives to this account, after k members released their shares.
pub(crate) async fn payload_by_case(
    person: &Person,
    patient: Address,
    scope: B256,
    grant: &GrantEntry,
) -> Result<EnvelopePayload> {
    let giver = grant.state.giver.unwrap_or_default();
    let board = person.boards.at(giver).await?;
    let me = person.address();
    let is_same = |case: &Case| {
        (case.patient, case.scope_id.0, case.grantee, case.reason) == (patient, scope, me, grant.envelope)
    };
    let blocks = granted_in(person.journals.of(patient).await?.history.entries(), scope, (me, grant));
    let cases = person.boards.cases_granted(&board, patient, &blocks).await?;
    let mut failure = Error::NotAvailable(
        format!("the node does not show the case of the board {giver} that lets this account in").into(),
    );
    // Another member may open a case with the same reason. A share counts only for the case that it was released for.
    for case in cases.iter().filter(|case| is_same(case)).take(MOST_ALIKE) {
        match put_together(person, &board, case).await {
            Ok(payload) => return Ok(payload),
            Err(error) if error.is_outage() => return Err(error),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Opens the newest deal of which enough shares were released, so that a rotation in between does no harm.
async fn put_together(person: &Person, board: &Board, case: &Case) -> Result<EnvelopePayload> {
    let mut deals = HashMap::new();
    let mut shares_of = HashMap::<Digest, Vec<Share>>::new();
    let mut failures = Vec::new();
    for (member, digest) in newest_of_each(&case.shares) {
        match released_by(person, &mut deals, case, member, digest).await {
            Ok((deal, share)) => shares_of.entry(deal).or_default().push(share),
            Err(error) if error.is_outage() => return Err(error),
            Err(error) => failures.push(format!("the share of {member} cannot be used ({error})")),
        }
    }
    let needed = usize::from(board.threshold);
    let mut most = 0;
    let mut newest = None::<(&Verified<Deal>, Vec<Share>)>;
    for (digest, shares) in shares_of {
        let Some(deal) = deals.get(&digest) else { continue };
        let members = shares.iter().map(Share::number).collect::<BTreeSet<_>>().len();
        most = most.max(members);
        if members >= needed && newest.as_ref().is_none_or(|(other, _)| other.epoch < deal.epoch) {
            newest = Some((deal, shares));
        }
    }
    if let Some((deal, shares)) = newest {
        return Ok(open_deal(deal, &context_of(person, deal, case)?, &shares)?);
    }
    let failures = if failures.is_empty() { String::new() } else { format!("; {}", failures.join("; ")) };
    fail!(
        NotAvailable,
        "{most} of the {needed} shares that are needed have been released: wait for the members of the board{failures}"
    )
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
        return fail!(Integrity, "the share is by another member");
    }
    let digest = release.deal;
    let deal = match deals.entry(digest) {
        hash_map::Entry::Occupied(entry) => entry.into_mut(),
        hash_map::Entry::Vacant(place) => place.insert(person.signed(digest).await?),
    };
    let context = context_of(person, deal, case)?;
    let keys = &person.published().await?.keys;
    Ok((digest, open_release(&release, deal, &context, Digest(case.id.0), keys).map_err(CoreError::from)?))
}

/// The context that a deal must have to be of use in this case, in its own epoch. Opening the deal checks it.
fn context_of(person: &Person, deal: &Deal, case: &Case) -> Result<EnvelopeContext> {
    let scope = Scope::from_bytes(case.scope_id.0.0).map_err(CoreError::from)?;
    Ok(deal_context(person.deployment, case.patient, case.board, scope, deal.epoch))
}

/// The newest blocks in which a case with this reason admitted somebody. The journal shows them, however many cases
/// there are.
fn granted_in(entries: &[Entry], scope: B256, (grantee, grant): (Address, &GrantEntry)) -> Vec<u64> {
    let is_case = |entry: &&Entry| match entry.event {
        Event::AccessPassedOn { scope: on, grantee: to, giver, envelope, .. } => {
            (on, to, Some(giver), envelope) == (scope, grantee, grant.state.giver, grant.envelope)
        }
        _ => false,
    };
    let mut blocks: Vec<u64> = entries.iter().rev().filter(is_case).map(|entry| entry.block).collect();
    blocks.dedup();
    blocks.truncate(MOST_ALIKE);
    blocks
}

fn newest_of_each(shares: &[(Address, B256)]) -> Vec<(Address, B256)> {
    first_of_each(shares.iter().rev().copied(), |(member, _)| *member, MOST_RELEASES)
}
