//! Asks a patient for access.

use std::time::SystemTime;

use alloy::primitives::{Address, B256, aliases::U40};
use hospital_record_contracts::access_requests::IAccessRequests;
use hospital_record_core::seal::request::{RequestTerms, check_reason, seal_request};

use crate::{
    access::requests::open,
    acts::{confirm::Confirmed, person::Person},
    base::{
        builder::{awaitable, rights_setters},
        error::{Error, Result, fail},
        record_ref::account,
        time::{A_YEAR, NO_END, expiry},
    },
    ledger::{Purpose, Rights},
    people::grantee::Grantee,
};

/// Seconds that a request stays open by default: 30 days.
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

/// A request that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Asked {
    /// The id of the request on chain, for [`withdraw`](crate::client::requests::Requests::withdraw).
    pub id: B256,
    /// The patient who was asked.
    pub patient: Address,
    /// The end of access that it asks for; `None` for no end.
    pub until: Option<SystemTime>,
    /// When the request closes; `None` for no end.
    pub answer_by: Option<SystemTime>,
    /// Hash of the transaction. `None` if a relay carried it and no transaction is known.
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
    let (requests, _) = open::requests_on_chain(person, patient, Some(person.address())).await?;
    if !requests.iter().any(|request| request.id == id) {
        return fail!(NotFound, "{} has no such request to {patient}", person.address());
    }
    person.can_pay(1).await?;
    person.send(person.besides.access_requests.to_send(&IAccessRequests::withdrawCall { patient, reason: id })).await
}

impl Ask {
    /// The purpose (HL7 v3 PurposeOfUse). The default is treatment.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Asks for access until this time. The default is a year.
    pub fn until(mut self, end: SystemTime) -> Self {
        self.until = Some(end);
        self.endless = false;
        self
    }

    /// Asks for access without an end: until it is revoked.
    pub fn no_end(mut self) -> Self {
        self.endless = true;
        self
    }

    /// Closes the request at this time. The default is 30 days from now.
    pub fn answer_by(mut self, end: SystemTime) -> Self {
        self.answer_by = Some(end);
        self
    }

    /// The reason, up to 2044 bytes of text. Only the patient can read it.
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
                false => person.clocks.end_in_the_future(self.until, A_YEAR).await?,
            },
            answer_by: person.clocks.end_in_the_future(self.answer_by, A_MONTH).await?,
        };
        person.besides.access_requests.deployed_at().await?;
        let (_, profile) = person.people().profile_of(patient, self.patient.profile).await?;
        person.can_pay(1).await?;
        let me = person.published().await?;
        let block = seal_request(person.deployment, &terms, &self.reason, &profile.keys.hpke, me.digest, &me.keys)?;
        let id = B256::from(person.people().publish(block).await?.0);
        let receipt = person.send(person.besides.access_requests.to_send(&call(patient, &terms, id))).await?;
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
            return fail!(Invalid, "you cannot ask this account for access: name the patient's account");
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
