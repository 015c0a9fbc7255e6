//! A verified journal of a patient, as this machine knows it.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Folder;

use crate::{
    journal::{finality::Finality, vanished::VanishedEntry},
    ledger::{Completeness, EntryChain, FolderKeys, GrantEntry, PatientState, folder_scope},
};

/// A patient's journal at the time of the last read.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedJournal {
    pub(crate) patient: Address,
    pub(crate) history: EntryChain,
    pub(crate) completeness: Completeness,
    pub(crate) finality: Finality,
    /// Entries that were seen, and that the journal no longer shows.
    pub(crate) vanished: Vec<VanishedEntry>,
}

impl VerifiedJournal {
    pub(crate) fn state(&self) -> &PatientState {
        self.history.state()
    }

    /// The grant on this scope, live or expired. A bar is no grant.
    pub(crate) fn grant(&self, scope: B256, grantee: Address) -> Option<&GrantEntry> {
        self.state().grants.get(&(scope, grantee)).filter(|grant| !grant.state.is_bar())
    }

    pub(crate) fn folder_grant(&self, folder: Folder, grantee: Address) -> Option<&GrantEntry> {
        self.grant(folder_scope(folder.number()), grantee)
    }

    pub(crate) fn folder(&self, folder: Folder) -> FolderKeys {
        self.state().folder(folder.number())
    }
}
