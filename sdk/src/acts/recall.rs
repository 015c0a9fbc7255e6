//! Sends acts again that the chain dropped, before anything new is signed or locked.

use std::time::Duration;

use crate::{
    acts::{confirm::Confirmed, person::Person, watch::Standing},
    base::error::{Error, Result},
    ledger::{Act, Call, Event, LedgerError, Revocation, Sent, SentBytes},
    platform::clock::{Instant, sleep, timeout},
    relay::SignedRequest,
};

/// How long to wait until the chain shows an act that was sent again. Then the call goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Person {
    /// Signs a call as this account, sends it or has it carried, and waits until it is confirmed. Acts that the chain
    /// dropped go first: otherwise the new act would take their nonce.
    pub(crate) async fn send(&self, call: Call) -> Result<Confirmed> {
        self.before_sending().await?;
        if self.is_carried() {
            let note = self.note_for(&call).await?;
            return self.send_by_relay(&call, note).await;
        }
        Ok(self.send_itself(call).await??)
    }

    /// Sends a transaction of this account.
    pub(crate) async fn send_itself(&self, call: Call) -> Result<Result<Confirmed, LedgerError>> {
        let note = self.note_for(&call).await?;
        Ok(self.sender.send_noted(&self.signer(), call, note).await.map(Confirmed::from))
    }

    /// Whether relays carry this person's acts and pay for them.
    pub(crate) fn is_carried(&self) -> bool {
        !self.relays.is_empty()
    }

    pub(crate) async fn before_sending(&self) -> Result<()> {
        self.me.tidied.get_or_try_init(|| self.tidy()).await?;
        if self.missing().await?.iter().any(|entry| self.is_me(entry.by))
            && let Err(error) = self.recall().await
        {
            tracing::warn!(%error, "a missing act could not be sent again");
        }
        Ok(())
    }

    /// Sends acts again that the chain no longer shows, in their order, and waits a while for them. Returns the acts
    /// that are still missing, each with the error if there is one.
    pub(crate) async fn recall(&self) -> Result<Vec<(Sent, Option<Error>)>> {
        let mut missing = Vec::new();
        for act in self.sent_and_missing().await? {
            let result = self.send_again(&act).await;
            tracing::info!(id = %act.id, error = ?result.as_ref().err(), "sent an act again that the chain no longer shows");
            missing.push((act, result.err()));
        }
        for (act, error) in missing.iter_mut().filter(|(_, error)| error.is_some()) {
            // Its bytes are void: another transaction used their nonce.
            if self.revoke_again(act).await? {
                *error = None;
            }
        }
        let deadline = Instant::now() + PATIENCE.min(self.timeout);
        loop {
            let mut still_missing = Vec::new();
            for (act, error) in missing {
                if self.standing(&act).await? == Standing::Missing {
                    still_missing.push((act, error));
                }
            }
            missing = still_missing;
            for (act, error) in &mut missing {
                if error.is_none() && self.has_failed(act).await? {
                    *error = Some(Error::Conflict("it was mined again without effect, because of a later act".into()));
                }
            }
            let is_waiting = missing.iter().any(|(_, error)| error.is_none());
            if !is_waiting || Instant::now() >= deadline {
                return Ok(missing);
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn has_failed(&self, act: &Sent) -> Result<bool> {
        let receipt = self.ledger().receipt(act.id).await?;
        Ok(receipt.is_some_and(|receipt| !receipt.succeeded))
    }

    async fn sent_and_missing(&self) -> Result<Vec<Sent>> {
        let mut missing = Vec::new();
        for act in self.sender.sent(self.address()).await? {
            if self.standing(&act).await? == Standing::Missing {
                missing.push(act);
            }
        }
        Ok(missing)
    }

    async fn send_again(&self, act: &Sent) -> Result<()> {
        match &act.bytes {
            SentBytes::Transaction { nonce, raw } => {
                Ok(self.sender.send_again(act.account, act.id, *nonce, raw.clone()).await?)
            }
            SentBytes::Request { to, data } => {
                let chain_id = self.contract.chain();
                let request = SignedRequest { chain_id, contract: *to, data: data.clone() };
                self.carry(&request).await.map(drop)
            }
        }
    }

    /// Signs the revocations of an act again. They end exactly the grants that stand now, and none that the patient
    /// makes later. Returns whether there was a grant to end.
    async fn revoke_again(&self, act: &Sent) -> Result<bool> {
        let Some(effects) = self.effects(act)?.filter(|effects| self.is_me(effects.patient)) else { return Ok(false) };
        let patient = effects.patient;
        let mut has_revoked = false;
        for event in effects.events {
            let Event::AccessRevoked { scope, grantee, .. } = event else { continue };
            let journal = self.journals.of(patient).await?;
            let Some(granted_at) = journal.grant(scope, grantee).map(|grant| grant.state.granted_at) else { continue };
            let revocation = Revocation { grantee, scope, keyring: None, barred: true };
            let act = Act::Revocation { patient, revocation, granted_up_to: granted_at, key_changes: 0 };
            let request = self.sign_act(&act).await?;
            // A provider that lies about the nonce can delay it for ever. The outbox keeps what was signed.
            match timeout(PATIENCE.min(self.timeout), self.carry(&request)).await {
                Ok(Ok(_) | Err(Error::NotFound(_) | Error::Conflict(_) | Error::AlreadyDone(_))) | Err(_) => {
                    has_revoked = true
                }
                Ok(Err(error)) => tracing::warn!(%error, "a revocation could not be sent again"),
            }
        }
        Ok(has_revoked)
    }
}
