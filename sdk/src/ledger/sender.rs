//! Gets a transaction mined exactly once, whatever happens on the way.
//!
//! One transaction of an account is under way at a time. It is signed once, its bytes are kept in the [`Outbox`] before
//! they leave this machine, and the same bytes are sent again until the chain has them. A lost answer is not a lost
//! transaction: before a new one is signed, the old one is looked up by its hash. The call that is being made is signed
//! anew when another device of the same person has used its nonce. What an earlier call left behind never is: what that
//! device did may have been meant to undo it.
//!
//! Dropping the future at any point loses nothing: what was signed stays in the outbox until it is mined, or until the
//! caller is told that it will never be. [`Sender::resume`] or the next [`Sender::send`] finishes it first.
//!
//! A provider that refuses a transaction has it all the same, and can have it mined later. So it stays in the outbox too,
//! marked as refused, until the next act of the account is signed with the nonce that it did not use: of the two at most
//! one takes effect. Where the chain lost the transactions before a kept one, that next act has a nonce before it, and what
//! others kept of the old one may still follow.
//!
//! What is carried for others is signed anew with the same nonce at a higher fee while it waits in vain: it takes effect
//! once whatever carries it, and nobody who acted before comes after.

use std::sync::Arc;

use alloy::{
    network::TxSigner,
    primitives::{Address, Bytes},
};
use tokio::time::Instant;

use crate::ledger::{
    contract::is_on_chain,
    error::LedgerError,
    outbox::{Outbox, Pending},
    seam::Ledger,
    sender::{
        locks::Locks,
        parts::{Sender, SenderOptions, Settled, Signer},
        raise::Handed,
        settle::{End, Pace, Refusal},
    },
    types::{Call, Receipt},
};

mod kept;
mod locks;
pub(crate) mod parts;
mod raise;
mod settle;
mod sign;
#[cfg(all(test, feature = "testing"))]
mod tests;

/// The most that is offered for what is refused as too cheap, times the usual.
const MOST_MARKUP: u128 = 8;

