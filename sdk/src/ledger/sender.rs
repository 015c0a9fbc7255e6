//! Gets a transaction mined exactly once, in spite of crashes and lost answers.
//!
//! One transaction of an account is in progress at a time. It is signed once. Its bytes are saved in the [`Outbox`]
//! before they leave this machine, and the same bytes are sent again until the chain has them. A lost answer does not
//! mean a lost transaction: before a new one is signed, the old one is looked up by its hash. If another device of the
//! same person has used its nonce, the current call is signed again. A transaction of an earlier call is never signed
//! again: the other device may have undone that act on purpose.
//!
//! Dropping the future at any point loses nothing. A signed transaction stays in the outbox until it is mined, or until
//! the caller gets the error that it never will be. [`Sender::resume`] or the next [`Sender::send`] finishes it first.
//!
//! A provider that refuses a transaction still holds it and can have it mined later. So a refused transaction stays in
//! the outbox, marked as refused, until the next act of the account is signed with its unused nonce. At most one of the
//! two takes effect. If the chain lost transactions before a saved one, the next act has a lower nonce. Then the old
//! transaction may still be mined after it, if others kept it.
//!
//! A transaction that carries a request of others is signed again with the same nonce and a higher fee while it waits.
//! The request takes effect once, whichever transaction carries it, and the order of acts does not change.

use std::sync::Arc;

use alloy::{
    network::TxSigner,
    primitives::{Address, Bytes},
};

use crate::{
    base::task::MaybeSend,
    ledger::{
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
    },
    platform::clock::{Instant, timeout_at},
};

mod kept;
mod locks;
pub(crate) mod parts;
mod raise;
mod settle;
mod sign;
#[cfg(all(test, feature = "testing"))]
mod tests;

/// The maximum fee for a transaction that was refused as underpriced, as a multiple of the usual fee.
const MOST_MARKUP: u128 = 8;

