//! Finds the open requests to a patient, from events in the order newest first, up to a limit.

use std::collections::{HashMap, HashSet};

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEvent,
};
use hospital_record_contracts::access_requests::IAccessRequests::{AccessRequestWithdrawn, AccessRequested};
use hospital_record_core::seal::request::RequestTerms;

use crate::{
    access::{contacts, requests::request::OpenRequest},
    acts::person::Person,
    base::{cut::Cut, error::Result, ranks::first_of_each, record_ref::account},
    ledger::{Event, Log, Purpose, Rights, newest_logs},
};

/// Events that are read about one patient. Anybody can add to them.
const MOST_EVENTS: usize = 4096;
/// Open requests that are listed of one asker.
const OF_ONE_ASKER: usize = 3;

/// The requests to `patient` that were not withdrawn, newest first, and whether there can be older ones. With `asker`,
/// only the requests of this account.
pub(crate) async fn requests_on_chain(
    person: &Person,
    patient: Address,
    asker: Option<Address>,
) -> Result<(Vec<OpenRequest>, bool)> {
    let contract = &person.besides.access_requests;
    let topics = [None, Some(patient.into_word()), asker.map(|asker| asker.into_word()), None];
    let (logs, older) = newest_logs(contract.ledger(), contract.events(topics).await?, MOST_EVENTS).await?;
    let mut requests = fold(&logs, patient);
    requests.retain(|request| asker.is_none_or(|asker| request.asker() == asker));
    Ok((requests, older))
}

/// The requests that this person can still answer, newest first, and the number that is left out.
pub(crate) async fn open_requests(
    person: &Person,
    asker: Option<Address>,
    vouched_for: &[Address],
) -> Result<(Vec<OpenRequest>, Cut)> {
    let (requests, older) = requests_on_chain(person, person.address(), asker).await?;
    let mut open = only_open(person, requests).await?;
    if older && asker.is_none() {
        // Strangers fill the list, so the requests of contacts and vouched accounts are read by name.
        let contacts = contacts::contacts(person).await?;
        for account in contacts.iter().map(|contact| contact.address).chain(vouched_for.iter().copied()) {
            let (requests, _) = requests_on_chain(person, person.address(), Some(account)).await?;
            open.extend(only_open(person, requests).await?);
        }
        open.sort_by_key(|request| std::cmp::Reverse(request.block));
        let mut seen = HashSet::new();
        open.retain(|request| seen.insert((request.asker(), request.id)));
    }
    let total = open.len();
    let open = first_of_each(open, OpenRequest::asker, OF_ONE_ASKER);
    let cut = Cut { count: total - open.len(), older };
    Ok((open, cut))
}

async fn only_open(person: &Person, requests: Vec<OpenRequest>) -> Result<Vec<OpenRequest>> {
    if requests.is_empty() {
        return Ok(requests);
    }
    let journal = person.journals.of(person.address()).await?;
    let answers: HashMap<Address, u64> = journal.history.entries().iter().filter_map(answer).collect();
    let now = person.clocks.latest_time().await?;
    // A grant in the block of the request is no answer: the patient had not seen the request yet.
    let is_open = |request: &OpenRequest| {
        let end = request.terms.answer_by.min(request.terms.grant_until);
        end > now && answers.get(&request.asker()).is_none_or(|block| *block <= request.block)
    };
    Ok(requests.into_iter().filter(is_open).collect())
}

/// The grantee and the block of a grant. In a map, the newest grant of each grantee remains.
fn answer(entry: &crate::ledger::Entry) -> Option<(Address, u64)> {
    match entry.event {
        Event::AccessGranted { grantee, .. } => Some((grantee, entry.block)),
        _ => None,
    }
}

/// The requests that were not withdrawn, from events in the order newest first. A repeated request counts once.
fn fold(logs: &[Log], patient: Address) -> Vec<OpenRequest> {
    let mut seen = HashSet::<(Address, B256)>::new();
    let mut open = Vec::new();
    for log in logs {
        let topics = || log.topics.iter().copied();
        if let Ok(event) = AccessRequestWithdrawn::decode_raw_log_validate(topics(), &log.data) {
            seen.insert((event.asker, event.reason));
        } else if let Ok(event) = AccessRequested::decode_raw_log_validate(topics(), &log.data)
            && event.patient == patient
            && seen.insert((event.asker, event.reason))
        {
            open.extend(decode(&event, log));
        }
    }
    open
}

/// The request of an event; `None` for unknown rights or an unknown purpose, which the contract refuses.
fn decode(event: &AccessRequested, log: &Log) -> Option<OpenRequest> {
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
    Some(OpenRequest { id: event.reason, terms, rights, purpose, block: log.block, time: log.time })
}
