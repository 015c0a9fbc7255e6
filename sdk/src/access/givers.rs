//! Reads the journals of patients who gave this person access: known accounts first, then the newest, up to a limit.

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
        error::{Result, fail},
    },
    journal::verified::VerifiedJournal,
    ledger::{Event, Log, LogFilter, newest_logs},
    platform::clock::timeout,
};

/// Journals that are read at the same time.
pub(crate) const ABREAST: usize = 16;
/// Events that are read about this person. Anybody can add grants to them.
const MOST_EVENTS: usize = 4096;
/// Unknown patients whose journals are read.
const MOST_STRANGERS: usize = 64;
/// Known patients whose journals are read. Only this person can add to these.
const MOST_KNOWN: usize = 1024;
/// The most time for the journal of an unknown patient, who can make it as long as they like.
const PATIENCE: Duration = Duration::from_secs(5);

/// The patients who gave this person access.
pub(crate) struct Givers {
    /// Their journals.
    pub(crate) journals: Vec<Arc<VerifiedJournal>>,
    /// The accounts that this person knows.
    pub(crate) known_accounts: HashSet<Address>,
    /// Patients whose journal cannot be read, each with the reason.
    pub(crate) unreadable: Vec<(Address, String)>,
    /// Patients whose journal was not read.
    pub(crate) cut: Cut,
}

pub(crate) async fn givers(person: &Person) -> Result<Givers> {
    let (mut patients, older) = patients_who_gave_access(person).await?;
    let mut known_accounts = HashSet::new();
    if older || !patients.is_empty() {
        known_accounts = read_known_accounts(person).await?;
    }
    if older {
        // Strangers fill the list, so the known accounts are read too.
        let others: Vec<_> = known_accounts.iter().filter(|account| !patients.contains(account)).copied().collect();
        patients.extend(others);
    }
    let (friends, strangers): (Vec<_>, Vec<_>) =
        patients.into_iter().partition(|patient| known_accounts.contains(patient));
    let count = friends.len().saturating_sub(MOST_KNOWN) + strangers.len().saturating_sub(MOST_STRANGERS);
    let cut = Cut { count, older };
    let mut givers = Givers { journals: Vec::new(), known_accounts, unreadable: Vec::new(), cut };
    let listed = friends.into_iter().take(MOST_KNOWN).chain(strangers.into_iter().take(MOST_STRANGERS));
    read_journals(person, listed.collect(), &mut givers).await?;
    Ok(givers)
}

async fn read_journals(person: &Person, patients: Vec<Address>, givers: &mut Givers) -> Result<()> {
    let reads: Vec<_> = patients
        .into_iter()
        .map(|patient| (patient, givers.known_accounts.contains(&patient)))
        .map(|(patient, is_known)| async move { (patient, journal_of(person, patient, is_known).await) })
        .collect();
    let mut results = stream::iter(reads).buffered(ABREAST);
    while let Some((patient, journal)) = results.next().await {
        match journal {
            Ok(journal) => givers.journals.push(journal),
            Err(error) if error.is_outage() => return Err(error),
            Err(error) => givers.unreadable.push((patient, error.to_string())),
        }
    }
    Ok(())
}

async fn journal_of(person: &Person, patient: Address, is_known: bool) -> Result<Arc<VerifiedJournal>> {
    let journal = person.journals.of(patient);
    if is_known {
        return journal.await;
    }
    timeout(PATIENCE, journal).await.unwrap_or_else(|_| {
        fail!(NotAvailable, "reading the history of this unknown account takes too long: ask for it by name")
    })
}

/// The patients who gave this account access at any time, newest first, and whether there can be older ones.
async fn patients_who_gave_access(person: &Person) -> Result<(Vec<Address>, bool)> {
    let (logs, older) = newest_about_me(person, None).await?;
    let kinds = [AccessGranted::SIGNATURE_HASH, AccessPassedOn::SIGNATURE_HASH];
    let grants = logs.iter().filter(|log| log.topics.first().is_some_and(|topic| kinds.contains(topic)));
    let mut seen = HashSet::new();
    Ok((grants.filter_map(patient_of).filter(|patient| seen.insert(*patient)).collect(), older))
}

/// Contacts, accounts that this person granted to, and patients whose records this person opened or added to. It reads the
/// chain and this machine, but no store.
async fn read_known_accounts(person: &Person) -> Result<HashSet<Address>> {
    let mut accounts: HashSet<Address> = contacts::contacts_here(person).await?.into_iter().collect();
    let own = person.journals.of(person.address()).await?;
    accounts.extend(own.history.entries().iter().filter_map(|entry| match entry.event {
        Event::AccessGranted { grantee, .. } => Some(grantee),
        _ => None,
    }));
    for kind in [RecordAccessed::SIGNATURE_HASH, RecordAdded::SIGNATURE_HASH] {
        let (logs, _) = newest_about_me(person, Some(kind)).await?;
        accounts.extend(logs.iter().filter_map(patient_of));
    }
    Ok(accounts)
}

/// The newest events whose third indexed value is this account: the grantee of a grant, or the actor of an act.
async fn newest_about_me(person: &Person, kind: Option<B256>) -> Result<(Vec<Log>, bool)> {
    let contract = &person.contract;
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
