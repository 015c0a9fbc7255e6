//! Folders: their numbers are public, their names are not.

use crate::{
    access::contacts::ABREAST,
    acts::person::Person,
    base::error::{Result, kind::ErrorKind},
    keys::{
        holder,
        unlock::{UnlockedRecord, Unlocker},
    },
    ledger::{Record, folder_of},
};
use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use futures::{FutureExt, StreamExt, stream};
use hospital_record_core::id::Confidentiality;

/// One of a person's own folders.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderInfo {
    /// What the chain calls it.
    pub number: u64,
    /// What the patient calls it, where that could be restored.
    pub name: Option<String>,
    /// HL7 v3 Confidentiality, where that could be restored.
    pub confidentiality: Option<Confidentiality>,
    /// Records in it, of any status.
    pub records: usize,
    /// Accounts that may read it now.
    pub readers: usize,
    /// Why the name could not be restored, where what tells it cannot be had or read:
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) are about a store that is silent now.
    pub unavailable: Option<ErrorKind>,
}

/// The names of folders by their numbers, and why others are not known.
#[derive(Default)]
pub(crate) struct FolderNames {
    known: BTreeMap<u64, (String, Confidentiality)>,
    missing: BTreeMap<u64, ErrorKind>,
}

/// What can tell a folder's name.
#[derive(Clone, Copy)]
enum Told<'a> {
    Note(B256, Address),
    Metadata(&'a Record),
}

impl FolderNames {
    /// Name, confidentiality, and why there is none.
    pub(crate) fn of(&self, number: u64) -> (Option<String>, Option<Confidentiality>, Option<ErrorKind>) {
        match self.known.get(&number).cloned() {
            Some((name, level)) => (Some(name), Some(level), None),
            None => (None, None, self.missing.get(&number).copied()),
        }
    }
}

pub(crate) async fn folders(person: &Person) -> Result<Vec<FolderInfo>> {
    let journal = person.journals().of(person.address()).await?;
    let names = folder_names(&person.for_one_call()).await?;
    let now = person.clocks().chain_time().await?;
    let state = journal.state();
    let granted = state.grants.keys().filter_map(|(scope, _)| folder_of(*scope));
    let mut records: BTreeMap<u64, usize> = granted.map(|number| (number, 0)).collect();
    for record in state.records.values() {
        *records.entry(record.state.folder).or_default() += 1;
    }
    let info = records.into_iter().map(|(number, records)| {
        let (name, confidentiality, unavailable) = names.of(number);
        let readers = state.folder_readers(number, now).len();
        FolderInfo { number, name, confidentiality, records, readers, unavailable }
    });
    Ok(info.collect())
}

pub(crate) async fn has_folder(person: &Person, name: &str, level: Confidentiality) -> Result<bool> {
    let journal = person.journals().of(person.address()).await?;
    Ok(journal.state().holds_folder(person.keys().folder(name, level).number()))
}

/// Names of this person's folders, from their own notes and from the metadata of records. A name counts when the
/// folder's number follows from it, so nobody else can rename a folder.
pub(crate) async fn folder_names(person: &Person) -> Result<FolderNames> {
    let journal = person.journals().of(person.address()).await?;
    let state = journal.state();
    let unlocker = Unlocker::new(person.clone(), journal.clone());
    let mut told = BTreeMap::<u64, Vec<Told<'_>>>::new();
    for ((scope, grantee), grant) in &state.grants {
        if let Some(number) = folder_of(*scope) {
            told.entry(number).or_default().push(Told::Note(grant.envelope, *grantee));
        }
    }
    for record in state.records.values() {
        told.entry(record.state.folder).or_default().push(Told::Metadata(record));
    }
    let mut names = FolderNames::default();
    for nth in 0.. {
        // Folder by folder one after the other would wait for each block that nobody has.
        let unnamed = told.iter().filter(|(number, _)| !names.known.contains_key(number));
        let tries: Vec<_> = unnamed.filter_map(|(number, told)| Some((*number, *told.get(nth)?))).collect();
        if tries.is_empty() {
            break;
        }
        let asked: Vec<_> = tries.iter().map(|(_, told)| told_name(person, &unlocker, *told).boxed()).collect();
        let found: Vec<_> = stream::iter(asked).buffered(ABREAST).collect().await;
        for ((number, _), name) in tries.into_iter().zip(found) {
            match name {
                Ok(Some((name, level))) => name_folder(person, &mut names, number, name, level),
                Ok(None) => {}
                Err(error) => drop(names.missing.insert(number, error.kind())),
            }
        }
    }
    Ok(names)
}

async fn told_name(person: &Person, unlocker: &Unlocker, told: Told<'_>) -> Result<Option<(String, Confidentiality)>> {
    match told {
        Told::Note(envelope, grantee) => {
            let note = holder::note_in(person, envelope, grantee).await?;
            Ok(note.map(|note| (note.folder, note.confidentiality)))
        }
        Told::Metadata(record) => {
            let UnlockedRecord { metadata, .. } = unlocker.open(&record.into()).await?;
            Ok(Some((metadata.folder_name, metadata.confidentiality)))
        }
    }
}

fn name_folder(person: &Person, names: &mut FolderNames, number: u64, name: String, level: Confidentiality) {
    if person.keys().folder(&name, level).number() == number {
        names.known.insert(number, (name, level));
    }
}
