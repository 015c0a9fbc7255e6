//! What the chain shows no more is sent again, before anything new is signed or locked.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Folder;
use tokio::time::{Instant, sleep, timeout};

use crate::{
    acts::watch::{Note, Standing, shows, standing_in},
    base::error::{Error, Result},
    client::Client,
    journal::{known::Known, missing::MissingEntry, vanished::Vanished},
    ledger::{Act, Call, Event, LedgerError, Receipt, Revocation, Sent, SentBytes, folder_of},
    relay::SignedRequest,
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
    pub(crate) async fn send_itself(&self, call: Call) -> Result<Result<Receipt, LedgerError>> {
        let note = self.note_for(&call).await?;
        Ok(self.system().sender().send_noted(&self.signer(), call, note).await)
    }

    /// Whether relays carry what this person signs, and pay for it.
    pub(crate) fn is_carried(&self) -> bool {
        !self.system().relays().is_empty()
    }

    pub(crate) async fn before_sending(&self) -> Result<()> {
        self.0.tidied.get_or_try_init(|| self.tidy()).await?;
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

    /// Makes the revocations of an act again: they end the very grants that stand there now, and none that the patient gives
    /// later. Whether there was something to end.
    async fn revoke_again(&self, act: &Sent) -> Result<bool> {
        let Some(effects) = self.effects(act)?.filter(|effects| self.is_me(effects.patient)) else { return Ok(false) };
        let (patient, mut ended) = (effects.patient, false);
        for event in effects.events {
            let Event::AccessRevoked { scope, grantee, .. } = event else { continue };
            let journal = self.system().journals().of(patient).await?;
            let Some(granted) = journal.grant(scope, grantee).map(|grant| grant.state.granted_at) else { continue };
            let revocation = Revocation { grantee, scope, keyring: None, barred: true };
            let act = Act::Revocation { patient, revocation, granted_up_to: granted, key_changes: 0 };
            let request = self.sign_act(&act).await?;
            // A provider that lies about the nonce keeps it from being mined; what was signed stays in the outbox.
            match timeout(PATIENCE.min(self.system().timeout()), self.carry(&request)).await {
                Ok(Ok(_) | Err(Error::NotFound(_) | Error::Conflict(_))) | Err(_) => ended = true,
                Ok(Err(error)) => tracing::warn!(%error, "a revocation could not be made again"),
            }
        }
        Ok(ended)
    }

    /// The journal to lock by. Nothing is locked while an end of somebody's access is missing: that account may hold the
    /// keys. What this person did is sent again first.
    pub(crate) async fn journal_without_gaps(&self, patient: Address) -> Result<Arc<Known>> {
        let journal = self.system().journals().of(patient).await?;
        if self.ends_that_are_missing(&journal).await?.is_empty() {
            return Ok(journal);
        }
        match self.recall().await {
            Ok(left) if self.is_me(patient) => self.move_keys_instead(&left).await?,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "what is missing could not be sent again"),
        }
        let journal = self.system().journals().of(patient).await?;
        self.require_nothing_missing(&journal).await?;
        Ok(journal)
    }

    /// The very journal that is judged is the one to go by: the next answer may be another.
    pub(crate) async fn require_nothing_missing(&self, journal: &Known) -> Result<()> {
        let missing = self.ends_that_are_missing(journal).await?;
        let Some((_, first)) = missing.first() else { return Ok(()) };
        Err(Error::Vanished { what: first.clone(), others: missing.len() - 1 })
    }

    /// New keys take the place of what can be sent again no more: a rotation, and the end of a grant that is not there.
    async fn move_keys_instead(&self, left: &[(Sent, Option<Error>)]) -> Result<()> {
        let journal = self.system().journals().of(self.address()).await?;
        let is_open = |gone: &&Vanished| {
            let sent = |(act, error): &(Sent, Option<Error>)| {
                error.is_none() && self.effects(act).is_ok_and(|effects| shows(effects.as_ref(), gone))
            };
            !gone.is_covered(&journal.history) && !left.iter().any(sent)
        };
        let folder = |gone: &Vanished| match gone.entry.event {
            Event::KeysRotated { folder, .. } => Some(folder),
            Event::AccessRevoked { scope, grantee, .. } if journal.grant(scope, grantee).is_some() => None,
            event if gone.entry.ends_access() => event.place().and_then(|(scope, _)| folder_of(scope)),
            _ => None,
        };
        let folders: BTreeSet<u64> = journal.vanished.iter().filter(is_open).filter_map(folder).collect();
        for folder in folders.into_iter().filter_map(|number| Folder::new(number).ok()) {
            self.rotate_folder(folder).await?;
        }
        Ok(())
    }

    /// Scope and grantee of the ends that are missing.
    pub(crate) async fn places_of_missing_ends(&self, journal: &Known) -> Result<Vec<(B256, Address)>> {
        Ok(self.ends_that_are_missing(journal).await?.into_iter().filter_map(|(event, _)| event.place()).collect())
    }

    async fn ends_that_are_missing(&self, journal: &Known) -> Result<Vec<(Event, String)>> {
        let mut missing = Vec::new();
        for gone in journal.vanished.iter().filter(|gone| gone.entry.ends_access()) {
            if !self.is_rightly_covered(journal, gone).await? {
                missing.push((gone.entry.event, MissingEntry::from(gone).to_string()));
            }
        }
        for act in self.system().sender().sent(self.address()).await? {
            let (Some(effects), Some(note)) = (self.effects(&act)?, Note::from_bytes(&act.note)) else { continue };
            let here = effects.patient == journal.patient && standing_in(journal, &effects, &note) == Standing::Missing;
            for event in effects.events.iter().filter(|event| here && event.ends_access()) {
                if !missing.iter().any(|(known, _)| known.is_same_act(event)) {
                    missing.push((*event, format!("the chain does not show that {} {event}", act.account)));
                }
            }
        }
        Ok(missing)
    }

    /// Whether something stands in its place that nobody could have invented: a grant needs an envelope that was signed.
    async fn is_rightly_covered(&self, journal: &Known, gone: &Vanished) -> Result<bool> {
        if gone.is_back(&journal.history) {
            return Ok(true);
        }
        if !gone.is_covered(&journal.history) {
            return Ok(false);
        }
        let Some((scope, grantee)) = gone.entry.event.place() else { return Ok(true) };
        let folder = folder_of(scope).and_then(|number| Folder::new(number).ok());
        let (Some(folder), Some(_)) = (folder, journal.grant(scope, grantee)) else { return Ok(true) };
        match self.was_let_in(journal, folder, grantee).await {
            Ok(()) => Ok(true),
            Err(error) if error.is_silence() => Err(error),
            Err(_) => Ok(false),
        }
    }
}
