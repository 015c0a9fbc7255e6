//! Contacts: accounts that a person named, from cards and from the notes in their own grants.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use futures::{StreamExt, stream};
use hospital_record_core::error::CoreError;

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result, fail},
        names::{self, spelled},
    },
    keys::holder,
    ledger::Event,
    people::{card::Card, contact::Contact},
    platform::cache::CONTACTS,
};

/// Envelopes that are fetched at the same time. A new machine fetches one for each grantee.
pub(crate) const ABREAST: usize = 8;

pub(crate) async fn add_contact(person: &Person, name: &str, card: &Card) -> Result<Contact> {
    let name = names::checked("a contact's name", name)?;
    person.check_card(Some(card.deployment))?;
    if person.is_me(card.account) {
        return fail!(Invalid, "this is your own card");
    }
    require_free(person, &name, card.account).await?;
    person.people().profile_of(card.account, Some(card.profile)).await?;
    save_contact(person, &name, card).await?;
    Ok(Contact { name, address: card.account, profile: Some(card.profile) })
}

/// Refuses a name that another contact has, or that looks like it.
pub(crate) async fn require_free(person: &Person, name: &str, account: Address) -> Result<()> {
    let others = contacts(person).await?.into_iter().filter(|contact| contact.address != account);
    match others.into_iter().find(|contact| names::look_alike(&contact.name, name)) {
        None => Ok(()),
        Some(other) if other.name == name => {
            fail!(Invalid, "{name} is another contact already: choose another name")
        }
        Some(other) => fail!(
            Invalid,
            "{name} looks like the contact {}: choose a name that cannot be confused with it",
            other.name
        ),
    }
}

async fn save_contact(person: &Person, name: &str, card: &Card) -> Result<()> {
    let row = [card.profile.as_slice(), name.as_bytes()].concat();
    let place = contact_key(person, card.account);
    let sealed = person.keys().local_seal(&place, &row).map_err(CoreError::from)?;
    person.cache.put(CONTACTS, place, sealed).await
}

pub(crate) async fn contacts(person: &Person) -> Result<Vec<Contact>> {
    Ok(contacts_and_missing(&person.for_one_call()).await?.0)
}

/// The contacts, and the accounts whose names in grants are not available, with the reason.
pub(crate) async fn contacts_and_missing(person: &Person) -> Result<(Vec<Contact>, BTreeMap<Address, Error>)> {
    let (mut contacts, mut missing) = restored_names(person).await?;
    for contact in rows_here(person).await? {
        missing.remove(&contact.address);
        match contact.name.is_empty() {
            true => contacts.remove(&contact.address),
            false => contacts.insert(contact.address, contact),
        };
    }
    let mut contacts: Vec<Contact> = contacts.into_values().collect();
    contacts.sort_by(|a, b| (&a.name, a.address).cmp(&(&b.name, b.address)));
    Ok((contacts, missing))
}

/// The name that this person gave to an account. It fetches no block for any other account.
pub(crate) async fn name_of(person: &Person, account: Address) -> Result<Option<String>> {
    let place = contact_key(person, account);
    if let Some(sealed) = person.cache.get(CONTACTS, place.clone()).await? {
        let contact = contact_in(person, &place, &sealed)?;
        return Ok(contact.map(|contact| contact.name).filter(|name| !name.is_empty()));
    }
    let journal = person.journals.of(person.address()).await?;
    let envelope = journal.history.entries().iter().rev().find_map(|entry| match entry.event {
        Event::AccessGranted { grantee, envelope, .. } if grantee == account => Some(envelope),
        _ => None,
    });
    let Some(envelope) = envelope else { return Ok(None) };
    // A grant must not fail because an earlier name is not available.
    Ok(holder::note_in(&person.for_one_call(), envelope, account).await.ok().flatten().and_then(|note| note.name))
}

