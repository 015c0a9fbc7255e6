//! Requests for access.
//!
//! A request is an event and a block. The event gives no right, is in no journal and costs the patient nothing. The block
//! holds the reason, sealed to the patient, and the asker's signature over the whole request. So a node can hide a request,
//! but it cannot invent one whose reason opens.

use std::{fmt, time::SystemTime};

use alloy::primitives::{Address, B256};
use hospital_record_core::seal::request::RequestTerms;

use crate::{
    base::{
        error::kind::ErrorKind,
        time::{expiry, instant},
    },
    ledger::{Purpose, Rights},
    people::vouching::trust::Trust,
};

/// A request for access to this person's records.
///
/// Answer it with [`Requests::answer`](crate::client::requests::Requests::answer), or ignore it.
#[derive(Clone)]
#[non_exhaustive]
pub struct AccessRequest {
    /// Its id on chain: SHA-256 of the block with the reason.
    pub id: B256,
    /// The account that asks. If the reason opens, this account certainly asked. It does not prove whose account it is.
    pub asker: Address,
    /// The name that this person gave to the asker.
    pub name: Option<String>,
    /// The vouches for the asker from the authorities in
    /// [`ListRequests::trusted_by`](crate::request::ListRequests::trusted_by).
    pub trust: Option<Trust>,
    /// The fingerprint of the asker's keys, to compare by voice. `None` if the reason does not open.
    pub fingerprint: Option<String>,
    /// The rights that it asks for.
    pub rights: Rights,
    /// The purpose.
    pub purpose: Purpose,
    /// The end of access that it asks for; `None` for no end.
    pub until: Option<SystemTime>,
    /// When the request closes.
    pub answer_by: SystemTime,
    /// When it was made, as the node reports it.
    pub asked: SystemTime,
    /// The asker's reason, or the error kind if it does not open. [`ErrorKind::Integrity`] means that another account wrote
    /// it, or wrote it for another request.
    pub reason: std::result::Result<String, ErrorKind>,
    pub(crate) terms: RequestTerms,
}

/// Without the reason, which is about somebody's health.
impl fmt::Debug for AccessRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessRequest")
            .field("id", &self.id)
            .field("asker", &self.asker)
            .field("rights", &self.rights)
            .field("purpose", &self.purpose)
            .field("until", &self.until)
            .field("answer_by", &self.answer_by)
            .field("reason", &self.reason.as_ref().map(|_| ".."))
            .finish_non_exhaustive()
    }
}

/// A request on chain that was not withdrawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenRequest {
    pub(crate) id: B256,
    pub(crate) terms: RequestTerms,
    pub(crate) rights: Rights,
    pub(crate) purpose: Purpose,
    pub(crate) block: u64,
    pub(crate) time: Option<u64>,
}

impl OpenRequest {
    pub(crate) fn asker(&self) -> Address {
        self.terms.asker.0.into()
    }

    /// The request without name, trust and reason, made at this time.
    pub(crate) fn request(&self, time: u64) -> AccessRequest {
        AccessRequest {
            id: self.id,
            asker: self.asker(),
            name: None,
            trust: None,
            fingerprint: None,
            rights: self.rights,
            purpose: self.purpose,
            until: expiry(self.terms.grant_until),
            answer_by: instant(self.terms.answer_by),
            asked: instant(time),
            reason: Err(ErrorKind::NotAvailable),
            terms: self.terms,
        }
    }
}
