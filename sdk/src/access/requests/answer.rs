//! Answering: a grant of what was asked, or less.

use crate::{
    access::{
        grant::{Expiry, Grant},
        requests::request::AccessRequest,
    },
    base::error::{Error, Result},
    client::Client,
    ledger::{Purpose, Rights},
};

impl AccessRequest {
    fn is_wider(&self, rights: Rights, purpose: Purpose, expires_at: u64) -> bool {
        !self.rights.contains(rights) || self.purpose != purpose || expires_at > self.terms.grant_until
    }
}

impl Client {
    /// Answers a request: a [`Grant`] of exactly what was asked, on the folder "personal" unless another one, or a
    /// record, is named. Less can be given ([`read_only`](Grant::read_only), [`contribute_only`](Grant::contribute_only),
    /// an earlier [`until`](Grant::until)), more cannot.
    ///
    /// # Errors
    /// Of the grant: [`Error::Invalid`] for more than was asked or a reason that does not open, [`Error::Conflict`] when
    /// the request is not open any more. Nothing is granted then.
    pub fn answer(&self, request: &AccessRequest) -> Grant {
        self.grant(request.asker).answering(request.clone())
    }

    /// Whether a grant to the asker is an answer to what it asked, and the request is still there to be answered.
    async fn check_answer(
        &self,
        request: &AccessRequest,
        rights: Rights,
        purpose: Purpose,
        expires_at: u64,
    ) -> Result<()> {
        if request.reason.is_err() {
            return Err(Error::Invalid(format!(
                "the reason of this request does not open, so nothing proves that {} asked for this: let it ask again, \
                 or grant without a request",
                request.asker
            )));
        }
        if request.is_wider(rights, purpose, expires_at) {
            return Err(Error::Invalid(format!(
                "{} asked for less: to {} for {:?}; an answer gives no other right, purpose or later end than was asked",
                request.asker, request.rights, request.purpose
            )));
        }
        let open = self.open_requests(Some(request.asker), &[]).await?;
        if !open.0.iter().any(|found| found.id == request.id && found.terms == request.terms) {
            return Err(Error::Conflict(format!(
                "the request of {} is not open any more: it was answered or withdrawn, or its time has passed",
                request.asker
            )));
        }
        Ok(())
    }
}

impl Grant {
    /// Exactly what was asked, and no more whatever is said after this.
    pub(crate) fn answering(mut self, request: AccessRequest) -> Self {
        (self.rights, self.purpose) = (request.rights, Some(request.purpose));
        self.expires = request.until.map_or(Expiry::Never, Expiry::At);
        self.request = Some(request);
        self
    }

    pub(crate) async fn check_request(&self) -> Result<()> {
        let Some(request) = &self.request else { return Ok(()) };
        if !self.client.is_me(self.patient) {
            return Err(Error::Invalid("the patient who was asked answers, about records of their own".into()));
        }
        let purpose = self.purpose.unwrap_or(Purpose::TREAT);
        let now = self.client.system().clocks().chain_time().await?;
        self.client.check_answer(request, self.rights, purpose, self.expires_at(None, now)?).await
    }
}
