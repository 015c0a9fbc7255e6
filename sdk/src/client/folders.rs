//! Folders: their numbers are public, their names are not.

use std::collections::BTreeMap;

use hospital_record_core::id::Confidentiality;

use super::{Client, unlock::Unlocker};
use crate::{
    Result,
    ledger::{Record, folder_of},
};

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
}

impl Client {
    /// This person's folders that hold a record or were granted to somebody.
    pub async fn folders(&self) -> Result<Vec<FolderInfo>> {
        let journal = self.system().journal(self.address()).await?;
        let (names, now) = (self.folder_names().await?, self.system().chain_time().await?);
        let state = journal.state();
        let granted = state.grants.keys().filter_map(|(scope, _)| folder_of(*scope));
        let mut records: BTreeMap<u64, usize> = granted.map(|number| (number, 0)).collect();
        for record in state.records.values() {
            *records.entry(record.state.folder).or_default() += 1;
        }
        let info = records.into_iter().map(|(number, records)| {
            let (name, confidentiality) = names.get(&number).cloned().unzip();
            FolderInfo { number, name, confidentiality, records, readers: state.folder_readers(number, now).len() }
        });
        Ok(info.collect())
    }

    /// Names of this person's folders, from their own notes and from the metadata of records. A name counts when the
    /// folder's number follows from it, so nobody else can rename a folder.
    pub(super) async fn folder_names(&self) -> Result<BTreeMap<u64, (String, Confidentiality)>> {
        let journal = self.system().journal(self.address()).await?;
        let mut names = BTreeMap::new();
        for ((scope, grantee), grant) in &journal.state().grants {
            let Some(number) = folder_of(*scope).filter(|number| !names.contains_key(number)) else { continue };
            if let Some(note) = self.note_in(grant.envelope, *grantee).await {
                self.name_folder(&mut names, number, note.folder, note.confidentiality);
            }
        }
        let unlocker = Unlocker::new(self.clone(), journal.clone());
        for record in journal.state().records.values() {
            if names.contains_key(&record.state.folder) {
                continue;
            }
            if let Some((name, level)) = self.name_in_record(&unlocker, record).await {
                self.name_folder(&mut names, record.state.folder, name, level);
            }
        }
        Ok(names)
    }

    async fn name_in_record(&self, unlocker: &Unlocker, record: &Record) -> Option<(String, Confidentiality)> {
        let metadata = unlocker.open(&record.into()).await.ok()?.metadata;
        Some((metadata.folder_name, metadata.confidentiality))
    }

    fn name_folder(
        &self,
        names: &mut BTreeMap<u64, (String, Confidentiality)>,
        number: u64,
        name: String,
        level: Confidentiality,
    ) {
        if self.keys().folder(&name, level).number() == number {
            names.insert(number, (name, level));
        }
    }
}