impl Sender {
    /// A sender to `chain` (EIP-155 id), which signed transactions are bound to.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, chain: u64, outbox: Arc<dyn Outbox>, options: SenderOptions) -> Self {
        Self { ledger, chain, outbox, options, pace: Pace::NORMAL, locks: Locks::default(), carries_up_to: None }
    }

    /// The same sender for what others have signed. A transaction that needs more than `gas` is not sent, and none has a
    /// higher limit. What was mined in vain is a [`Receipt`] too: it was paid for.
    pub(crate) fn carrying(&self, gas: u64) -> Self {
        Self { carries_up_to: Some(gas), ..self.clone() }
    }

    /// Sends a call and waits until it is mined and confirmed. What an earlier call of this account left behind is
    /// settled first.
    ///
    /// # Errors
    /// - [`LedgerError::Contract`]: the contract refuses; found before anything is sent, or when it was mined.
    /// - [`LedgerError::Unfunded`], [`LedgerError::TooDear`]: nothing was sent.
    /// - [`LedgerError::Rejected`]: the provider has it and refused it; it is kept, and blocks nothing.
    /// - [`LedgerError::WrongChain`]: the provider is elsewhere by now; what was signed before is kept.
    /// - [`LedgerError::LeftBehind`]: the earlier call has not taken effect; nothing new was sent.
    /// - [`LedgerError::TimedOut`]: it may have been sent; [`Sender::resume`] finishes it.
    pub async fn send(&self, signer: &Signer, call: Call) -> Result<Receipt, LedgerError> {
        self.send_noted(signer, call, Bytes::new()).await
    }

    /// The same; once it is mined, its bytes are kept with this note until they are released ([`Sender::release`]).
    ///
    /// # Errors
    /// As [`Sender::send`].
    pub async fn send_noted(&self, signer: &Signer, call: Call, note: Bytes) -> Result<Receipt, LedgerError> {
        let until = Instant::now() + self.options.deadline;
        self.before(until, async {
            let account = signer.address();
            let _alone = self.lock(account).await?;
            is_on_chain(&*self.ledger, self.chain).await?;
            let mut replaces = None;
            if let Some(left) = self.outbox.load(account).await? {
                replaces = Some(left.nonce).filter(|_| left.refused);
                tracing::info!(%account, transaction = %left.transaction, "settling what was left behind");
                if let Some(Settled::Failed { transaction, error }) = self.settle(signer, left).await? {
                    return Err(LedgerError::LeftBehind { transaction, error: Box::new(error) });
                }
            }
            self.send_alone(signer, &call.by(account), note, replaces).await
        })
        .await
    }

    /// Finishes what an earlier call of this account left behind; `None` when there is nothing, or only what was refused
    /// and told before and is not mined.
    ///
    /// # Errors
    /// [`LedgerError::TimedOut`] when it is still under way at the deadline, [`LedgerError::WrongChain`] when the
    /// provider is elsewhere by now; it is kept.
    pub async fn resume(&self, signer: &Signer) -> Result<Option<Settled>, LedgerError> {
        let until = Instant::now() + self.options.deadline;
        self.before(until, async {
            let _alone = self.lock(signer.address()).await?;
            let Some(left) = self.outbox.load(signer.address()).await? else { return Ok(None) };
            is_on_chain(&*self.ledger, self.chain).await?;
            self.settle(signer, left).await
        })
        .await
    }

    /// What is kept of an earlier call of this account.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`].
    pub async fn pending(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        self.outbox.load(account).await
    }

    async fn before<T>(
        &self,
        until: Instant,
        work: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let late = || LedgerError::TimedOut { host: self.ledger.name(), after: self.options.deadline };
        tokio::time::timeout_at(until, work).await.unwrap_or_else(|_| Err(late()))
    }

    async fn lock(&self, account: Address) -> Result<impl Send + use<>, LedgerError> {
        let here = self.locks.lock(account).await;
        Ok((self.outbox.lock(account).await?, here))
    }

    /// Follows what an earlier call left behind to its end. `None`: it was refused and told before, and has no end yet.
    async fn settle(&self, signer: &Signer, mut left: Pending) -> Result<Option<Settled>, LedgerError> {
        let (transaction, told) = (left.transaction, left.refused);
        let end = match told {
            true => self.attempt(&left).ended().await,
            false => Some(self.follow(signer, &mut left, Handed::Perhaps).await?),
        };
        let Some(end) = end else { return Ok(None) };
        let settled = match self.believed(end).await? {
            End::Mined(receipt) => self.outcome(&left, receipt).await,
            // The device that was first may have ended what this was to begin: nobody signs it anew but a person.
            End::NonceTaken => Err(LedgerError::Overtaken { transaction }),
            End::Refused(refusal) => Err(self.refused(left.clone(), &refusal).await),
        };
        if !matches!(settled, Err(LedgerError::Rejected { .. })) {
            self.close(&left, settled.is_ok()).await;
        }
        Ok(match settled {
            Ok(receipt) => Some(Settled::Mined(receipt)),
            Err(_) if told => None,
            Err(error) => Some(Settled::Failed { transaction, error }),
        })
    }

    /// Signs and sends, anew for as long as other devices take the nonce first. What is kept is replaced by what is
    /// signed next, and cleared at the end alone. `replaces` is the nonce of what was refused before.
    async fn send_alone(
        &self,
        signer: &Signer,
        call: &Call,
        note: Bytes,
        mut replaces: Option<u64>,
    ) -> Result<Receipt, LedgerError> {
        let (mut markup, mut before) = (1, None);
        loop {
            let mut pending = match self.sign(signer, call, markup).await {
                Ok(pending) => Pending { note: note.clone(), ..pending },
                Err(error) => return Err(self.unsigned(before, error).await),
            };
            self.outbox.save(&pending).await?;
            let outbids = replaces == Some(pending.nonce) && markup < MOST_MARKUP;
            let end = self.follow(signer, &mut pending, if outbids { Handed::Outbids } else { Handed::Never }).await?;
            match self.believed(end).await? {
                End::Mined(receipt) => {
                    let outcome = self.outcome(&pending, receipt).await;
                    self.close(&pending, outcome.is_ok()).await;
                    return outcome;
                }
                End::NonceTaken => {
                    tracing::info!(nonce = pending.nonce, "another device was first, signing anew");
                    before = Some((pending, None));
                }
                End::Refused(refusal) => {
                    match refusal {
                        Refusal::Underpriced if markup < MOST_MARKUP => markup *= 2,
                        Refusal::Gap => {}
                        refusal => return Err(self.refused(pending, &refusal).await),
                    }
                    replaces = Some(pending.nonce);
                    before = Some((pending, Some(refusal)));
                }
            }
        }
    }

    /// It could not be signed anew. What was handed over before stays, unless it can never be mined.
    async fn unsigned(&self, before: Option<(Pending, Option<Refusal>)>, error: LedgerError) -> LedgerError {
        match before {
            _ if is_open(&error) => error,
            Some((pending, Some(refusal))) => {
                tracing::warn!(%error, "it could not be signed anew");
                self.refused(pending, &refusal).await
            }
            Some((pending, None)) => {
                self.forget(pending.account).await;
                error
            }
            None => error,
        }
    }

    /// Keeps it as what its provider refused.
    async fn refused(&self, pending: Pending, refusal: &Refusal) -> LedgerError {
        let (host, transaction) = (self.ledger.name(), pending.transaction);
        let unfunded = matches!(refusal, Refusal::Unfunded);
        let reason = match refusal {
            Refusal::Underpriced => "the fee is too low".into(),
            Refusal::Unfunded => sign::unfunded(&pending).to_string(),
            Refusal::Gap => "the transactions before it are not on chain any more: it may follow the next act".into(),
            Refusal::Rejected(reason) => reason.clone(),
        };
        if let Err(error) = self.outbox.save(&Pending { refused: true, ..pending }).await {
            // It is kept all the same; who finds it next hands it over once more.
            tracing::warn!(%transaction, %error, "a refusal could not be kept");
        }
        LedgerError::Rejected { host, transaction, reason, unfunded }
    }

    /// That a transaction cannot be mined counts on its own chain alone.
    async fn believed(&self, end: End) -> Result<End, LedgerError> {
        if !matches!(end, End::Mined(_)) {
            is_on_chain(&*self.ledger, self.chain).await?;
        }
        Ok(end)
    }

    /// What took effect is kept until it is final, where the caller wants that. All else is cleared, now that the caller
    /// is told how it ended.
    async fn close(&self, pending: &Pending, took_effect: bool) {
        if !took_effect || pending.note.is_empty() || self.carries_up_to.is_some() {
            return self.forget(pending.account).await;
        }
        if let Err(error) = self.outbox.keep(&pending.into()).await {
            // It stays pending, and who finds it next keeps it.
            tracing::warn!(account = %pending.account, %error, "a transaction that was mined could not be kept");
        }
    }

    async fn forget(&self, account: Address) {
        if let Err(error) = self.outbox.clear(account).await {
            // It ended all the same; who finds it next looks it up and sees that.
            tracing::warn!(%account, %error, "the outbox could not be cleared");
        }
    }

    /// The receipt of what took effect, or the reason why it did not: the same call, asked in the state of its block.
    async fn outcome(&self, pending: &Pending, receipt: Receipt) -> Result<Receipt, LedgerError> {
        if receipt.succeeded || self.carries_up_to.is_some() {
            return Ok(receipt);
        }
        match self.ledger.call(&pending.call()?, Some(receipt.block)).await {
            Err(error) if error.is_refusal() => Err(error),
            _ => Err(LedgerError::Failed { transaction: receipt.transaction }),
        }
    }
}

/// Whether it is not known yet how a transaction ends: later, or on its own chain, there is an answer.
fn is_open(error: &LedgerError) -> bool {
    error.is_temporary() || matches!(error, LedgerError::WrongChain { .. } | LedgerError::NoContract { .. })
}
