//! Asking.

use std::time::SystemTime;

use alloy::primitives::{Address, B256, aliases::U40};
use hospital_record_contracts::access_requests::IAccessRequests;
use hospital_record_core::seal::request::{RequestTerms, check_reason, seal_request};

use crate::{
    access::requests::open,
    acts::{confirm::Confirmed, person::Person},
    base::{
        builder::{awaitable, rights_setters},
        error::{Error, Result},
        record_ref::account,
        time::{NO_END, expiry},
    },
    ledger::{Purpose, Rights},
    people::grantee::Grantee,
};

/// How long access is asked for unless it is told: a year.
const A_YEAR: u64 = 365 * 24 * 3600;
/// How long a request waits for its answer unless it is told: 30 days.
const A_MONTH: u64 = 30 * 24 * 3600;

/// Asks for access; made by [`Requests::ask`](crate::client::requests::Requests::ask).
///
/// The [guide](crate::request) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Ask {
    person: Person,
    patient: Grantee,
    rights: Rights,
    purpose: Purpose,
    until: Option<SystemTime>,
    endless: bool,
    answer_by: Option<SystemTime>,
    reason: String,
}

/// What was asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// What the chain calls the request: [`withdraw`](crate::client::requests::Requests::withdraw) takes it.
    pub id: B256,
    /// Who was asked.
    pub patient: Address,
    /// Until when access shall last; nothing for no end.
    pub until: Option<SystemTime>,
    /// The request is closed from then on; nothing for no end.
    pub answer_by: Option<SystemTime>,
    /// Hash of the transaction; `None` where a relay carried it and nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) fn ask(person: &Person, patient: impl Into<Grantee>) -> Ask {
    Ask {
        person: person.clone(),
        patient: patient.into(),
        rights: Rights::READ,
        purpose: Purpose::TREAT,
        until: None,
        endless: false,
        answer_by: None,
        reason: String::new(),
    }
}

pub(crate) async fn withdraw_request(person: &Person, patient: Address, id: B256) -> Result<Confirmed> {
    let open = open::told_requests(person, patient, Some(person.address())).await?.0;
    if !open.iter().any(|told| told.id == id) {
        return Err(Error::NotFound(format!("{} has asked nothing like that of {patient}", person.address()).into()));
    }
    person.can_pay(1).await?;
    person.send(person.access_requests().withdraw_request(patient, id)).await
}

impl Ask {
    /// What for (HL7 v3 PurposeOfUse).
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Until when access shall last.
    pub fn until(mut self, end: SystemTime) -> Self {
        (self.until, self.endless) = (Some(end), false);
        self
    }

    /// Access shall last until it is revoked.
    pub fn no_end(mut self) -> Self {
        self.endless = true;
        self
    }

    /// From then on the request is closed, and no answer wanted.
    pub fn answer_by(mut self, end: SystemTime) -> Self {
        self.answer_by = Some(end);
        self
    }

    /// Why, for the patient alone: up to 2044 bytes of text.
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.reason = text.into();
        self
    }

    async fn run(self) -> Result<Asked> {
        let person = &self.person;
        let patient = self.patient.address;
        self.check()?;
        let terms = RequestTerms {
            patient: account(patient),
            asker: person.account(),
            rights: self.rights.bits(),
            purpose: self.purpose as u8,
            grant_until: match self.endless {
                true => NO_END,
                false => person.clocks().end_in_the_future(self.until, A_YEAR).await?,
            },
            answer_by: person.clocks().end_in_the_future(self.answer_by, A_MONTH).await?,
        };
        person.access_requests().deployed_at().await?;
        let (_, profile) = person.people().profile_of(patient, self.patient.profile).await?;
        person.can_pay(1).await?;
        let me = person.published().await?;
        let block = seal_request(person.deployment(), &terms, &self.reason, &profile.keys.hpke, me.digest, &me.keys)?;
        let id = B256::from(person.people().publish(block).await?.0);
        let receipt = person.send(person.access_requests().to_send(&call(patient, &terms, id))).await?;
        Ok(Asked {
            id,
            patient,
            until: expiry(terms.grant_until),
            answer_by: expiry(terms.answer_by),
            transaction: receipt.transaction,
            gas: receipt.gas,
        })
    }

    fn check(&self) -> Result<()> {
        let Grantee { address, deployment, .. } = self.patient;
        if address.is_zero() || address == self.person.address() {
            return Err(Error::Invalid("one asks somebody else for access: name the patient's account".into()));
        }
        self.person.check_card(deployment)?;
        check_reason(&self.reason).map_err(|error| {
            let limits = "say why in 1 to 2044 bytes of text, without control characters but line breaks";
            Error::Invalid(format!("this reason cannot be sent ({error}): {limits}").into())
        })
    }
}

rights_setters!(Ask);
awaitable!(Ask => Asked);

fn call(patient: Address, terms: &RequestTerms, reason: B256) -> IAccessRequests::askCall {
    let end = |seconds: u64| U40::saturating_from(seconds);
    IAccessRequests::askCall {
        patient,
        rights: terms.rights,
        purpose: terms.purpose,
        grantUntil: end(terms.grant_until),
        answerBy: end(terms.answer_by),
        reason,
    }
}
