//! Requests for access: ask for it, and answer.

use alloy::primitives::Address;
use alloy::primitives::B256;

use crate::{
    access::{
        grant::Grant,
        requests::{
            answer,
            ask::{self, Ask},
            inbox::{self, ListRequests},
            request::AccessRequest,
        },
    },
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
    people::grantee::Grantee,
};

/// Requests for access; made by [`Client::requests`](crate::Client::requests).
///
/// The [guide](crate::request) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Requests<'a>(pub(super) &'a Person);

impl Requests<'_> {
    /// Answers a request: a [`Grant`] of exactly the rights that were asked for. It is on the folder "personal" unless
    /// you name another folder or a record. You can grant less ([`read_only`](Grant::read_only),
    /// [`contribute_only`](Grant::contribute_only), an earlier [`until`](Grant::until)), but not more.
    ///
    /// # Errors
    /// The grant fails with [`Error::Invalid`](crate::Error::Invalid) if it gives more than was asked or if the reason
    /// does not open. It fails with [`Error::Conflict`](crate::Error::Conflict) if the request is no longer open.
    /// Nothing is granted then.
    pub fn answer(self, request: &AccessRequest) -> Grant {
        answer::answer(self.0, request)
    }

    /// Asks a patient for access. The patient is an address, a [`Card`](crate::Card) or a [`Contact`](crate::Contact).
    /// A request names no folder: the patient chooses it. A [`reason`](Ask::reason) is required.
    ///
    /// Defaults: to read, for treatment, for one year; the request is open for 30 days. It is public who asks whom for
    /// which rights. Only the patient can read the reason.
    ///
    /// # Errors
    /// - [`Error::NotFound`](crate::Error::NotFound) if the patient has published no keys.
    /// - [`Error::Invalid`](crate::Error::Invalid) if the rights, an end or the reason is not allowed.
    /// - [`Error::WrongContract`](crate::Error::WrongContract) if this chain has no `AccessRequests`.
    pub fn ask(self, patient: impl Into<Grantee>) -> Ask {
        ask::ask(self.0, patient)
    }

    /// Withdraws a request of this person, so that the patient no longer sees it as open.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if there is no such request.
    pub async fn withdraw(self, patient: Address, id: B256) -> Result<Confirmed> {
        ask::withdraw_request(self.0, patient, id).await
    }

    /// Open requests for access to this person's records: not withdrawn, not expired, and not answered by a later grant
    /// to the asker. At most 64 are listed, and at most three of one asker. The order is: askers this person knows,
    /// then askers an authority vouches for, then the rest; newest first in each group.
    ///
    /// Listing costs nothing and writes nothing. Anybody can ask, and a node can hide a request. Use
    /// [`trusted_by`](crate::request::ListRequests::trusted_by) to see who asks. Use
    /// [`by`](crate::request::ListRequests::by) to find the requests of one asker, however many others there are.
    pub fn list(self) -> ListRequests {
        inbox::requests(self.0)
    }
}
