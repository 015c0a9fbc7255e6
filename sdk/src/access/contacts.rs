//! People: cards, and the names one has given them.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256};
use futures::{StreamExt, stream};
use hospital_record_core::{
    block::Verified,
    board::deal::Deal,
    error::CoreError,
    id::{Confidentiality, Digest},
    seal::envelope::Envelope,
};

use crate::{
    base::{
        error::{Error, Result},
        names::{self, spelled},
    },
    client::Client,
    ledger::Event,
    people::{card::Card, contact::Contact},
    platform::cache::{CONTACTS, key},
};

/// Envelopes that are fetched at the same time: on a new machine there is one to fetch for each grantee.
pub(crate) const ABREAST: usize = 8;

/// What a patient writes to themselves in an envelope, so that a new machine knows it: the name of the grantee, and the
/// folder that was granted. Names have no line breaks.
pub(crate) struct Note {
    pub(crate) name: Option<String>,
    pub(crate) folder: String,
    pub(crate) confidentiality: Confidentiality,
}

impl Client {
    /// This person's card, to be handed to those who will grant to it. Publishes the profile when there is none.
    pub async fn card(&self) -> Result<Card> {
        let profile = B256::from(self.published().await?.digest.0);
        Ok(Card { deployment: self.deployment(), account: self.address(), profile, sources: Vec::new() })
    }

    /// Remembers somebody by name, with the keys on the card. They are compared with what the chain says.
    ///
    /// # Errors
    /// [`Error::KeyChanged`] when the chain names other keys that no signature leads to.
    pub async fn add_contact(&self, name: &str, card: &Card) -> Result<Contact> {
        let name = names::checked("a contact's name", name)?;
        self.check_card(Some(card.deployment))?;
        if self.is_me(card.account) {
            return Err(Error::Invalid("this is your own card".into()));
        }
        self.require_free(&name, card.account).await?;
        self.on_card(card).await?;
        self.save_contact(&name, card).await?;
        Ok(Contact { name, address: card.account, profile: Some(card.profile) })
    }

    /// Nobody else is called so, or so that the two are taken for each other.
    pub(crate) async fn require_free(&self, name: &str, account: Address) -> Result<()> {
        let known = self.contacts().await?.into_iter().filter(|known| known.address != account);
        match known.into_iter().find(|known| names::look_alike(&known.name, name)) {
            None => Ok(()),
            Some(other) if other.name == name => {
                Err(Error::Invalid(format!("{name} is another contact already: choose another name")))
            }
            Some(other) => Err(Error::Invalid(format!(
                "{name} looks like the contact {}: choose a name that nobody takes for it",
                other.name
            ))),
        }
    }

    /// The card's keys are current, or were replaced by ones that the account signed as their successors.
    async fn on_card(&self, card: &Card) -> Result<()> {
        let (current, profile) = self.system().people().profile_of(card.account, Some(card.profile)).await?;
        let known = Digest(card.profile.0);
        if current != known && !self.system().people().succeeds(card.account, &profile, known).await? {
            let (account, found) = (card.account, B256::from(current.0));
            return Err(Error::KeyChanged { account, known: card.profile, found });
        }
        Ok(())
    }

    async fn save_contact(&self, name: &str, card: &Card) -> Result<()> {
        let row = [card.profile.as_slice(), name.as_bytes()].concat();
        let place = self.contact_key(card.account);
        let sealed = self.keys().local_seal(&place, &row).map_err(CoreError::from)?;
        self.system().cache().put(CONTACTS, place, sealed).await
    }

    /// Everybody this person knows, by name: those who were added here, and those who were named in a grant. Who was named
    /// in a grant alone is left out while no store gives that grant's envelope.
    pub async fn contacts(&self) -> Result<Vec<Contact>> {
        Ok(self.for_one_call().contacts_and_missing().await?.0)
    }

