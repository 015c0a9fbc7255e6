//! Practitioners in the directory of the joined node.

use alloy::primitives::Address;

use crate::{
    access::directory::{self, Found, Publish, Search, Withdrawn},
    acts::person::Person,
    base::error::Result,
    node::query::Query,
};

/// The directory of the hospital's node; made by [`Client::directory`](crate::Client::directory).
///
/// The [guide](crate::directory) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Directory<'a>(pub(super) &'a Person);

impl Directory<'_> {
    /// Practitioners who fit a query, a page at a time. Each listing is checked: its account signed it for this node, and
    /// one of the authorities in [`trusted_by`](Search::trusted_by) vouches for it. What fails is dropped and counted.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if no node is joined or the query cannot be,
    /// [`Error::NotFound`](crate::Error::NotFound) if the node has no directory,
    /// [`Error::Unreachable`](crate::Error::Unreachable) if it does not answer.
    pub fn search(self, query: &Query) -> Search {
        directory::search(self.0, query)
    }

    /// The listing of one account, checked in the same way. Without authorities nobody's vouch is asked for.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if it is not listed, [`Error::Integrity`](crate::Error::Integrity) if
    /// the account did not sign what the node shows, [`Error::Untrusted`](crate::Error::Untrusted) if none of the
    /// authorities vouches for it, and those of [`search`](Directory::search).
    pub async fn find(self, account: Address, authorities: &[Address]) -> Result<Found> {
        directory::find(self.0, account, authorities).await
    }

    /// Lists this person in the directory, under the name by which patients know them. It replaces an earlier listing.
    /// The listing is public, with this person's card. The node takes it only while one of its authorities vouches for
    /// this account.
    ///
    /// # Errors
    /// [`Error::Denied`](crate::Error::Denied) without such a vouch, [`Error::Invalid`](crate::Error::Invalid) if the
    /// name, a speciality or a language cannot be, [`Error::Conflict`](crate::Error::Conflict) if a newer listing is
    /// there, and those of [`search`](Directory::search).
    pub fn publish(self, name: impl Into<String>) -> Publish {
        directory::publish(self.0, name)
    }

    /// Takes this person out of the directory. Who copied the listing still has it.
    ///
    /// # Errors
    /// Those of [`search`](Directory::search).
    pub async fn withdraw(self) -> Result<Withdrawn> {
        directory::withdraw(self.0).await
    }
}
