//! Asking a patient for access, and what a patient is asked for.
//!
//! A request is an event and a block. The event gives no right, is in nobody's journal and costs the patient nothing; the
//! block carries the reason, sealed to the patient, and the asker's signature over all that is asked: a node can hide a
//! request, and it can invent none whose reason opens.

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

/// Somebody asks this person for access.
///
/// Answer it with [`Requests::answer`](crate::client::requests::Requests::answer), or not at all.
#[derive(Clone)]
#[non_exhaustive]
pub struct AccessRequest {
    /// What the chain calls it: SHA-256 of the block with the reason.
    pub id: B256,
    /// Who asks. That this account asked is certain where the reason opens; who it belongs to is not.
    pub asker: Address,
    /// What this person calls the asker.
    pub name: Option<String>,
    /// Why the asker is trusted by the authorities that were named in [`ListRequests::trusted_by`](crate::request::ListRequests::trusted_by).
    pub trust: Option<Trust>,
    /// The asker's keys, for comparing by voice; only where the reason opens.
    pub fingerprint: Option<String>,
    /// Which rights are asked for.
    pub rights: Rights,
    /// What for.
    pub purpose: Purpose,
    /// Until when access shall last; nothing for no end.
    pub until: Option<SystemTime>,
    /// The request is closed from then on.
    pub answer_by: SystemTime,
    /// When it was made, as the node tells.
    pub asked: SystemTime,
    /// Why, in the asker's words; or why that cannot be told, such as [`ErrorKind::Integrity`] for a reason that
    /// somebody else wrote, or wrote for another request.
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

/// A request as the chain tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) id: B256,
    pub(crate) terms: RequestTerms,
    pub(crate) rights: Rights,
    pub(crate) purpose: Purpose,
    pub(crate) block: u64,
    pub(crate) time: Option<u64>,
}

impl Told {
    pub(crate) fn asker(&self) -> Address {
        self.terms.asker.0.into()
    }

    /// With nothing known yet of who asks and why.
    pub(crate) fn request(&self, asked: u64) -> AccessRequest {
        let at = |seconds| instant(seconds);
        AccessRequest {
            id: self.id,
            asker: self.asker(),
            name: None,
            trust: None,
            fingerprint: None,
            rights: self.rights,
            purpose: self.purpose,
            until: expiry(self.terms.grant_until),
            answer_by: at(self.terms.answer_by),
            asked: at(asked),
            reason: Err(ErrorKind::NotAvailable),
            terms: self.terms,
        }
    }
}
