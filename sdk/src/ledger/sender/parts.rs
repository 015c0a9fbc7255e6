//! The sender's types: its options and results.

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

/// Options of a sender.
#[derive(Debug, Clone, Copy)]
pub struct SenderOptions {
    /// The deadline of a call, which then fails with [`LedgerError::TimedOut`]. The transaction is kept. Default: 3
    /// minutes.
    pub deadline: Duration,
    /// The number of blocks that contain or follow the transaction before it counts; 1 means mined. Default: 1.
    pub confirmations: u64,
    /// The maximum cost of one transaction, in wei. It limits the fees that a provider can report. Default: 0.02 ether.
    pub most: U256,
}

impl Default for SenderOptions {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(180), confirmations: 1, most: U256::from(20_000_000_000_000_000u64) }
    }
}

/// Sends for any number of accounts. It is cheap to clone.
#[derive(Debug, Clone)]
pub struct Sender {
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) chain: u64,
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) options: SenderOptions,
    pub(super) pace: Pace,
    pub(super) locks: Locks,
    /// The maximum gas of one act, if the sender carries acts of others.
    pub(super) carries_up_to: Option<u64>,
}

/// The outcome of the pending transaction of an earlier call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Settled {
    /// It took effect.
    Mined(Receipt),
    /// It has not taken effect: it was mined without effect, another device was first, or the provider refused it. Only
    /// with [`LedgerError::Rejected`] may it still be mined.
    Failed {
        /// Its hash.
        transaction: B256,
        /// Why.
        error: LedgerError,
    },
}
