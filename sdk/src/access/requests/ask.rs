//! Asking.

use std::time::SystemTime;

use alloy::primitives::{Address, B256, aliases::U40};
use hospital_record_contracts::access_requests::IAccessRequests;
use hospital_record_core::seal::request::{RequestTerms, check_reason, seal_request};

use crate::{
    base::{
        builder::{awaitable, rights_setters},
        error::{Error, Result},
        record_ref::account,
        time::{NO_END, expiry},
    },
    client::{Client, Confirmed},
    ledger::{Purpose, Rights},
    people::grantee::Grantee,
};

/// How long access is asked for unless it is told: a year.
const A_YEAR: u64 = 365 * 24 * 3600;
/// How long a request waits for its answer unless it is told: 30 days.
const A_MONTH: u64 = 30 * 24 * 3600;

/// Asks for access; made by [`Client::ask`].
#[must_use = "nothing happens until it is awaited"]
pub struct Ask {
    client: Client,
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
    /// What the chain calls the request: [`withdraw_request`](Client::withdraw_request) takes it.
    pub id: B256,
    /// Who was asked.
    pub patient: Address,
    /// Until when access shall last; nothing for no end.
    pub until: Option<SystemTime>,
    /// The request is closed from then on; nothing for no end.
    pub answer_by: Option<SystemTime>,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Asks a patient for access: an address, a [`Card`](crate::Card) or a [`Contact`](crate::Contact). It names no
    /// folder, which the patient chooses, and needs a [`reason`](Ask::reason).
    ///
    /// Defaults: to read, for treatment, for one year; the request is open for 30 days. Who asks whom for what is public;
    /// the reason is the patient's alone.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a patient who has published no keys, [`Error::Invalid`] for a request that cannot be,
    /// [`Error::WrongContract`] where this chain has no `AccessRequests`.
    pub fn ask(&self, patient: impl Into<Grantee>) -> Ask {
        Ask {
            client: self.clone(),
            patient: patient.into(),
            rights: Rights::READ,
            purpose: Purpose::TREAT,
            until: None,
            endless: false,
            answer_by: None,
            reason: String::new(),
        }
    }

    /// Withdraws a request of this person: the answer is not wanted any more.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such request.
    pub async fn withdraw_request(&self, patient: Address, id: B256) -> Result<Confirmed> {
        let open = self.system().told_requests(patient, Some(self.address())).await?.0;
        if !open.iter().any(|told| told.id == id) {
            return Err(Error::NotFound(format!("{} has asked nothing like that of {patient}", self.address())));
        }
        self.can_pay(1).await?;
        Ok(self.send(self.system().access_requests().withdraw_request(patient, id)).await?.into())
    }
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
        let (client, system) = (&self.client, self.client.system());
        let patient = self.patient.address;
        self.check()?;
        let terms = RequestTerms {
            patient: account(patient),
            asker: client.account(),
            rights: self.rights.bits(),
            purpose: self.purpose as u8,
            grant_until: match self.endless {
                true => NO_END,
                false => system.clocks().end_in_the_future(self.until, A_YEAR).await?,
            },
            answer_by: system.clocks().end_in_the_future(self.answer_by, A_MONTH).await?,
        };
        system.access_requests().deployed_at().await?;
        let (_, profile) = system.people().profile_of(patient, self.patient.profile).await?;
        client.can_pay(1).await?;
        let me = client.published().await?;
        let block = seal_request(client.deployment(), &terms, &self.reason, &profile.keys.hpke, me.digest, &me.keys)?;
        let id = B256::from(system.people().publish(block).await?.0);
        let receipt = client.send(system.access_requests().to_send(&call(patient, &terms, id))).await?;
        Ok(Asked {
            id,
            patient,
            until: expiry(terms.grant_until),
            answer_by: expiry(terms.answer_by),
            transaction: receipt.transaction,
            gas: receipt.gas_used,
        })
    }

    fn check(&self) -> Result<()> {
        let Grantee { address, deployment, .. } = self.patient;
        if address.is_zero() || address == self.client.address() {
            return Err(Error::Invalid("one asks somebody else for access: name the patient's account".into()));
        }
        self.client.check_card(deployment)?;
        check_reason(&self.reason).map_err(|error| {
            let limits = "say why in 1 to 2044 bytes of text, without control characters but line breaks";
            Error::Invalid(format!("this reason cannot be sent ({error}): {limits}"))
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
