//! Acts that others carry, and what became of acts on chain.

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::Result,
    boards::board::Board,
    journal::missing::MissingEntry,
    relay::SignedRequest,
};
use alloy::primitives::Address;
use alloy::primitives::B256;

/// A person's acts; made by [`Client::acts`](crate::Client::acts).
///
/// The [guide](crate::act) has an example.
#[derive(Clone, Copy, Debug)]
pub struct Acts<'a>(pub(super) &'a Person);

impl Acts<'_> {
    /// What ends a grant whoever sends it and whenever, for a relay, a friend or a file: it needs no ether, and nobody who
    /// withholds or delays it can make it worthless. It ends what the grantee has of this scope now, and what this person grants
    /// again within a quarter of an hour; a later grant makes it worthless, and so does carrying it: it works once.
    ///
    /// It moves no keys: the next [`add`](crate::Client::add) or [`sync`](crate::Client::sync) does.
    pub async fn sign_revocation(self, grantee: Address, scope: B256) -> Result<SignedRequest> {
        self.0.sign_revocation(grantee, scope).await
    }

    /// Makes void all that this person has signed and nobody has carried yet, except signed revocations, vetoes, and what is
    /// for a board ([`void_at`](crate::client::acts::Acts::void_at)). Use it when you abandon a request that a relay already has,
    /// which could carry it for another quarter of an hour. Each contract counts by itself, so it is one act for each.
    ///
    /// # Errors
    /// As for every act. A relay that withholds the one withholds the other: name another one, or pay for it.
    pub async fn void(self) -> Result<Confirmed> {
        self.0.void_signed().await
    }

    /// The same for what is signed for a board.
    ///
    /// # Errors
    /// As for every act.
    pub async fn void_at(self, board: &Board) -> Result<Confirmed> {
        self.0.void_signed_at(board).await
    }

    /// Whether a request has taken effect, whoever carried it.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) where it is for another contract or chain, or no signed request at all.
    pub async fn was_carried(self, request: &SignedRequest) -> Result<bool> {
        self.0.was_carried(request).await
    }

    /// Has a request carried that somebody has signed, this person or another one. It says so when it took effect before.
    /// Without a relay this account carries it, and pays.
    ///
    /// It is done when the chain shows it, whatever relays say. In which transaction, they tell; where none does, the
    /// receipt names none: its hash is zero.
    pub async fn carry(self, request: &SignedRequest) -> Result<Confirmed> {
        self.0.carry(request).await
    }

    /// Entries that were confirmed and are gone: this person's own acts, and ends of anybody's access. While an end of
    /// access is missing, nothing new is locked for that patient.
    pub async fn missing(self) -> Result<Vec<MissingEntry>> {
        self.0.missing().await
    }

    /// Gives an act up that the chain shows no more, by a person's word: it is not sent again and holds nothing up. It is
    /// named by [`MissingEntry::head`], or by its transaction.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) where nothing of this name is missing.
    pub async fn give_up(self, name: B256) -> Result<()> {
        self.0.give_up(name).await
    }
}
