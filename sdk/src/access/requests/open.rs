//! Which requests are open: folded from events, newest first, in a bounded number.

use std::collections::{HashMap, HashSet};

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEvent,
};
use hospital_record_contracts::access_requests::IAccessRequests::{AccessRequestWithdrawn, AccessRequested};
use hospital_record_core::seal::request::RequestTerms;

use crate::{
    access::{contacts, requests::request::Told},
    acts::person::Person,
    base::{cut::Cut, error::Result, record_ref::account},
    ledger::{Event, Log, Purpose, Rights, newest_logs},
};

/// Events about one patient that are looked at: anybody can add to them.
const MOST_EVENTS: usize = 4096;
/// Open requests of one asker that are listed.
const OF_ONE_ASKER: usize = 3;

/// What `patient` is asked and was not withdrawn, by anybody or by this asker, newest first; and whether there may be
/// more that is older.
pub(crate) async fn told_requests(
    person: &Person,
    patient: Address,
    asker: Option<Address>,
) -> Result<(Vec<Told>, bool)> {
    let requests = person.access_requests();
    let topics = [None, Some(patient.into_word()), asker.map(|asker| asker.into_word()), None];
    let (logs, cut) = newest_logs(requests.ledger(), requests.events(topics).await?, MOST_EVENTS).await?;
    let mut told = fold(&logs, patient);
    told.retain(|told| asker.is_none_or(|asker| told.asker() == asker));
    Ok((told, cut))
}
/// What this person is asked, and can still answer, newest first; and what of it is left out.
pub(crate) async fn open_requests(
    person: &Person,
    asker: Option<Address>,
    vouched_for: &[Address],
) -> Result<(Vec<Told>, Cut)> {
    let (told, older) = told_requests(person, person.address(), asker).await?;
    let mut open = are_open(person, told).await?;
    if older && asker.is_none() {
        // Strangers fill the list; who is known or vouched for is asked for by name.
        let contacts = contacts::contacts(person).await?;
        for account in contacts.iter().map(|contact| contact.address).chain(vouched_for.iter().copied()) {
            let (more, _) = told_requests(person, person.address(), Some(account)).await?;
            open.extend(are_open(person, more).await?);
        }
        open.sort_by_key(|told| std::cmp::Reverse(told.block));
        let mut seen = HashSet::new();
        open.retain(|told| seen.insert((told.asker(), told.id)));
    }
    let (mut counts, found) = (HashMap::<Address, usize>::new(), open.len());
    open.retain(|told| {
        let count = counts.entry(told.asker()).or_default();
        *count += 1;
        *count <= OF_ONE_ASKER
    });
    let cut = Cut { count: found - open.len(), older };
    Ok((open, cut))
}

async fn are_open(person: &Person, told: Vec<Told>) -> Result<Vec<Told>> {
    if told.is_empty() {
        return Ok(told);
    }
    let journal = person.journals().of(person.address()).await?;
    let granted: HashMap<Address, u64> = journal.history.entries().iter().filter_map(answer).collect();
    let now = person.clocks().latest_time().await?;
    // A grant in the same block was given before the request was seen.
    let is_open = |told: &Told| {
        let ends = told.terms.answer_by.min(told.terms.grant_until);
        ends > now && granted.get(&told.asker()).is_none_or(|block| *block <= told.block)
    };
    Ok(told.into_iter().filter(is_open).collect())
}

/// Whom this entry gave something, and in which block; a later one takes its place.
fn answer(entry: &crate::ledger::Entry) -> Option<(Address, u64)> {
    match entry.event {
        Event::AccessGranted { grantee, .. } => Some((grantee, entry.block)),
        _ => None,
    }
}

/// Requests that were not withdrawn, of events newest first. One that was asked twice counts once.
fn fold(logs: &[Log], patient: Address) -> Vec<Told> {
    let mut ended = HashSet::<(Address, B256)>::new();
    let mut open = Vec::new();
    for log in logs {
        let topics = || log.topics.iter().copied();
        if let Ok(event) = AccessRequestWithdrawn::decode_raw_log_validate(topics(), &log.data) {
            ended.insert((event.asker, event.reason));
        } else if let Ok(event) = AccessRequested::decode_raw_log_validate(topics(), &log.data)
            && event.patient == patient
            && ended.insert((event.asker, event.reason))
        {
            open.extend(told(&event, log));
        }
    }
    open
}

/// Nothing for rights or a purpose that mean nothing: the contract takes none.
fn told(event: &AccessRequested, log: &Log) -> Option<Told> {
    let terms = RequestTerms {
        patient: account(event.patient),
        asker: account(event.asker),
        rights: event.rights,
        purpose: event.purpose,
        grant_until: event.grantUntil.to(),
        answer_by: event.answerBy.to(),
    };
    let rights = Rights::from_bits(event.rights).filter(|rights| rights.bits() != 0)?;
    let purpose = Purpose::try_from(event.purpose).ok()?;
    Some(Told { id: event.reason, terms, rights, purpose, block: log.block, time: log.time })
}
