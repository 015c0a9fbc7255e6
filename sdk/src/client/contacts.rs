//! People whose keys were compared, under names of one's own.

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
    /// Remembers somebody by name, with the keys on the card. They are compared with what the chain says.
    ///
    /// # Errors
    /// [`Error::KeyChanged`](crate::Error::KeyChanged) when the chain names other keys that no signature leads to.
    pub async fn add(self, name: &str, card: &Card) -> Result<Contact> {
        contacts::add_contact(self.0, name, card).await
    }

    /// Everybody this person knows, by name: those who were added here, and those who were named in a grant. Who was named
    /// in a grant alone is left out while no store gives that grant's envelope.
    pub async fn list(self) -> Result<Vec<Contact>> {
        contacts::contacts(self.0).await
    }

    /// The contact of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound); that of a silent store, where the name may be one that only a grant tells.
    pub async fn find(self, name: &str) -> Result<Contact> {
        contacts::contact(self.0, name).await
    }

    /// Forgets a name. Grants stay as they are.
    pub async fn remove(self, name: &str) -> Result<()> {
        contacts::remove_contact(self.0, name).await
    }

    /// Those of [`list`](crate::client::contacts::Contacts::list) that were added on this machine: no service is asked.
    pub async fn added_here(self) -> Result<Vec<Contact>> {
        contacts::contacts_added_here(self.0).await
    }
}
