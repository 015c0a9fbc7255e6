//! Gets a transaction mined exactly once, whatever happens on the way.
//!
//! One transaction of an account is under way at a time. It is signed once, its bytes are kept in the [`Outbox`] before
//! they leave this machine, and the same bytes are sent again until the chain has them. A lost answer is not a lost
//! transaction: before a new one is signed, the old one is looked up by its hash. A new one is signed only when the old
//! one can never be mined, because another device of the same person has used its nonce.
//!
//! Dropping the future at any point loses nothing: what was signed stays in the outbox until it is mined, or until the
//! caller is told that it will never be. [`Sender::resume`] or the next [`Sender::send`] finishes it first.

use std::{sync::Arc, time::Duration};

use alloy::{
    consensus::{SignableTransaction, TxEip1559, TxEnvelope},
    eips::eip2718::{Decodable2718, Encodable2718},
    network::TxSigner,
    primitives::{Address, B256, Signature, TxKind, U256},
};
use tokio::time::Instant;

use super::{Call, Fees, Ledger, LedgerError, Outbox, Pending, Receipt, contract::is_on_chain};

mod locks;
mod settle;
#[cfg(all(test, feature = "testing"))]
mod tests;

use locks::Locks;
use settle::{Attempt, End, Pace};

/// Signs transactions of one account: a local key, a KMS, a hardware wallet.
pub type Signer = Arc<dyn TxSigner<Signature> + Send + Sync>;

/// How transactions are sent.
#[derive(Debug, Clone, Copy)]
pub struct SenderOptions {
    /// After this long a call ends with [`LedgerError::TimedOut`]; the transaction is kept. Default: 3 minutes.
    pub deadline: Duration,
    /// Blocks that must hold the transaction or follow it; 1 is mined. Default: 1.
    pub confirmations: u64,
    /// The most that one transaction may cost, wei: fees are what the provider says. Default: 0.1 ether.
    pub most: U256,
}

impl Default for SenderOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(180), confirmations: 1, most: U256::from(100_000_000_000_000_000u64) }
    }
}

/// Sends for any number of accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sender {
    ledger: Arc<dyn Ledger>,
    chain: u64,
    outbox: Arc<dyn Outbox>,
    options: SenderOptions,
    pace: Pace,
    locks: Locks,
}

/// What became of a transaction that an earlier call left behind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Settled {
    /// It took effect: itself, or signed anew where another device had used its nonce.
    Mined(Receipt),
    /// It had no effect and will have none: it was mined in vain, or is refused now.
    Failed {
        /// Its hash, as it was left behind.
        transaction: B256,
        /// Why.
        error: LedgerError,
    },
}

