//! What others have shared with this person.

use crate::{
    access::{
        givers::{self, ABREAST, Givers},
        grants::GrantScope,
    },
    acts::person::Person,
    base::{
        cut::Cut,
        error::{Result, kind::ErrorKind},
        time::{expiry, instant},
    },
    journal::verified::VerifiedJournal,
    keys::holder,
    ledger::{Grant, Purpose, Rights, folder_of},
};
use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use alloy::primitives::{Address, B256};
use futures::{StreamExt, stream};

/// Grants of one patient in a list of many patients.
const MOST_OF_ONE: usize = 64;
/// The same in a list of that patient's alone.
const MOST_BY_NAME: usize = 1024;

/// What others have shared with this person. It cannot be proven complete: grants are linked in the journals of those
/// who gave them, not of those who got them, so a node can hide one. What is listed is real.
///
/// Anybody can grant something to anybody, so the list is bounded: up to 1,024 patients whom this person knows, and the
/// newest 64 others; of each patient 64 grants, live ones first. This person knows their contacts, those to whom they
/// granted something themselves, and the patients whose records they opened or added to. [`Grants::received_from`](crate::client::grants::Grants::received_from) lists one
/// patient's, whatever others do.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Shared {
    /// Grants to this account that are not revoked: of patients whom this person knows first, each part newest first.
    pub grants: Vec<SharedGrant>,
    /// Patients whose history cannot be read, and why.
    pub unreadable: Vec<(Address, String)>,
    /// Patients who are left out.
    pub cut: Cut,
    /// Patients who gave more than is listed, and how many of their grants are left out.
    pub more_of: Vec<(Address, usize)>,
}

/// Patients who share something with this person; see [`Shared`] for how many.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Patients {
    /// Their accounts.
    pub patients: BTreeSet<Address>,
    /// Those who are left out.
    pub cut: Cut,
}

/// One grant to this person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedGrant {
    /// Who gave it.
    pub patient: Address,
    /// On what; the folder's name and confidentiality come from the envelope, when it opens.
    pub scope: GrantScope,
    /// What the chain calls the scope: [`renounce`](crate::client::grants::Grants::renounce) takes it.
    pub scope_id: B256,
    /// Which rights.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Since when.
    pub granted: SystemTime,
    /// Until when; nothing for no end.
    pub expires: Option<SystemTime>,
    /// Who passed it on; nothing when the patient gave it.
    pub given_by: Option<Address>,
    /// Whether it is live now, by the chain's clock.
    pub live: bool,
    /// Why the envelope cannot be had or opened, and with it the folder's name:
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) are about a store that is silent now.
    pub unavailable: Option<ErrorKind>,
}

pub(crate) async fn shared_with_me(person: &Person) -> Result<Shared> {
    let person = &person.for_one_call();
    let givers = givers::givers(person).await?;
    let mut shared = all_shared(person, &givers.journals, MOST_OF_ONE).await?;
    let is_known = |patient: &Address| givers.known.contains(patient);
    shared.grants.sort_by_key(|grant| (!is_known(&grant.patient), std::cmp::Reverse(grant.granted)));
    (shared.unreadable, shared.cut) = (givers.unreadable, givers.cut);
    Ok(shared)
}

pub(crate) async fn shared_by(person: &Person, patient: Address) -> Result<Shared> {
    let journal = person.journals().of(patient).await?;
    let mut shared = all_shared(&person.for_one_call(), &[journal], MOST_BY_NAME).await?;
    shared.grants.sort_by_key(|grant| std::cmp::Reverse(grant.granted));
    Ok(shared)
}

pub(crate) async fn patients(person: &Person) -> Result<Patients> {
    let Givers { journals, cut, .. } = givers::givers(person).await?;
    let sharing = journals.iter().filter(|journal| held(person, journal).next().is_some());
    Ok(Patients { patients: sharing.map(|known| known.patient).collect(), cut })
}

/// What these histories give to this account, of each so many.
async fn all_shared(person: &Person, journals: &[Arc<VerifiedJournal>], most: usize) -> Result<Shared> {
    let now = person.clocks().chain_time().await?;
    let mut shared = Shared::default();
    let mut opening = Vec::new();
    for journal in journals {
        let mut held: Vec<_> = held(person, journal).collect();
        let live = |scope| journal.state().live(scope, person.address(), now).is_some();
        held.sort_by_key(|(scope, grant)| (!live(*scope), std::cmp::Reverse(grant.entry)));
        if held.len() > most {
            shared.more_of.push((journal.patient, held.len() - most));
        }
        opening.extend(held.into_iter().take(most).map(|held| one_shared(person, journal, held, now)));
    }
    // What strangers named may be nowhere: it is waited for side by side.
    let opened: Vec<Option<SharedGrant>> = stream::iter(opening).buffered(ABREAST).collect().await;
    shared.grants = opened.into_iter().flatten().collect();
    Ok(shared)
}

/// What this account has of a patient, live or not.
fn held<'a>(person: &'a Person, journal: &'a VerifiedJournal) -> impl Iterator<Item = (B256, &'a Grant)> {
    let grants = journal.state().grants.iter();
    let mine = grants.filter(|((_, grantee), grant)| person.is_me(*grantee) && !grant.state.is_bar());
    mine.map(|((scope, _), grant)| (*scope, grant))
}

/// Nothing for a grant on a record that is not there.
async fn one_shared(
    person: &Person,
    journal: &VerifiedJournal,
    (scope, grant): (B256, &Grant),
    now: u64,
) -> Option<SharedGrant> {
    let patient = journal.patient;
    let record = |key: &B256| journal.state().records.get(key).map(|known| person.record(patient, known.id.0.into()));
    let mut named = match folder_of(scope) {
        Some(number) => GrantScope::Folder { number, name: None, confidentiality: None },
        None => GrantScope::Record(record(&scope)?),
    };
    let payload = holder::payload_of(person, patient, scope, grant).await;
    let unavailable = payload.as_ref().err().map(|error| error.kind());
    if let (GrantScope::Folder { name, confidentiality, .. }, Ok(payload)) = (&mut named, payload) {
        (*name, *confidentiality) = (Some(payload.folder_name), Some(payload.confidentiality));
    }
    Some(SharedGrant {
        patient,
        scope: named,
        scope_id: scope,
        rights: grant.state.rights,
        purpose: grant.state.purpose,
        granted: instant(grant.state.granted_at),
        expires: expiry(grant.state.expires_at),
        given_by: grant.state.giver,
        live: journal.state().live(scope, person.address(), now).is_some(),
        unavailable,
    })
}
