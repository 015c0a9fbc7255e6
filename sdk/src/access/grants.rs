//! Seeing who has access.

use std::{collections::BTreeMap, fmt, time::SystemTime};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Confidentiality;

use crate::{
    access::{contacts, folders, shared},
    acts::person::Person,
    base::{
        error::{Error, Result, kind::ErrorKind},
        record_ref::RecordRef,
        time::{expiry, instant},
    },
    journal::verified::VerifiedJournal,
    ledger::{Grant as HeldGrant, Purpose, Rights, Via, folder_of, folder_scope},
    people::contact::Contact,
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
    /// Where it was passed on: the scope of the giver's own grant that it comes from.
    pub above: Option<B256>,
    /// On what.
    pub scope: GrantScope,
    /// What the chain calls the scope: [`withdraw`](crate::client::grants::Grants::withdraw) and [`sign_revocation`](crate::client::acts::Acts::sign_revocation)
    /// take it.
    pub scope_id: B256,
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

/// What accounts and folders are called.
struct Names<'a> {
    contacts: Vec<Contact>,
    missing: BTreeMap<Address, Error>,
    folders: &'a (dyn Fn(u64) -> Folder + Sync),
}

/// Name and confidentiality of a folder, and why they are missing.
type Folder = (Option<String>, Option<Confidentiality>, Option<ErrorKind>);

pub(crate) async fn grants(person: &Person) -> Result<Vec<GrantInfo>> {
    let journal = person.journals().of(person.address()).await?;
    let person = person.for_one_call();
    let ((contacts, missing), folders) =
        tokio::try_join!(contacts::contacts_and_missing(&person), folders::folder_names(&person))?;
    let names = Names { contacts, missing, folders: &|number| folders.of(number) };
    infos(&person, &journal, &names, |_| true).await
}

pub(crate) async fn passed_on(person: &Person, patient: Address) -> Result<Vec<GrantInfo>> {
    let journal = person.journals().of(patient).await?;
    let person = person.for_one_call();
    let (contacts, missing) = contacts::contacts_and_missing(&person).await?;
    let held = shared::shared_by(&person, patient).await?.grants;
    let folders = |number| {
        let held = held.iter().find(|held| held.scope_id == folder_scope(number));
        match held.map(|held| (&held.scope, held.unavailable)) {
            Some((GrantScope::Folder { name, confidentiality, .. }, why)) => (name.clone(), *confidentiality, why),
            _ => (None, None, None),
        }
    };
    let names = Names { contacts, missing, folders: &folders };
    infos(&person, &journal, &names, |held| held.state.giver == Some(person.address())).await
}

async fn infos(
    person: &Person,
    journal: &VerifiedJournal,
    names: &Names<'_>,
    wanted: impl Fn(&HeldGrant) -> bool,
) -> Result<Vec<GrantInfo>> {
    let now = person.clocks().chain_time().await?;
    let held = journal.state().grants.iter();
    let mut held: Vec<_> = held.filter(|(_, grant)| !grant.state.is_bar() && wanted(grant)).collect();
    held.sort_by_key(|(_, grant)| std::cmp::Reverse(grant.entry));
    let info = |((scope, grantee), grant): (&(B256, Address), &HeldGrant)| {
        let live = journal.state().live(*scope, *grantee, now).is_some();
        info(person, journal, names, *scope, *grantee, grant, live)
    };
    Ok(held.into_iter().filter_map(info).collect())
}

fn info(
    person: &Person,
    journal: &VerifiedJournal,
    names: &Names<'_>,
    scope_id: B256,
    grantee: Address,
    grant: &HeldGrant,
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
        above,
        scope,
        scope_id,
        rights: state.rights,
        purpose: state.purpose,
        granted: instant(state.granted_at),
        expires: expiry(state.expires_at),
        live,
        unavailable,
    })
}
