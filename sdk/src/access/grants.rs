//! Lists the grants of a patient.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Confidentiality;

use crate::{
    access::{contacts, folders, shared},
    acts::person::Person,
    base::{
        error::{Error, Result, kind::ErrorKind},
        record_ref::RecordRef,
        scope_id::ScopeId,
        time::{expiry, instant},
    },
    journal::verified::VerifiedJournal,
    ledger::{GrantEntry, Purpose, Rights, Via, folder_of, folder_scope},
    people::contact::Contact,
};

/// A grant on this person's records, or one that this person delegated.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GrantInfo {
    /// The account that has it.
    pub grantee: Address,
    /// The name that this person gave to that account.
    pub name: Option<String>,
    /// The delegate who gave it; `None` if the patient gave it. It ends together with the delegate's own grant.
    pub given_by: Option<Address>,
    /// If it was delegated: the scope of the delegate's own grant.
    pub above: Option<ScopeId>,
    /// Its folder or record.
    pub scope: GrantScope,
    /// The id of its scope on chain, for [`withdraw`](crate::client::grants::Grants::withdraw) and
    /// [`sign_revocation`](crate::client::acts::Acts::sign_revocation).
    pub scope_id: ScopeId,
    /// Its rights.
    pub rights: Rights,
    /// Its purpose.
    pub purpose: Purpose,
    /// When it was granted.
    pub granted: SystemTime,
    /// When it ends; `None` for no end.
    pub expires: Option<SystemTime>,
    /// Whether it is live now, by the chain's clock.
    pub live: bool,
    /// The error kind if the name of the folder or grantee is missing because its block is not available or does not open.
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) mean that a store is offline now.
    pub unavailable: Option<ErrorKind>,
}

/// The scope of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GrantScope {
    /// A folder.
    Folder {
        /// Its number on chain.
        number: u64,
        /// Its name, if it is known.
        name: Option<String>,
        /// Its HL7 v3 Confidentiality, if the name is known.
        confidentiality: Option<Confidentiality>,
    },
    /// One record.
    Record(RecordRef),
}

impl GrantInfo {
    /// The scope as text for people.
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

/// Looks up the names of accounts and folders.
struct NameLookup<'a> {
    contacts: Vec<Contact>,
    missing: BTreeMap<Address, Error>,
    folders: &'a (dyn Fn(u64) -> FolderDetails + Sync),
}

/// Name and confidentiality of a folder, or the error kind if they are missing.
type FolderDetails = (Option<String>, Option<Confidentiality>, Option<ErrorKind>);

pub(crate) async fn grants(person: &Person) -> Result<Vec<GrantInfo>> {
    let journal = person.journals.of(person.address()).await?;
    let person = person.for_one_call();
    let ((contacts, missing), folders) =
        tokio::try_join!(contacts::contacts_and_missing(&person), folders::folder_names(&person))?;
    let names = NameLookup { contacts, missing, folders: &|number| folders.of(number) };
    infos(&person, &journal, &names, |_| true).await
}

pub(crate) async fn delegated(person: &Person, patient: Address) -> Result<Vec<GrantInfo>> {
    let journal = person.journals.of(patient).await?;
    let person = person.for_one_call();
    let (contacts, missing) = contacts::contacts_and_missing(&person).await?;
    let own_grants = shared::shared_by(&person, patient).await?.grants;
    let folders = |number| {
        let own = own_grants.iter().find(|grant| grant.scope_id.0 == folder_scope(number));
        match own.map(|grant| (&grant.scope, grant.unavailable)) {
            Some((GrantScope::Folder { name, confidentiality, .. }, why)) => (name.clone(), *confidentiality, why),
            _ => (None, None, None),
        }
    };
    let names = NameLookup { contacts, missing, folders: &folders };
    infos(&person, &journal, &names, |grant| grant.state.giver == Some(person.address())).await
}

async fn infos(
    person: &Person,
    journal: &VerifiedJournal,
    names: &NameLookup<'_>,
    is_wanted: impl Fn(&GrantEntry) -> bool,
) -> Result<Vec<GrantInfo>> {
    let now = person.clocks.chain_time().await?;
    let grants = journal.state().grants.iter();
    let mut grants: Vec<_> = grants.filter(|(_, grant)| !grant.state.is_bar() && is_wanted(grant)).collect();
    grants.sort_by_key(|(_, grant)| std::cmp::Reverse(grant.entry));
    let info = |((scope, grantee), grant): (&(B256, Address), &GrantEntry)| {
        let live = journal.state().live(*scope, *grantee, now).is_some();
        info(person, journal, names, *scope, *grantee, grant, live)
    };
    Ok(grants.into_iter().filter_map(info).collect())
}

fn info(
    person: &Person,
    journal: &VerifiedJournal,
    names: &NameLookup<'_>,
    scope_id: B256,
    grantee: Address,
    grant: &GrantEntry,
    live: bool,
) -> Option<GrantInfo> {
    let state = &grant.state;
    let record = journal.state().records.get(&scope_id);
    let mut unavailable = names.missing.get(&grantee).map(Error::kind);
    let scope = match folder_of(scope_id) {
        Some(number) => {
            let (name, confidentiality, why) = (names.folders)(number);
            unavailable = unavailable.or(why);
            GrantScope::Folder { number, name, confidentiality }
        }
        None => GrantScope::Record(person.record(journal.patient, record?.id.0.into())),
    };
    let above = match state.via {
        Via::Scope => Some(scope_id),
        Via::Folder => record.map(|record| folder_scope(record.state.folder)),
        _ => None,
    };
    let contact = names.contacts.iter().find(|contact| contact.address == grantee);
    Some(GrantInfo {
        grantee,
        name: contact.map(|contact| contact.name.clone()),
        given_by: state.giver,
        above: above.map(ScopeId),
        scope,
        scope_id: ScopeId(scope_id),
        rights: state.rights,
        purpose: state.purpose,
        granted: instant(state.granted_at),
        expires: expiry(state.expires_at),
        live,
        unavailable,
    })
}
