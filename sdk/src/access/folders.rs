//! Folders: their numbers are public, their names are not.

use std::collections::BTreeMap;

use crate::{
    access::contacts::ABREAST,
    acts::person::Person,
    base::{
        error::{Result, kind::ErrorKind},
        task::FutureInBox,
    },
    keys::{
        holder,
        unlock::{UnlockedRecord, Unlocker},
    },
    ledger::{Record, folder_of},
};

use alloy::primitives::{Address, B256};
use futures::{StreamExt, stream};
use hospital_record_core::id::Confidentiality;

/// One of a person's own folders.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderInfo {
    /// Its number on chain.
    pub number: u64,
    /// Its name, if it could be restored.
    pub name: Option<String>,
    /// Its HL7 v3 Confidentiality, if it could be restored.
    pub confidentiality: Option<Confidentiality>,
    /// Number of records in it, of any status.
    pub records: usize,
    /// Number of accounts that may read it now.
    pub readers: usize,
    /// The error kind if the name could not be restored because its block is not available or does not open.
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) mean that a store is offline now.
    pub unavailable: Option<ErrorKind>,
}

/// The names of folders by number, and the error kinds of those that could not be restored.
#[derive(Default)]
pub(crate) struct FolderNames {
    by_number: BTreeMap<u64, (String, Confidentiality)>,
    missing: BTreeMap<u64, ErrorKind>,
}

/// A block that contains a folder's name.
#[derive(Clone, Copy)]
enum NameSource<'a> {
    Note(B256, Address),
    Metadata(&'a Record),
}

impl FolderNames {
    /// Name and confidentiality, or the error kind if they could not be restored.
    pub(crate) fn of(&self, number: u64) -> (Option<String>, Option<Confidentiality>, Option<ErrorKind>) {
        match self.by_number.get(&number).cloned() {
            Some((name, level)) => (Some(name), Some(level), None),
            None => (None, None, self.missing.get(&number).copied()),
        }
    }
}

pub(crate) async fn folders(person: &Person) -> Result<Vec<FolderInfo>> {
    let journal = person.journals.of(person.address()).await?;
    let names = folder_names(&person.for_one_call()).await?;
    let now = person.clocks.chain_time().await?;
    let state = journal.state();
    let folders = state.grants.keys().filter_map(|(scope, _)| folder_of(*scope));
    let mut records: BTreeMap<u64, usize> = folders.map(|number| (number, 0)).collect();
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
    let journal = person.journals.of(person.address()).await?;
    Ok(journal.state().holds_folder(person.keys().folder(name, level).number()))
}

/// The names of this person's folders, from their own notes and from the metadata of records. A name counts only if the
/// folder's number is derived from it, so nobody else can rename a folder.
pub(crate) async fn folder_names(person: &Person) -> Result<FolderNames> {
    let journal = person.journals.of(person.address()).await?;
    let state = journal.state();
    let unlocker = Unlocker::new(person.clone(), journal.clone());
    let mut sources = BTreeMap::<u64, Vec<NameSource<'_>>>::new();
    for ((scope, grantee), grant) in &state.grants {
        if let Some(number) = folder_of(*scope) {
            sources.entry(number).or_default().push(NameSource::Note(grant.envelope, *grantee));
        }
    }
    for record in state.records.values() {
        sources.entry(record.state.folder).or_default().push(NameSource::Metadata(record));
    }
    let mut names = FolderNames::default();
    for nth in 0.. {
        // One source of every folder at a time. Folder by folder would wait for each missing block in turn.
        let unnamed = sources.iter().filter(|(number, _)| !names.by_number.contains_key(number));
        let tries: Vec<_> = unnamed.filter_map(|(number, sources)| Some((*number, *sources.get(nth)?))).collect();
        if tries.is_empty() {
            break;
        }
        let reads: Vec<_> = tries.iter().map(|(_, source)| read_name(person, &unlocker, *source).in_box()).collect();
        let results: Vec<_> = stream::iter(reads).buffered(ABREAST).collect().await;
        for ((number, _), name) in tries.into_iter().zip(results) {
            match name {
                Ok(Some((name, level))) => name_folder(person, &mut names, number, name, level),
                Ok(None) => {}
                Err(error) => drop(names.missing.insert(number, error.kind())),
            }
        }
    }
    Ok(names)
}

async fn read_name(
    person: &Person,
    unlocker: &Unlocker,
    source: NameSource<'_>,
) -> Result<Option<(String, Confidentiality)>> {
    match source {
        NameSource::Note(envelope, grantee) => {
            let note = holder::note_in(person, envelope, grantee).await?;
            Ok(note.map(|note| (note.folder, note.confidentiality)))
        }
        NameSource::Metadata(record) => {
            let UnlockedRecord { metadata, .. } = unlocker.open(record).await?;
            Ok(Some((metadata.folder_name, metadata.confidentiality)))
        }
    }
}

fn name_folder(person: &Person, names: &mut FolderNames, number: u64, name: String, level: Confidentiality) {
    if person.keys().folder(&name, level).number() == number {
        names.by_number.insert(number, (name, level));
    }
}
