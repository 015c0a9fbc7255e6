//! What sends, and what comes of it.

use std::{sync::Arc, time::Duration};

use alloy::{
    network::TxSigner,
    primitives::{B256, Signature, U256},
};

use crate::ledger::{
    error::LedgerError,
    outbox::Outbox,
    seam::Ledger,
    sender::{locks::Locks, settle::Pace},
    types::Receipt,
};

/// Signs transactions of one account: a local key, a KMS, a hardware wallet.
pub type Signer = Arc<dyn TxSigner<Signature> + Send + Sync>;

/// How transactions are sent.
#[derive(Debug, Clone, Copy)]
pub struct SenderOptions {
    /// After this long a call ends with [`LedgerError::TimedOut`]; the transaction is kept. Default: 3 minutes.
    pub deadline: Duration,
    /// Blocks that must hold the transaction or follow it; 1 is mined. Default: 1.
    pub confirmations: u64,
    /// The most that one transaction may cost, wei: fees are what the provider says. Default: 0.02 ether.
    pub most: U256,
}

impl Default for SenderOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(180), confirmations: 1, most: U256::from(20_000_000_000_000_000u64) }
    }
}

/// Sends for any number of accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sender {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) chain: u64,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) options: SenderOptions,
    pub(super) pace: Pace,
    pub(super) locks: Locks,
    /// Set where others' acts are carried: the most gas of one of them.
    pub(super) carries_up_to: Option<u64>,
}

/// What became of a transaction that an earlier call left behind.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Settled {
    /// It took effect.
    Mined(Receipt),
    /// It has not taken effect: it was mined in vain, another device was first, or it is refused now
    /// ([`LedgerError::Rejected`] alone may still be mined).
    Failed {
        /// Its hash, as it was left behind.
        transaction: B256,
        /// Why.
        error: LedgerError,
    },
}
