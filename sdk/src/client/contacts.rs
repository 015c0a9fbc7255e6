//! People whose keys this person compared, under names that this person chose.

use crate::{
    access::contacts,
    acts::person::Person,
    base::error::Result,
    people::{card::Card, contact::Contact},
};

/// A person's contacts; made by [`Client::contacts`](crate::Client::contacts).
///
/// The [guide](crate::contact) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Contacts<'a>(pub(super) &'a Person);

impl Contacts<'_> {
    /// Saves somebody under a name, with the keys on the card. The keys are compared with the chain.
    ///
    /// # Errors
    /// [`Error::KeyChanged`](crate::Error::KeyChanged) if the chain names other keys.
    pub async fn add(self, name: &str, card: &Card) -> Result<Contact> {
        contacts::add_contact(self.0, name, card).await
    }

    /// All contacts, by name: those added here, and those named in a grant. A contact that only a grant names is left
    /// out while no store returns that grant's envelope.
    pub async fn list(self) -> Result<Vec<Contact>> {
        contacts::contacts(self.0).await
    }

    /// The contact of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if there is none. If a store does not answer, its error, because a
    /// grant may hold the name.
    pub async fn find(self, name: &str) -> Result<Contact> {
        contacts::contact(self.0, name).await
    }

    /// Removes a name. Grants do not change.
    pub async fn remove(self, name: &str) -> Result<()> {
        contacts::remove_contact(self.0, name).await
    }

    /// The contacts of [`list`](Self::list) that were added on this machine. It asks no service.
    pub async fn added_here(self) -> Result<Vec<Contact>> {
        contacts::contacts_added_here(self.0).await
    }
}
