//! Who gave this person access: known people first, then the newest, in a bounded number.

use std::{collections::HashSet, sync::Arc, time::Duration};

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEvent,
};
use futures::{StreamExt, stream};
use hospital_record_contracts::IHospitalRecord::{AccessGranted, AccessPassedOn, RecordAccessed, RecordAdded};

use crate::{
    access::contacts,
    acts::person::Person,
    base::{
        cut::Cut,
        error::{Error, Result},
    },
    journal::verified::VerifiedJournal,
    ledger::{Event, Log, LogFilter, newest_logs},
};

/// Histories that are read at the same time.
pub(crate) const ABREAST: usize = 16;
/// Events by which this person got something, or did something: anybody can add to the former.
const MOST_EVENTS: usize = 4096;
/// Patients whose histories are read though this person does not know them.
const MOST_STRANGERS: usize = 64;
/// Patients whom this person knows: only this person can add to them.
const MOST_KNOWN: usize = 1024;
/// How long the history of a stranger may take, who makes it as long as they like.
const PATIENCE: Duration = Duration::from_secs(5);

/// Those who gave this person access.
pub(crate) struct Givers {
    /// Their histories.
    pub(crate) journals: Vec<Arc<VerifiedJournal>>,
    /// Those whom this person knows.
    pub(crate) known: HashSet<Address>,
    /// Those whose history cannot be read, and why.
    pub(crate) unreadable: Vec<(Address, String)>,
    /// Those whose history was not read.
    pub(crate) cut: Cut,
}

pub(crate) async fn givers(person: &Person) -> Result<Givers> {
    let (mut gave, older) = gave_access(person).await?;
    let mut known = HashSet::new();
    if older || !gave.is_empty() {
        known = known_people(person).await?;
    }
    if older {
        // Strangers fill the list; whom this person knows is looked at all the same.
        let missed: Vec<_> = known.iter().filter(|person| !gave.contains(person)).copied().collect();
        gave.extend(missed);
    }
    let (friends, strangers): (Vec<_>, Vec<_>) = gave.into_iter().partition(|patient| known.contains(patient));
    let cut = friends.len().saturating_sub(MOST_KNOWN) + strangers.len().saturating_sub(MOST_STRANGERS);
    let mut givers = Givers { journals: Vec::new(), known, unreadable: Vec::new(), cut: Cut { count: cut, older } };
    let listed = friends.into_iter().take(MOST_KNOWN).chain(strangers.into_iter().take(MOST_STRANGERS));
    read_histories(person, listed.collect(), &mut givers).await?;
    Ok(givers)
}

async fn read_histories(person: &Person, patients: Vec<Address>, givers: &mut Givers) -> Result<()> {
    let reading: Vec<_> = patients
        .into_iter()
        .map(|patient| (patient, givers.known.contains(&patient)))
        .map(|(patient, known)| async move { (patient, history_of(person, patient, known).await) })
        .collect();
    let mut read = stream::iter(reading).buffered(ABREAST);
    while let Some((patient, journal)) = read.next().await {
        match journal {
            Ok(journal) => givers.journals.push(journal),
            Err(error) if error.is_silence() => return Err(error),
            Err(error) => givers.unreadable.push((patient, error.to_string())),
        }
    }
    Ok(())
}

async fn history_of(person: &Person, patient: Address, known: bool) -> Result<Arc<VerifiedJournal>> {
    let journal = person.journals().of(patient);
    if known {
        return journal.await;
    }
    tokio::time::timeout(PATIENCE, journal).await.unwrap_or_else(|_| {
        Err(Error::NotAvailable(
            "the history of this account, which is not known here, takes long: ask for it by name".into(),
        ))
    })
}

/// Who gave this account something at any time, newest first; and whether there may be older ones.
async fn gave_access(person: &Person) -> Result<(Vec<Address>, bool)> {
    let (logs, older) = newest_about_me(person, None).await?;
    let given = [AccessGranted::SIGNATURE_HASH, AccessPassedOn::SIGNATURE_HASH];
    let giving = logs.iter().filter(|log| log.topics.first().is_some_and(|topic| given.contains(topic)));
    let mut seen = HashSet::new();
    Ok((giving.filter_map(patient_of).filter(|patient| seen.insert(*patient)).collect(), older))
}

/// Contacts, those to whom this person granted something, and patients whose records this person opened or added to.
/// The chain and this machine are asked, no store.
async fn known_people(person: &Person) -> Result<HashSet<Address>> {
    let mut known: HashSet<Address> = contacts::contacts_here(person).await?.into_iter().collect();
    let own = person.journals().of(person.address()).await?;
    known.extend(own.history.entries().iter().filter_map(|entry| match entry.event {
        Event::AccessGranted { grantee, .. } => Some(grantee),
        _ => None,
    }));
    for act in [RecordAccessed::SIGNATURE_HASH, RecordAdded::SIGNATURE_HASH] {
        let (logs, _) = newest_about_me(person, Some(act)).await?;
        known.extend(logs.iter().filter_map(patient_of));
    }
    Ok(known)
}

/// Events of the contract that name this account third, where grants have their grantee and acts their actor.
async fn newest_about_me(person: &Person, kind: Option<B256>) -> Result<(Vec<Log>, bool)> {
    let contract = person.contract();
    let ledger = person.ledger();
    let filter = LogFilter {
        contract: contract.address(),
        topics: [kind, None, None, Some(person.address().into_word())],
        from: contract.deployed_at().await?,
        to: ledger.newest().await?.number,
    };
    Ok(newest_logs(&**ledger, filter, MOST_EVENTS).await?)
}

fn patient_of(log: &Log) -> Option<Address> {
    log.topics.get(1).map(|topic| Address::from_word(*topic))
}