    /// The same, and whose names in grants could not be had.
    pub(crate) async fn contacts_and_missing(&self) -> Result<(Vec<Contact>, BTreeMap<Address, Error>)> {
        let (mut contacts, mut missing) = self.restored_names().await?;
        for contact in self.rows_here().await? {
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

    /// What this person calls an account, without asking for anybody else's name.
    pub(crate) async fn called(&self, account: Address) -> Result<Option<String>> {
        let place = self.contact_key(account);
        if let Some(sealed) = self.system().cache().get(CONTACTS, place.clone()).await? {
            let contact = self.contact_in(&place, &sealed)?;
            return Ok(contact.map(|contact| contact.name).filter(|name| !name.is_empty()));
        }
        let journal = self.system().journals().of(self.address()).await?;
        let granted = journal.history.entries().iter().rev().find_map(|entry| match entry.event {
            Event::AccessGranted { grantee, envelope, .. } if grantee == account => Some(envelope),
            _ => None,
        });
        let Some(envelope) = granted else { return Ok(None) };
        // A name that cannot be had keeps nobody from being given access.
        Ok(self.for_one_call().note_in(envelope, account).await.ok().flatten().and_then(|note| note.name))
    }

    /// The contact of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`]; that of a silent store, where the name may be one that only a grant tells.
    pub async fn contact(&self, name: &str) -> Result<Contact> {
        let (contacts, missing) = self.for_one_call().contacts_and_missing().await?;
        let wanted = spelled(name);
        let mut found = contacts.into_iter().filter(|contact| contact.name == wanted);
        match (found.next(), found.next()) {
            (Some(found), None) => return Ok(found),
            // An earlier version told names apart by their bytes; so does an app that is not ours.
            (Some(one), Some(other)) => {
                return Err(Error::Invalid(format!(
                    "two contacts are called {wanted}: give the address, {:#x} or {:#x}",
                    one.address, other.address
                )));
            }
            (None, _) => {}
        }
        Err(missing
            .into_values()
            .find(Error::is_silence)
            .unwrap_or_else(|| Error::NotFound(format!("no contact is called {name:?}: add the person's card first"))))
    }

    /// Forgets a name. Grants stay as they are.
    pub async fn remove_contact(&self, name: &str) -> Result<()> {
        let contact = self.contact(name).await?;
        let place = self.contact_key(contact.address);
        // An empty name outlasts the one that a grant would restore.
        let row = B256::ZERO.to_vec();
        let sealed = self.keys().local_seal(&place, &row).map_err(CoreError::from)?;
        self.system().cache().put(CONTACTS, place, sealed).await
    }

    /// Those of [`contacts`](Client::contacts) that were added on this machine: no service is asked.
    pub async fn contacts_added_here(&self) -> Result<Vec<Contact>> {
        let mut contacts = self.rows_here().await?;
        contacts.retain(|contact| !contact.name.is_empty());
        Ok(contacts)
    }

    /// The same, and whom this person forgot here, without a name.
    async fn rows_here(&self) -> Result<Vec<Contact>> {
        let mut contacts = Vec::new();
        for (place, sealed) in self.system().cache().rows(CONTACTS, self.contact_key_prefix()).await? {
            contacts.extend(self.contact_in(&place, &sealed)?);
        }
        Ok(contacts)
    }

    fn contact_in(&self, place: &[u8], sealed: &[u8]) -> Result<Option<Contact>> {
        let row = self.keys().local_open(place, sealed).map_err(CoreError::from)?;
        let address = place.get(place.len().saturating_sub(20)..).map(Address::from_slice);
        let contact = row.split_at_checked(32).zip(address).map(|((profile, name), address)| {
            let (name, profile) = (spelled(&String::from_utf8_lossy(name)), Some(B256::from_slice(profile)));
            Contact { name, address, profile }
        });
        Ok(contact)
    }

    /// The accounts of contacts that were added on this machine.
    pub(crate) async fn contacts_here(&self) -> Result<Vec<Address>> {
        let prefix = self.contact_key_prefix();
        let rows = self.system().cache().rows(CONTACTS, prefix.clone()).await?;
        let account = |place: &[u8]| {
            place.strip_prefix(prefix.as_slice()).filter(|rest| rest.len() == 20).map(Address::from_slice)
        };
        Ok(rows.iter().filter_map(|(place, _)| account(place)).collect())
    }

    /// Names in the notes of this person's own envelopes, and the envelopes that cannot be had.
    async fn restored_names(&self) -> Result<(BTreeMap<Address, Contact>, BTreeMap<Address, Error>)> {
        let journal = self.system().journals().of(self.address()).await?;
        let granted = journal.history.entries().iter().filter_map(|entry| match entry.event {
            Event::AccessGranted { grantee, envelope, .. } => Some((grantee, envelope)),
            _ => None,
        });
        // The newest envelope of each grantee.
        let newest: BTreeMap<Address, B256> = granted.collect();
        let notes = stream::iter(newest)
            .map(|(address, envelope)| async move { (address, self.note_in(envelope, address).await) });
        let notes: Vec<_> = notes.buffer_unordered(ABREAST).collect().await;
        let (mut contacts, mut missing) = (BTreeMap::new(), BTreeMap::new());
        for (address, note) in notes {
            match note.map(|note| note?.name) {
                Ok(None) => {}
                Ok(Some(name)) => drop(contacts.insert(address, Contact { name, address, profile: None })),
                Err(error) => drop(missing.insert(address, error)),
            }
        }
        Ok((contacts, missing))
    }

    /// What the patient wrote to themselves in an envelope, where there is a note.
    pub(crate) async fn note_in(&self, envelope: B256, grantee: Address) -> Result<Option<Note>> {
        let digest = Digest(envelope.0);
        if self.system().people().is_kind::<Deal>(digest).await? {
            return Ok(self.note_of_deal(&self.signed::<Deal>(digest).await?.into_body(), grantee));
        }
        let envelope: Verified<Envelope> = self.signed(digest).await?;
        Ok(self.open_note(envelope.note.as_deref().map(Vec::as_slice), grantee))
    }

    /// The same of what was dealt to a board.
    pub(crate) fn note_of_deal(&self, deal: &Deal, board: Address) -> Option<Note> {
        self.open_note(deal.note.as_deref().map(Vec::as_slice), board)
    }

    fn open_note(&self, note: Option<&[u8]>, grantee: Address) -> Option<Note> {
        let note = self.keys().note_open(&note_context(grantee), note?).ok()?;
        let mut lines = note.split('\n').map(str::to_owned);
        let (name, folder, level) = (lines.next()?, lines.next()?, lines.next()?);
        // As it is spelled now: an earlier version kept it as it was typed.
        Some(Note {
            name: Some(spelled(&name)).filter(|name| !name.is_empty()),
            folder,
            confidentiality: level.parse().ok()?,
        })
    }

    pub(crate) fn seal_note(&self, grantee: Address, note: &Note) -> Result<Vec<u8>> {
        let name = note.name.as_deref().unwrap_or_default();
        let text = format!("{name}\n{}\n{}", note.folder, note.confidentiality);
        Ok(self.keys().note_seal(&note_context(grantee), &text).map_err(CoreError::from)?)
    }

    fn contact_key_prefix(&self) -> Vec<u8> {
        key(&[&self.system().deployment_key(), self.address().as_slice()])
    }

    fn contact_key(&self, account: Address) -> Vec<u8> {
        key(&[&self.contact_key_prefix(), account.as_slice()])
    }
}

fn note_context(grantee: Address) -> Vec<u8> {
    [b"name of ", grantee.as_slice()].concat()
}