impl Sender {
    /// A sender to `chain` (EIP-155 id). Signed transactions are valid on this chain only.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, chain: u64, outbox: Arc<dyn Outbox>, options: SenderOptions) -> Self {
        Self { ledger, chain, outbox, options, pace: Pace::NORMAL, locks: Locks::default(), carries_up_to: None }
    }

    /// The same sender, for requests that others have signed. A transaction that needs more than `gas` is not sent, and
    /// none has a higher limit. A transaction that was mined without effect is a [`Receipt`] too, because it was paid
    /// for.
    pub(crate) fn carrying(&self, gas: u64) -> Self {
        Self { carries_up_to: Some(gas), ..self.clone() }
    }

    /// Sends a call and waits until it is mined and confirmed. It first finishes the pending transaction of an earlier
    /// call.
    ///
    /// # Errors
    /// - [`LedgerError::Contract`]: the contract refuses, either before anything is sent or when it is mined.
    /// - [`LedgerError::Unfunded`], [`LedgerError::TooDear`]: nothing was sent.
    /// - [`LedgerError::Rejected`]: the provider holds it but refused it; it is saved and blocks nothing.
    /// - [`LedgerError::WrongChain`]: the provider is now on another chain; earlier signed transactions are kept.
    /// - [`LedgerError::LeftBehind`]: the earlier call has not taken effect; nothing new was sent.
    /// - [`LedgerError::TimedOut`]: it may have been sent; [`Sender::resume`] finishes it.
    pub async fn send(&self, signer: &Signer, call: Call) -> Result<Receipt, LedgerError> {
        self.send_noted(signer, call, Bytes::new()).await
    }

    /// The same. Once it is mined, its bytes are kept with this note until they are released ([`Sender::release`]).
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
                tracing::info!(%account, transaction = %left.transaction, "finishing the pending transaction of an earlier call");
                if let Some(Settled::Failed { transaction, error }) = self.settle(signer, left).await? {
                    return Err(LedgerError::LeftBehind { transaction, error: Box::new(error) });
                }
            }
            self.send_alone(signer, &call.by(account), note, replaces).await
        })
        .await
    }

    /// Finishes the pending transaction of an earlier call of this account. `None` if there is none, or only a refused
    /// one that was reported before and is not mined.
    ///
    /// # Errors
    /// [`LedgerError::TimedOut`] if it is still in progress at the deadline, [`LedgerError::WrongChain`] if the
    /// provider is now on another chain. The transaction is kept.
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

    /// The pending transaction of an earlier call of this account.
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
        timeout_at(until, work).await.unwrap_or_else(|_| Err(late()))
    }

    async fn lock(&self, account: Address) -> Result<impl MaybeSend + use<>, LedgerError> {
        let here = self.locks.lock(account).await;
        Ok((self.outbox.lock(account).await?, here))
    }

    /// Follows the pending transaction of an earlier call to its end. `None` if it was refused and reported before, and
    /// is not mined yet.
    async fn settle(&self, signer: &Signer, mut left: Pending) -> Result<Option<Settled>, LedgerError> {
        let transaction = left.transaction;
        let was_reported = left.refused;
        let end = match was_reported {
            true => self.attempt(&left).ended().await,
            false => Some(self.follow(signer, &mut left, Handed::Perhaps).await?),
        };
        let Some(end) = end else { return Ok(None) };
        let settled = match self.believed(end).await? {
            End::Mined(receipt) => self.outcome(&left, receipt).await,
            // The other device may have ended what this act would begin, so only a person may sign it again.
            End::NonceTaken => Err(LedgerError::Overtaken { transaction }),
            End::Refused(refusal) => Err(self.refused(left.clone(), &refusal).await),
        };
        if !matches!(settled, Err(LedgerError::Rejected { .. })) {
            self.close(&left, settled.is_ok()).await;
        }
        Ok(match settled {
            Ok(receipt) => Some(Settled::Mined(receipt)),
            Err(_) if was_reported => None,
            Err(error) => Some(Settled::Failed { transaction, error }),
        })
    }

    /// Signs and sends, again and again while other devices take the nonce first. Each new signed transaction replaces
    /// the saved one, which is cleared only at the end. `replaces` is the nonce of an earlier refused transaction.
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
            if let Err(error) = self.outbox.save(&pending).await {
                // Reported as not sent, so no later call may find it and send it.
                self.forget(pending.account).await;
                return Err(error);
            }
            let outbids = replaces == Some(pending.nonce) && markup < MOST_MARKUP;
            let end = self.follow(signer, &mut pending, if outbids { Handed::Outbids } else { Handed::Never }).await?;
            match self.believed(end).await? {
                End::Mined(receipt) => {
                    let outcome = self.outcome(&pending, receipt).await;
                    self.close(&pending, outcome.is_ok()).await;
                    return outcome;
                }
                End::NonceTaken => {
                    tracing::info!(nonce = pending.nonce, "another device was first, signing again");
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

    /// The transaction could not be signed again. The one that was sent before stays saved, unless it can never be
    /// mined.
    async fn unsigned(&self, before: Option<(Pending, Option<Refusal>)>, error: LedgerError) -> LedgerError {
        match before {
            _ if is_open(&error) => error,
            Some((pending, Some(refusal))) => {
                tracing::warn!(%error, "the transaction could not be signed again");
                self.refused(pending, &refusal).await
            }
            Some((pending, None)) => {
                self.forget(pending.account).await;
                error
            }
            None => error,
        }
    }

    /// Saves the transaction as refused by its provider.
    async fn refused(&self, pending: Pending, refusal: &Refusal) -> LedgerError {
        let (host, transaction) = (self.ledger.name(), pending.transaction);
        let unfunded = matches!(refusal, Refusal::Unfunded);
        let reason = match refusal {
            Refusal::Underpriced => "the fee is too low".into(),
            Refusal::Unfunded => sign::unfunded(&pending).to_string(),
            Refusal::Gap => {
                "the transactions before it are no longer on chain: it may take effect after the next act".into()
            }
            Refusal::Rejected(reason) => reason.clone(),
        };
        if let Err(error) = self.outbox.save(&Pending { refused: true, ..pending }).await {
            // The transaction itself is saved; the next call sends it once more.
            tracing::warn!(%transaction, %error, "a refusal could not be kept");
        }
        LedgerError::Rejected { host, transaction, reason, unfunded }
    }

    /// Checks the chain before it accepts that a transaction cannot be mined: another chain says nothing about it.
    async fn believed(&self, end: End) -> Result<End, LedgerError> {
        if !matches!(end, End::Mined(_)) {
            is_on_chain(&*self.ledger, self.chain).await?;
        }
        Ok(end)
    }

    /// Keeps a transaction that took effect until it is final, if the caller set a note. All others are cleared,
    /// because the caller now gets the result.
    async fn close(&self, pending: &Pending, took_effect: bool) {
        if !took_effect || pending.note.is_empty() || self.carries_up_to.is_some() {
            return self.forget(pending.account).await;
        }
        if let Err(error) = self.outbox.keep(&pending.into()).await {
            // It stays pending, and the next call keeps it.
            tracing::warn!(account = %pending.account, %error, "a transaction that was mined could not be kept");
        }
    }

    async fn forget(&self, account: Address) {
        if let Err(error) = self.outbox.clear(account).await {
            // It has ended; the next call looks it up and finds that.
            tracing::warn!(%account, %error, "the outbox could not be cleared");
        }
    }

    /// The receipt if the call took effect. Otherwise the reason, from the same call in the state of its block.
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

/// Whether the end of a transaction is still unknown. A later request, or one on the right chain, may show it.
fn is_open(error: &LedgerError) -> bool {
    error.is_temporary() || matches!(error, LedgerError::WrongChain { .. } | LedgerError::NoContract { .. })
}
