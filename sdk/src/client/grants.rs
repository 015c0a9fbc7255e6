//! Seeing who has access.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Confidentiality;

use super::{Client, unlock::Registered};
use crate::{
    Error, ErrorKind, Result,
    ledger::{NO_END, Purpose, Rights, folder_of, folder_scope, record_key},
    record_ref::RecordRef,
};

/// A grant of this person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GrantInfo {
    /// To whom.
    pub grantee: Address,
    /// The name this person gave to that account.
    pub name: Option<String>,
    /// Who passed it on; nothing when this person gave it. It lives only as long as what that account has.
    pub given_by: Option<Address>,
    /// On what.
    pub scope: GrantScope,
    /// Which rights.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Since when.
    pub granted: SystemTime,
    /// Until when; nothing for no end.
    pub expires: Option<SystemTime>,
    /// Whether it is live now, by the chain's clock.
    pub live: bool,
    /// Why the name of the folder or of the grantee is missing, where what tells it cannot be had or read:
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) are about a store that is silent now.
    pub unavailable: Option<ErrorKind>,
}

/// What a grant is on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantScope {
    /// A folder, by its number, and its name and confidentiality where they are known.
    Folder {
        /// What the chain calls it.
        number: u64,
        /// What the patient calls it.
        name: Option<String>,
        /// HL7 v3 Confidentiality, where the name is known.
        confidentiality: Option<Confidentiality>,
    },
    /// One record.
    Record(RecordRef),
}

impl GrantInfo {
    /// The scope, for people.
    pub fn scope_name(&self) -> String {
        self.scope.to_string()
    }
}

impl fmt::Display for GrantScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { name: Some(name), confidentiality: Some(level), .. }
                if *level != Confidentiality::default() =>
            {
                write!(f, "folder {name} ({level})")
            }
            Self::Folder { name: Some(name), .. } => write!(f, "folder {name}"),
            Self::Folder { number, name: None, .. } => write!(f, "folder number {number}"),
            Self::Record(record) => write!(f, "record {}", record.id),
        }
    }
}

/// An expiry as an instant; nothing for no end.
pub(crate) fn instant(expires_at: u64) -> Option<SystemTime> {
    (expires_at < NO_END).then(|| UNIX_EPOCH + Duration::from_secs(expires_at))
}

impl Client {
    /// Every grant of this person that was not revoked, live or expired, newest first.
    pub async fn grants(&self) -> Result<Vec<GrantInfo>> {
        let journal = self.system().journal(self.address()).await?;
        let now = self.system().chain_time().await?;
        let client = self.for_one_call();
        let (contacts, missing) = client.contacts_and_missing().await?;
        let folders = client.folder_names().await?;
        let mut grants: Vec<_> = journal.state().grants.iter().filter(|(_, grant)| !grant.state.is_bar()).collect();
        grants.sort_by_key(|(_, grant)| std::cmp::Reverse(grant.entry));
        let named =
            |account: &Address| contacts.iter().find(|contact| contact.address == *account).map(|c| c.name.clone());
        let info = grants.into_iter().filter_map(|((scope, grantee), grant)| {
            let live = journal.state().live(*scope, *grantee, now).is_some();
            let mut unavailable = missing.get(grantee).map(Error::kind);
            let scope = match folder_of(*scope) {
                Some(number) => {
                    let (name, confidentiality, why) = folders.of(number);
                    unavailable = unavailable.or(why);
                    GrantScope::Folder { number, name, confidentiality }
                }
                None => {
                    GrantScope::Record(self.record(self.address(), journal.state().records.get(scope)?.id.0.into()))
                }
            };
            Some(GrantInfo {
                grantee: *grantee,
                name: named(grantee),
                given_by: grant.state.giver,
                scope,
                rights: grant.state.rights,
                purpose: grant.state.purpose,
                granted: UNIX_EPOCH + Duration::from_secs(grant.state.granted_at),
                expires: instant(grant.state.expires_at),
                live,
                unavailable,
            })
        });
        Ok(info.collect())
    }

    /// The purpose that a live grant to this account names.
    pub(super) async fn granted_purpose(&self, patient: Address, record: &Registered) -> Result<Option<Purpose>> {
        let (journal, now) = (self.system().journal(patient).await?, self.system().chain_time().await?);
        let scopes = [folder_scope(record.folder), record_key(record.author, record.id)];
        let live = |scope: &B256| journal.state().live(*scope, self.address(), now).filter(|g| g.state.rights.reads());
        Ok(scopes.iter().find_map(live).map(|grant| grant.state.purpose))
    }
}