impl Sender {
    /// A sender to `chain` (EIP-155 id), which signed transactions are bound to.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, chain: u64, outbox: Arc<dyn Outbox>, options: SenderOptions) -> Self {
        Self { ledger, chain, outbox, options, pace: Pace::NORMAL, locks: Locks::default() }
    }

    /// Sends a call and waits until it is mined and confirmed. What an earlier call of this account left behind is
    /// settled first.
    ///
    /// # Errors
    /// - [`LedgerError::Contract`]: the contract refuses; found before anything is sent, or when it was mined.
    /// - [`LedgerError::Unfunded`]: nothing was sent.
    /// - [`LedgerError::WrongChain`]: the provider is elsewhere by now; what was signed before is kept.
    /// - [`LedgerError::LeftBehind`]: the earlier call had no effect; nothing new was sent.
    /// - [`LedgerError::TimedOut`]: it may have been sent; [`Sender::resume`] finishes it.
    pub async fn send(&self, signer: &Signer, call: Call) -> Result<Receipt, LedgerError> {
        let until = Instant::now() + self.options.deadline;
        self.before(until, async {
            let account = signer.address();
            let _alone = self.lock(account).await?;
            is_on_chain(&*self.ledger, self.chain).await?;
            if let Some(left) = self.outbox.load(account).await? {
                tracing::info!(%account, transaction = %left.transaction, "settling what was left behind");
                if let Settled::Failed { transaction, error } = self.settle(signer, &left).await? {
                    return Err(LedgerError::LeftBehind { transaction, error: Box::new(error) });
                }
            }
            let sent = self.send_alone(signer, &call.by(account)).await;
            self.conclude(account, sent).await
        })
        .await
    }

    /// Finishes what an earlier call of this account left behind; `None` when there is nothing. Where its transaction
    /// can never be mined, what it was meant to do is signed anew.
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
            self.settle(signer, &left).await.map(Some)
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

    /// Brings about what an earlier call was meant to do, or finds out that it cannot be.
    async fn settle(&self, signer: &Signer, left: &Pending) -> Result<Settled, LedgerError> {
        let sent = match self.follow(left, true).await {
            Err(error) => Err(error),
            Ok(End::Mined(receipt)) => self.outcome(left, receipt).await,
            // It can never be mined. Until it is signed anew it is kept as it is: that is how a crash finds it.
            Ok(_) => match left.call() {
                Ok(call) => self.send_alone(signer, &call).await,
                Err(damaged) => Err(damaged),
            },
        };
        match self.conclude(left.account, sent).await {
            Ok(receipt) => Ok(Settled::Mined(receipt)),
            Err(error) if is_open(&error) => Err(error),
            Err(error) => Ok(Settled::Failed { transaction: left.transaction, error }),
        }
    }

    /// Signs and sends, anew for as long as other devices take the nonce first. What is kept is replaced by what is
    /// signed next and never cleared in between.
    async fn send_alone(&self, signer: &Signer, call: &Call) -> Result<Receipt, LedgerError> {
        let mut markup = 1;
        loop {
            let pending = self.sign(signer, call, markup).await?;
            self.outbox.save(&pending).await?;
            match self.follow(&pending, false).await? {
                End::Mined(receipt) => return self.outcome(&pending, receipt).await,
                End::NonceTaken => tracing::info!(nonce = pending.nonce, "another device was first, signing anew"),
                End::Underpriced if markup < 8 => markup *= 2,
                End::Unfunded => return Err(unfunded(&pending)),
                End::Underpriced => return Err(self.rejected("the fee is too low".into())),
                End::Rejected(reason) => return Err(self.rejected(reason)),
            }
        }
    }

    /// Waits for the end of a kept transaction. That it cannot be mined counts on its own chain alone.
    async fn follow(&self, pending: &Pending, may_have_arrived: bool) -> Result<End, LedgerError> {
        let (ledger, confirmations, pace) = (&*self.ledger, self.options.confirmations, self.pace);
        let end = Attempt { ledger, pending, confirmations, pace, may_have_arrived }.run().await;
        if !matches!(end, End::Mined(_)) {
            is_on_chain(ledger, self.chain).await?;
        }
        Ok(end)
    }

    /// Forgets what is kept, now that the caller is told how it ended. What may be answered otherwise a moment later is
    /// no end.
    async fn conclude(&self, account: Address, sent: Result<Receipt, LedgerError>) -> Result<Receipt, LedgerError> {
        if !sent.as_ref().is_err_and(is_open)
            && let Err(error) = self.outbox.clear(account).await
        {
            // It ended all the same; who finds it next looks it up and sees that.
            tracing::warn!(%account, %error, "the outbox could not be cleared");
        }
        sent
    }

    async fn sign(&self, signer: &Signer, call: &Call, markup: u128) -> Result<Pending, LedgerError> {
        let account = signer.address();
        let Fees { max_fee, priority_fee } = self.ledger.fees().await?;
        let mut transaction = TxEip1559 {
            chain_id: self.chain,
            nonce: self.ledger.nonce(account).await?,
            gas_limit: with_headroom(self.ledger.estimate(call).await?),
            max_fee_per_gas: max_fee.saturating_mul(markup),
            max_priority_fee_per_gas: priority_fee.saturating_mul(markup),
            to: TxKind::Call(call.to),
            input: call.data.clone(),
            ..TxEip1559::default()
        };
        let needed = price_of(&transaction);
        if needed > self.options.most {
            return Err(LedgerError::TooDear { host: self.ledger.name(), needed, most: self.options.most });
        }
        if self.ledger.balance(account).await? < needed {
            return Err(LedgerError::Unfunded { account, needed });
        }
        let signed = signer.sign_transaction(&mut transaction).await;
        let signature = signed.map_err(|error| LedgerError::Signer { reason: error.to_string() })?;
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        let (transaction, nonce) = (*envelope.tx_hash(), alloy::consensus::Transaction::nonce(&envelope));
        Ok(Pending { account, transaction, nonce, raw: envelope.encoded_2718().into() })
    }

    /// The receipt of what took effect, or the reason why it did not: the same call, asked in the state of its block.
    async fn outcome(&self, pending: &Pending, receipt: Receipt) -> Result<Receipt, LedgerError> {
        if receipt.succeeded {
            return Ok(receipt);
        }
        match self.ledger.call(&pending.call()?, Some(receipt.block)).await {
            Err(error @ (LedgerError::Contract(_) | LedgerError::Reverted(_))) => Err(error),
            _ => Err(LedgerError::Failed { transaction: receipt.transaction }),
        }
    }

    fn rejected(&self, reason: String) -> LedgerError {
        LedgerError::Rejected { host: self.ledger.name(), reason }
    }
}

/// Whether it is not known yet how a transaction ends: later, or on its own chain, there is an answer.
fn is_open(error: &LedgerError) -> bool {
    error.is_temporary() || matches!(error, LedgerError::WrongChain { .. } | LedgerError::NoContract { .. })
}

/// A quarter more than now: what others do first may make it dearer (a new slot, a longer path).
fn with_headroom(gas: u64) -> u64 {
    gas.saturating_add(gas / 4).saturating_add(10_000)
}

/// The most it may cost, wei.
fn price_of(transaction: &TxEip1559) -> U256 {
    U256::from(transaction.gas_limit) * U256::from(transaction.max_fee_per_gas)
}

fn unfunded(pending: &Pending) -> LedgerError {
    let needed = match TxEnvelope::decode_2718(&mut pending.raw.as_ref()) {
        Ok(TxEnvelope::Eip1559(signed)) => price_of(signed.tx()),
        _ => U256::ZERO,
    };
    LedgerError::Unfunded { account: pending.account, needed }
}