pub(crate) async fn contact(person: &Person, name: &str) -> Result<Contact> {
    let (contacts, missing) = contacts_and_missing(&person.for_one_call()).await?;
    let wanted = spelled(name);
    let mut matches = contacts.into_iter().filter(|contact| contact.name == wanted);
    match (matches.next(), matches.next()) {
        (Some(contact), None) => return Ok(contact),
        // An earlier version or another app can have stored two spellings of one name.
        (Some(one), Some(other)) => {
            return fail!(
                Invalid,
                "two contacts have the name {wanted}: give the address, {:#x} or {:#x}",
                one.address,
                other.address
            );
        }
        (None, _) => {}
    }
    Err(missing.into_values().find(Error::is_outage).unwrap_or_else(|| {
        Error::NotFound(format!("no contact is called {name:?}: add the person's card first").into())
    }))
}

pub(crate) async fn remove_contact(person: &Person, name: &str) -> Result<()> {
    let contact = contact(person, name).await?;
    let place = contact_key(person, contact.address);
    // The empty name stays, because a grant would otherwise restore the old one.
    let row = B256::ZERO.to_vec();
    let sealed = person.keys().local_seal(&place, &row).map_err(CoreError::from)?;
    person.cache.put(CONTACTS, place, sealed).await
}

pub(crate) async fn contacts_added_here(person: &Person) -> Result<Vec<Contact>> {
    let mut contacts = rows_here(person).await?;
    contacts.retain(|contact| !contact.name.is_empty());
    Ok(contacts)
}

/// The contacts that were added on this machine. Those that were removed here have an empty name.
async fn rows_here(person: &Person) -> Result<Vec<Contact>> {
    let mut contacts = Vec::new();
    for (place, sealed) in person.cache.rows(CONTACTS, person.own_key(&[])).await? {
        contacts.extend(contact_in(person, &place, &sealed)?);
    }
    Ok(contacts)
}

fn contact_in(person: &Person, place: &[u8], sealed: &[u8]) -> Result<Option<Contact>> {
    let row = person.keys().local_open(place, sealed).map_err(CoreError::from)?;
    let address = place.get(place.len().saturating_sub(20)..).map(Address::from_slice);
    let contact = row.split_at_checked(32).zip(address).map(|((profile, name), address)| {
        let name = spelled(&String::from_utf8_lossy(name));
        let profile = Some(B256::from_slice(profile));
        Contact { name, address, profile }
    });
    Ok(contact)
}

/// The accounts of contacts that were added on this machine.
pub(crate) async fn contacts_here(person: &Person) -> Result<Vec<Address>> {
    let prefix = person.own_key(&[]);
    let rows = person.cache.rows(CONTACTS, prefix.clone()).await?;
    let account =
        |place: &[u8]| place.strip_prefix(prefix.as_slice()).filter(|rest| rest.len() == 20).map(Address::from_slice);
    Ok(rows.iter().filter_map(|(place, _)| account(place)).collect())
}

/// The names in the notes of this person's own envelopes, and the accounts whose envelopes are not available.
async fn restored_names(person: &Person) -> Result<(BTreeMap<Address, Contact>, BTreeMap<Address, Error>)> {
    let journal = person.journals.of(person.address()).await?;
    let grants = journal.history.entries().iter().filter_map(|entry| match entry.event {
        Event::AccessGranted { grantee, envelope, .. } => Some((grantee, envelope)),
        _ => None,
    });
    // The newest envelope of each grantee.
    let newest: BTreeMap<Address, B256> = grants.collect();
    let notes = stream::iter(newest)
        .map(|(address, envelope)| async move { (address, holder::note_in(person, envelope, address).await) });
    let notes: Vec<_> = notes.buffer_unordered(ABREAST).collect().await;
    let mut contacts = BTreeMap::new();
    let mut missing = BTreeMap::new();
    for (address, note) in notes {
        match note.map(|note| note?.name) {
            Ok(None) => {}
            Ok(Some(name)) => drop(contacts.insert(address, Contact { name, address, profile: None })),
            Err(error) => drop(missing.insert(address, error)),
        }
    }
    Ok((contacts, missing))
}

fn contact_key(person: &Person, account: Address) -> Vec<u8> {
    person.own_key(&[account.as_slice()])
}
