//! Lists the grants that others gave to this person.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use crate::{
    access::{
        givers::{self, ABREAST, Givers},
        grants::GrantScope,
    },
    acts::person::Person,
    base::{
        cut::Cut,
        error::{Result, kind::ErrorKind},
        scope_id::ScopeId,
        time::{expiry, instant},
    },
    journal::verified::VerifiedJournal,
    keys::holder,
    ledger::{GrantEntry, Purpose, Rights, folder_of},
};

use alloy::primitives::{Address, B256};
use futures::{StreamExt, stream};

/// Grants of one patient in a list of many patients.
const MOST_OF_ONE: usize = 64;
/// Grants in a list of one patient.
const MOST_BY_NAME: usize = 1024;

/// Grants that others gave to this person.
///
/// Each listed grant is real, but the list cannot be proven complete. A journal holds the grants of its patient, not those
/// of a grantee, so a node can hide a patient.
///
/// Anybody can grant to anybody, so the list is bounded:
///
/// - up to 1,024 known patients, and the newest 64 others;
/// - 64 grants of each patient, live ones first.
///
/// Known are contacts, accounts that this person granted to, and patients whose records this person opened or added to.
/// [`Grants::received_from`](crate::client::grants::Grants::received_from) lists the grants of one patient.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Shared {
    /// Grants to this account that are not revoked. Known patients come first, then the others, both newest first.
    pub grants: Vec<SharedGrant>,
    /// Patients whose history cannot be read, each with the reason.
    pub unreadable: Vec<(Address, String)>,
    /// Patients who are left out of the list.
    pub cut: Cut,
    /// Patients with more grants than are listed, each with the number that is left out.
    pub more_of: Vec<(Address, usize)>,
}

/// Patients who gave this person access. [`Shared`] has the limits of the list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Patients {
    /// Their accounts.
    pub patients: BTreeSet<Address>,
    /// Patients who are left out of the list.
    pub cut: Cut,
}

/// One grant to this person.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SharedGrant {
    /// The patient whose records it is about.
    pub patient: Address,
    /// Its folder or record. The folder's name and confidentiality come from the envelope, if it opens.
    pub scope: GrantScope,
    /// The id of its scope on chain, for [`renounce`](crate::client::grants::Grants::renounce).
    pub scope_id: ScopeId,
    /// Its rights.
    pub rights: Rights,
    /// Its purpose.
    pub purpose: Purpose,
    /// When it was granted.
    pub granted: SystemTime,
    /// When it ends; `None` for no end.
    pub expires: Option<SystemTime>,
    /// The delegate who gave it; `None` if the patient gave it.
    pub given_by: Option<Address>,
    /// Whether it is live now, by the chain's clock.
    pub live: bool,
    /// The error kind if the envelope, which holds the folder's name, is not available or does not open.
    /// [`Unreachable`](ErrorKind::Unreachable) and [`TimedOut`](ErrorKind::TimedOut) mean that a store is offline now.
    pub unavailable: Option<ErrorKind>,
}

pub(crate) async fn shared_with_me(person: &Person) -> Result<Shared> {
    let person = &person.for_one_call();
    let givers = givers::givers(person).await?;
    let mut shared = all_shared(person, &givers.journals, MOST_OF_ONE).await?;
    let is_known = |patient: &Address| givers.known_accounts.contains(patient);
    shared.grants.sort_by_key(|grant| (!is_known(&grant.patient), std::cmp::Reverse(grant.granted)));
    Ok(Shared { unreadable: givers.unreadable, cut: givers.cut, ..shared })
}

pub(crate) async fn shared_by(person: &Person, patient: Address) -> Result<Shared> {
    let journal = person.journals.of(patient).await?;
    let mut shared = all_shared(&person.for_one_call(), &[journal], MOST_BY_NAME).await?;
    shared.grants.sort_by_key(|grant| std::cmp::Reverse(grant.granted));
    Ok(shared)
}

pub(crate) async fn patients(person: &Person) -> Result<Patients> {
    let Givers { journals, cut, .. } = givers::givers(person).await?;
    let sharing = journals.iter().filter(|journal| grants_to_me(person, journal).next().is_some());
    Ok(Patients { patients: sharing.map(|journal| journal.patient).collect(), cut })
}

/// The grants to this account in these journals, up to `most` of each.
async fn all_shared(person: &Person, journals: &[Arc<VerifiedJournal>], most: usize) -> Result<Shared> {
    let now = person.clocks.chain_time().await?;
    let mut shared = Shared::default();
    let mut opening = Vec::new();
    for journal in journals {
        let mut grants: Vec<_> = grants_to_me(person, journal).collect();
        let live = |scope| journal.state().live(scope, person.address(), now).is_some();
        grants.sort_by_key(|(scope, grant)| (!live(*scope), std::cmp::Reverse(grant.entry)));
        if grants.len() > most {
            shared.more_of.push((journal.patient, grants.len() - most));
        }
        opening.extend(grants.into_iter().take(most).map(|grant| one_shared(person, journal, grant, now)));
    }
    // In parallel, because strangers can name envelopes that no store has.
    let grants: Vec<Option<SharedGrant>> = stream::iter(opening).buffered(ABREAST).collect().await;
    shared.grants = grants.into_iter().flatten().collect();
    Ok(shared)
}

/// The grants to this account in a journal, live or not.
fn grants_to_me<'a>(person: &'a Person, journal: &'a VerifiedJournal) -> impl Iterator<Item = (B256, &'a GrantEntry)> {
    let grants = journal.state().grants.iter();
    let mine = grants.filter(|((_, grantee), grant)| person.is_me(*grantee) && !grant.state.is_bar());
    mine.map(|((scope, _), grant)| (*scope, grant))
}

/// One grant to this account; `None` if its record is not in the journal.
async fn one_shared(
    person: &Person,
    journal: &VerifiedJournal,
    (scope, grant): (B256, &GrantEntry),
    now: u64,
) -> Option<SharedGrant> {
    let patient = journal.patient;
    let record = |key: &B256| journal.state().records.get(key).map(|record| person.record(patient, record.id.0.into()));
    let mut named = match folder_of(scope) {
        Some(number) => GrantScope::Folder { number, name: None, confidentiality: None },
        None => GrantScope::Record(record(&scope)?),
    };
    let payload = holder::payload_of(person, patient, scope, grant).await;
    let unavailable = payload.as_ref().err().map(|error| error.kind());
    if let (GrantScope::Folder { name, confidentiality, .. }, Ok(payload)) = (&mut named, payload) {
        *name = Some(payload.folder_name);
        *confidentiality = Some(payload.confidentiality);
    }
    Some(SharedGrant {
        patient,
        scope: named,
        scope_id: ScopeId(scope),
        rights: grant.state.rights,
        purpose: grant.state.purpose,
        granted: instant(grant.state.granted_at),
        expires: expiry(grant.state.expires_at),
        given_by: grant.state.giver,
        live: journal.state().live(scope, person.address(), now).is_some(),
        unavailable,
    })
}
