//! What the chain shows no more is sent again, before anything new is signed or locked.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::{
    acts::{confirm::Confirmed, person::Person, watch::Standing},
    base::error::{Error, Result},
    ledger::{Act, Call, Event, LedgerError, Revocation, Sent, SentBytes},
    relay::SignedRequest,
};

/// How long an act that was sent again may take to be shown, before the call goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Person {
    /// Signs a call as this account, sends it or has it carried, and waits until it is confirmed. What the chain shows no
    /// more goes first: it would lose its nonce.
    pub(crate) async fn send(&self, call: Call) -> Result<Confirmed> {
        self.before_sending().await?;
        if self.is_carried() {
            let note = self.note_for(&call).await?;
            return self.send_by_relay(&call, note).await;
        }
        Ok(self.send_itself(call).await??)
    }

    /// Sends a transaction of this account's own.
    pub(crate) async fn send_itself(&self, call: Call) -> Result<Result<Confirmed, LedgerError>> {
        let note = self.note_for(&call).await?;
        Ok(self.sender().send_noted(&self.signer(), call, note).await.map(Confirmed::from))
    }

    /// Whether relays carry what this person signs, and pay for it.
    pub(crate) fn is_carried(&self) -> bool {
        !self.relays().is_empty()
    }

    pub(crate) async fn before_sending(&self) -> Result<()> {
        self.me.tidied.get_or_try_init(|| self.tidy()).await?;
        if self.missing().await?.iter().any(|gone| self.is_me(gone.by))
            && let Err(error) = self.recall().await
        {
            tracing::warn!(%error, "what is missing could not be sent again");
        }
        Ok(())
    }

    /// Sends again what the chain does not show any more, in the order in which it was sent, and waits a while for it.
    /// What is still missing is returned, with the reason where there is one.
    pub(crate) async fn recall(&self) -> Result<Vec<(Sent, Option<Error>)>> {
        let mut missing = Vec::new();
        for act in self.sent_and_missing().await? {
            let sent = self.send_again(&act).await;
            tracing::info!(id = %act.id, error = ?sent.as_ref().err(), "sent again what the chain shows no more");
            missing.push((act, sent.err()));
        }
        for (act, error) in missing.iter_mut().filter(|(_, error)| error.is_some()) {
            // Its bytes are of no use any more: another transaction has their nonce.
            if self.revoke_again(act).await? {
                *error = None;
            }
        }
        let until = Instant::now() + PATIENCE.min(self.timeout());
        loop {
            let mut still = Vec::new();
            for (act, error) in missing {
                if self.standing(&act).await? == Standing::Missing {
                    still.push((act, error));
                }
            }
            missing = still;
            for (act, error) in &mut missing {
                if error.is_none() && self.is_in_vain(act).await? {
                    *error = Some(Error::Conflict(
                        "it was mined again without effect, for something else happened since".into(),
                    ));
                }
            }
            let waits = missing.iter().any(|(_, error)| error.is_none());
            if !waits || Instant::now() >= until {
                return Ok(missing);
            }
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn is_in_vain(&self, act: &Sent) -> Result<bool> {
        let receipt = self.ledger().receipt(act.id).await?;
        Ok(receipt.is_some_and(|receipt| !receipt.succeeded))
    }

    async fn sent_and_missing(&self) -> Result<Vec<Sent>> {
        let mut missing = Vec::new();
        for act in self.sender().sent(self.address()).await? {
            if self.standing(&act).await? == Standing::Missing {
                missing.push(act);
            }
        }
        Ok(missing)
    }

    async fn send_again(&self, act: &Sent) -> Result<()> {
        match &act.bytes {
            SentBytes::Transaction { nonce, raw } => {
                Ok(self.sender().send_again(act.account, act.id, *nonce, raw.clone()).await?)
            }
            SentBytes::Request { to, data } => {
                let chain_id = self.contract().chain();
                let request = SignedRequest { chain_id, contract: *to, data: data.clone() };
                self.carry(&request).await.map(drop)
            }
        }
    }

    /// Makes the revocations of an act again: they end the very grants that stand there now, and none that the patient gives
    /// later. Whether there was something to end.
    async fn revoke_again(&self, act: &Sent) -> Result<bool> {
        let Some(effects) = self.effects(act)?.filter(|effects| self.is_me(effects.patient)) else { return Ok(false) };
        let patient = effects.patient;
        let mut ended = false;
        for event in effects.events {
            let Event::AccessRevoked { scope, grantee, .. } = event else { continue };
            let journal = self.journals().of(patient).await?;
            let Some(granted) = journal.grant(scope, grantee).map(|grant| grant.state.granted_at) else { continue };
            let revocation = Revocation { grantee, scope, keyring: None, barred: true };
            let act = Act::Revocation { patient, revocation, granted_up_to: granted, key_changes: 0 };
            let request = self.sign_act(&act).await?;
            // A provider that lies about the nonce keeps it from being mined; what was signed stays in the outbox.
            match timeout(PATIENCE.min(self.timeout()), self.carry(&request)).await {
                Ok(Ok(_) | Err(Error::NotFound(_) | Error::Conflict(_))) | Err(_) => ended = true,
                Ok(Err(error)) => tracing::warn!(%error, "a revocation could not be made again"),
            }
        }
        Ok(ended)
    }
}
