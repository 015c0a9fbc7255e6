//! Acts that others carry, and acts that the chain dropped.

use alloy::primitives::Address;
use alloy::primitives::B256;

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::{error::Result, scope_id::ScopeId},
    boards::board::Board,
    journal::missing::MissingEntry,
    relay::SignedRequest,
};

/// A person's acts; made by [`Client::acts`](crate::Client::acts).
///
/// The [guide](crate::act) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Acts<'a>(pub(super) &'a Person);

impl Acts<'_> {
    /// Signs a revocation that anybody can send at any time: a relay, a friend, or from a file. It needs no ether, and
    /// a delay does not make it worthless. It ends the grantee's access to this scope, including a grant that this
    /// person makes within 15 minutes after signing. A later grant makes it void. It works once.
    ///
    /// It moves no keys. The next [`add`](crate::Client::add) or [`sync`](crate::Client::sync) does.
    pub async fn sign_revocation(self, grantee: Address, scope: ScopeId) -> Result<SignedRequest> {
        self.0.sign_revocation(grantee, scope.0).await
    }

    /// Makes void all requests that this person has signed and nobody has carried yet. Signed revocations, vetoes, and
    /// requests for a board ([`void_at`](Self::void_at)) stay valid. Use it when you abandon a request that a relay
    /// already has: the relay could carry it for another 15 minutes. It sends one act to each contract.
    ///
    /// # Errors
    /// As for every act. A relay that withholds the request can withhold this act too: then use another relay, or pay
    /// for it yourself.
    pub async fn void(self) -> Result<Confirmed> {
        self.0.void_signed().await
    }

    /// Makes void what this person has signed for one board, as [`void`](Self::void) does.
    ///
    /// # Errors
    /// As for every act.
    pub async fn void_at(self, board: &Board) -> Result<Confirmed> {
        self.0.void_at(board.address).await
    }

    /// Whether a request has taken effect, whoever carried it.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) if it is for another contract or chain, or is not a signed request.
    pub async fn was_carried(self, request: &SignedRequest) -> Result<bool> {
        self.0.was_carried(request).await
    }

    /// Has a signed request carried, of this person or of another one. Without a relay, this account sends it and pays.
    ///
    /// It returns when the chain shows the effect, whatever relays say, or at once if it took effect before. Relays
    /// report the transaction. If none does, the result names no transaction.
    pub async fn carry(self, request: &SignedRequest) -> Result<Confirmed> {
        self.0.carry(request).await
    }

    /// Entries that were confirmed and that the chain no longer shows: this person's own acts, and every end of
    /// somebody's access. While an end of access is missing, nothing new is locked for that patient.
    pub async fn missing(self) -> Result<Vec<MissingEntry>> {
        self.0.missing().await
    }

    /// Gives up an act that the chain no longer shows: it is not sent again and no longer blocks anything. Let a person
    /// decide this. `name` is [`MissingEntry::head`] or the hash of its transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if nothing of this name is missing.
    pub async fn give_up(self, name: B256) -> Result<()> {
        self.0.give_up(name).await
    }
}
