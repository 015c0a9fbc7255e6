//! Requests for access: asking, and answering.

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
use alloy::primitives::Address;
use alloy::primitives::B256;

/// Requests for access; made by [`Client::requests`](crate::Client::requests).
///
/// The [guide](crate::request) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Requests<'a>(pub(super) &'a Person);

impl Requests<'_> {
    /// Answers a request: a [`Grant`] of exactly what was asked, on the folder "personal" unless another one, or a
    /// record, is named. Less can be given ([`read_only`](Grant::read_only), [`contribute_only`](Grant::contribute_only),
    /// an earlier [`until`](Grant::until)), more cannot.
    ///
    /// # Errors
    /// Of the grant: [`Error::Invalid`](crate::Error::Invalid) for more than was asked or a reason that does not open, [`Error::Conflict`](crate::Error::Conflict) when
    /// the request is not open any more. Nothing is granted then.
    pub fn answer(self, request: &AccessRequest) -> Grant {
        answer::answer(self.0, request)
    }

    /// Asks a patient for access: an address, a [`Card`](crate::Card) or a [`Contact`](crate::Contact). It names no
    /// folder, which the patient chooses, and needs a [`reason`](Ask::reason).
    ///
    /// Defaults: to read, for treatment, for one year; the request is open for 30 days. Who asks whom for what is public;
    /// the reason is the patient's alone.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a patient who has published no keys, [`Error::Invalid`](crate::Error::Invalid) for a request that cannot be,
    /// [`Error::WrongContract`](crate::Error::WrongContract) where this chain has no `AccessRequests`.
    pub fn ask(self, patient: impl Into<Grantee>) -> Ask {
        ask::ask(self.0, patient)
    }

    /// Withdraws a request of this person: the answer is not wanted any more.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) when there is no such request.
    pub async fn withdraw(self, patient: Address, id: B256) -> Result<Confirmed> {
        ask::withdraw_request(self.0, patient, id).await
    }

    /// Open requests for access to this person's records: not answered by a later grant to the asker, not withdrawn, not
    /// expired. Newest first, but whom this person knows before all others, and then those whom an authority vouches for;
    /// at most 64, and three of one asker.
    ///
    /// It costs nothing and writes nothing. Anybody can ask, and a node can hide a request: see
    /// [`trusted_by`](crate::request::ListRequests::trusted_by) for who asks, and [`by`](crate::request::ListRequests::by) to look for one asker whatever others
    /// do.
    pub fn list(self) -> ListRequests {
        inbox::requests(self.0)
    }
}
