//! What the chain shows no more is sent again, before anything new is signed or locked.

use std::time::Duration;

use alloy::primitives::Address;
use hospital_record_core::id::Folder;
use tokio::time::{Instant, sleep, timeout};

use super::{
    Client,
    watch::{MissingEntry, Note, Standing, ends_access, shows, standing_in},
};
use crate::{
    Error, Result,
    ledger::{Act, Call, Event, LedgerError, Receipt, Revocation, Sent, SentBytes, folder_of},
    relay::SignedRequest,
    vanished::Vanished,
};

/// How long an act that was sent again may take to be shown, before the call goes on without it.
const PATIENCE: Duration = Duration::from_secs(10);

impl Client {
    /// Signs a call as this account, sends it or has it carried, and waits until it is confirmed. What the chain shows no
    /// more goes first: it would lose its nonce.
    pub(crate) async fn send(&self, call: Call) -> Result<Receipt> {
        self.before_sending().await?;
        if self.is_carried() {
            let note = self.note_for(&call).await?;
            return self.send_by_relay(&call, note).await;
        }
        Ok(self.send_itself(call).await??)
    }

    /// Sends a transaction of this account's own.
    pub(super) async fn send_itself(&self, call: Call) -> Result<Result<Receipt, LedgerError>> {
        let note = self.note_for(&call).await?;
        Ok(self.system().sender().send_noted(&self.signer(), call, note).await)
    }

    /// Whether relays carry what this person signs, and pay for it.
    pub(super) fn is_carried(&self) -> bool {
        !self.system().relays().is_empty()
    }

    pub(super) async fn before_sending(&self) -> Result<()> {
        self.0.tidied.get_or_try_init(|| self.tidy()).await?;
        let own = |gone: &Vanished| self.is_me(gone.entry.event.actor(gone.patient));
        if self.system().all_vanished().await?.iter().any(own)
            && let Err(error) = self.recall().await
        {
            tracing::warn!(%error, "what is missing could not be sent again");
        }
        Ok(())
    }

    /// Sends again what the chain does not show any more, in the order in which it was sent, and waits a while for it.
    /// What is still missing is returned, with the reason where there is one.
    pub(super) async fn recall(&self) -> Result<Vec<(Sent, Option<Error>)>> {
        let mut missing = Vec::new();
        for act in self.sent_and_missing().await? {
            let sent = self.send_again(&act).await;
            tracing::info!(id = %act.id, error = ?sent.as_ref().err(), "sent again what the chain shows no more");
            missing.push((act, sent.err()));
        }
        for gone in self.system().all_vanished().await? {
            let covered = missing.iter().any(|(act, error)| {
                error.is_none() && self.effects(act).is_ok_and(|effects| shows(effects.as_ref(), &gone))
            });
            if self.is_own_revocation(&gone) && !covered {
                self.revoke_again(&gone).await?;
            }
        }
        let until = Instant::now() + PATIENCE.min(self.system().timeout());
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
        let receipt = self.system().ledger().receipt(act.id).await?;
        Ok(receipt.is_some_and(|receipt| !receipt.succeeded))
    }

    async fn sent_and_missing(&self) -> Result<Vec<Sent>> {
        let mut missing = Vec::new();
        for act in self.system().sender().sent(self.address()).await? {
            if self.standing(&act).await? == Standing::Missing {
                missing.push(act);
            }
        }
        Ok(missing)
    }

    async fn send_again(&self, act: &Sent) -> Result<()> {
        match &act.bytes {
            SentBytes::Transaction { nonce, raw } => {
                Ok(self.system().sender().send_again(act.account, act.id, *nonce, raw.clone()).await?)
            }
            SentBytes::Request { to, data } => {
                let chain_id = self.system().contract().chain();
                let request = SignedRequest { chain_id, contract: *to, data: data.clone() };
                self.carry(&request).await.map(drop)
            }
        }
    }

    /// The bytes of a revocation are of no use any more, or another device has them. What it ended is ended as of then: a
    /// grant that the patient gave since stands.
    async fn revoke_again(&self, gone: &Vanished) -> Result<()> {
        let Event::AccessRevoked { scope, grantee, .. } = gone.entry.event else { return Ok(()) };
        let patient = self.address();
        let revocation = Revocation { grantee, scope, keyring: None, barred: true };
        let act = Act::Revocation { patient, revocation, granted_up_to: gone.entry.time, key_changes: 0 };
        let request = self.sign_act(&act).await?;
        // A provider that lies about the nonce keeps it from being mined; what was signed stays in the outbox.
        match timeout(PATIENCE.min(self.system().timeout()), self.carry(&request)).await {
            // Somebody has carried it, or there is no such grant: the keys move on with the next write.
            Ok(Ok(_) | Err(Error::NotFound(_) | Error::Conflict(_))) | Err(_) => Ok(()),
            Ok(Err(error)) => Err(error),
        }
    }

    /// Nothing is locked while an end of somebody's access is missing: that account may hold the keys. What this person
    /// did is sent again first.
    pub(super) async fn require_nothing_missing(&self, patient: Address) -> Result<()> {
        if self.ends_that_are_missing(patient).await?.is_empty() {
            return Ok(());
        }
        match self.recall().await {
            Ok(left) if self.is_me(patient) => self.move_keys_instead(&left).await?,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "what is missing could not be sent again"),
        }
        let missing = self.ends_that_are_missing(patient).await?;
        let Some(first) = missing.first() else { return Ok(()) };
        Err(Error::Vanished { what: first.clone(), others: missing.len() - 1 })
    }

    /// New keys take the place of what can be sent again no more: a rotation, and the end of a grant that is not there.
    async fn move_keys_instead(&self, left: &[(Sent, Option<Error>)]) -> Result<()> {
        let journal = self.system().journal(self.address()).await?;
        for gone in &journal.vanished {
            let is_open = |(act, error): &(Sent, Option<Error>)| {
                error.is_none() && self.effects(act).is_ok_and(|effects| shows(effects.as_ref(), gone))
            };
            let folder = match gone.entry.event {
                Event::KeysRotated { folder, .. } => Some(folder),
                Event::AccessRevoked { scope, grantee, .. } if journal.grant(scope, grantee).is_none() => {
                    folder_of(scope)
                }
                _ => None,
            };
            let Some(folder) = folder.and_then(|number| Folder::new(number).ok()) else { continue };
            if !left.iter().any(is_open) {
                self.rotate_folder(folder).await?;
            }
        }
        Ok(())
    }

    async fn ends_that_are_missing(&self, patient: Address) -> Result<Vec<String>> {
        let journal = self.system().journal(patient).await?;
        let gone = journal.vanished.iter().filter(|gone| gone.entry.ends_access());
        let mut missing: Vec<String> = gone.map(|gone| MissingEntry::from(gone).to_string()).collect();
        for act in self.system().sender().sent(self.address()).await? {
            let (Some(effects), Some(note)) = (self.effects(&act)?, Note::from_bytes(&act.note)) else { continue };
            let ends = effects.events.iter().find(|event| ends_access(event)).filter(|_| effects.patient == patient);
            let Some(event) = ends.filter(|_| standing_in(&journal, &effects, &note) == Standing::Missing) else {
                continue;
            };
            if !journal.vanished.iter().any(|gone| gone.entry.event.is_same_act(event)) {
                missing.push(format!("the chain does not show that {} {event}", act.account));
            }
        }
        Ok(missing)
    }

    fn is_own_revocation(&self, gone: &Vanished) -> bool {
        self.is_me(gone.patient) && matches!(gone.entry.event, Event::AccessRevoked { .. })
    }
}
