//! Answers a request with a grant of the requested access, or less.

use crate::{
    access::{
        grant::{self, Expiry, Grant},
        requests::{open, request::AccessRequest},
    },
    acts::person::Person,
    base::error::{Result, fail},
    ledger::{Purpose, Rights},
};

impl AccessRequest {
    fn is_wider(&self, rights: Rights, purpose: Purpose, expires_at: u64) -> bool {
        !self.rights.contains(rights) || self.purpose != purpose || expires_at > self.terms.grant_until
    }
}

pub(crate) fn answer(person: &Person, request: &AccessRequest) -> Grant {
    grant::grant(person, request.asker).answering(request.clone())
}

/// Requires that the grant gives no more than the request, and that the request is still open.
async fn check_answer(
    person: &Person,
    request: &AccessRequest,
    rights: Rights,
    purpose: Purpose,
    expires_at: u64,
) -> Result<()> {
    if request.reason.is_err() {
        return fail!(
            Invalid,
            "the reason of this request does not open, so nothing proves that {} asked for this: ask for a new request, \
             or grant without a request",
            request.asker
        );
    }
    if request.is_wider(rights, purpose, expires_at) {
        return fail!(
            Invalid,
            "{} asked for less: to {} for {:?}; an answer cannot give another right, another purpose or a later end",
            request.asker,
            request.rights,
            request.purpose
        );
    }
    let (open, _) = open::open_requests(person, Some(request.asker), &[]).await?;
    if !open.iter().any(|other| other.id == request.id && other.terms == request.terms) {
        return fail!(
            Conflict,
            "the request of {} is not open any more: it was answered or withdrawn, or its time has passed",
            request.asker
        );
    }
    Ok(())
}

impl Grant {
    /// Grants exactly the request. Later setters can only narrow it: [`check_answer`] refuses more.
    pub(crate) fn answering(mut self, request: AccessRequest) -> Self {
        self.rights = request.rights;
        self.purpose = Some(request.purpose);
        self.expires = request.until.map_or(Expiry::Never, Expiry::At);
        self.request = Some(request);
        self
    }

    pub(crate) async fn check_request(&self) -> Result<()> {
        let Some(request) = &self.request else { return Ok(()) };
        if !self.person.is_me(self.patient) {
            return fail!(Invalid, "only the patient who was asked can answer, with a grant on their own records");
        }
        let purpose = self.purpose.unwrap_or(Purpose::TREAT);
        let now = self.person.clocks.chain_time().await?;
        check_answer(&self.person, request, self.rights, purpose, self.expires_at(None, now)?).await
    }
}
