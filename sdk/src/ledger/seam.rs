//! The trait of ledgers: requests to a chain.

use std::fmt::Debug;

use alloy::primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;

use crate::{
    base::task::{MaybeSend, MaybeSync},
    ledger::{
        error::{LedgerError, SubmitError},
        types::{BlockInfo, Call, Fees, Log, LogFilter, Receipt},
    },
};

/// The trait of ledgers: requests to a chain. Every call ends within the implementation's deadline.
///
/// Implementations may retry reads. [`Ledger::submit`] sends the bytes once.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Ledger: MaybeSend + MaybeSync + Debug {
    /// The provider's name for people: host and port, never a path or a key.
    fn name(&self) -> String;

    /// The chain's id (EIP-155).
    async fn chain_id(&self) -> Result<u64, LedgerError>;

    /// The newest block.
    async fn newest(&self) -> Result<BlockInfo, LedgerError>;

    /// Number of the newest final block; `None` if the chain has no such tag.
    async fn finalized(&self) -> Result<Option<u64>, LedgerError>;

    /// The chain's time, seconds since 1970: the time that a block would have now, if the provider reports it. A chain
    /// without transactions may make no blocks.
    async fn clock(&self) -> Result<u64, LedgerError> {
        Ok(self.newest().await?.time)
    }

    /// The block of this number, if there is one.
    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError>;

    /// The code of an account, empty if it has none.
    async fn code(&self, account: Address) -> Result<Bytes, LedgerError>;

    /// The balance of an account, in wei.
    async fn balance(&self, account: Address) -> Result<U256, LedgerError>;

    /// How many transactions of the account have been mined: the next nonce.
    async fn nonce(&self, account: Address) -> Result<u64, LedgerError>;

    /// The fees that a transaction should offer now, with room for the base fee to double.
    async fn fees(&self) -> Result<Fees, LedgerError>;

    /// The node's gas price, wei. It is used if [`Ledger::fees`] is zero although gas is not free.
    async fn gas_price(&self) -> Result<u128, LedgerError> {
        Ok(self.fees().await?.max_fee)
    }

    /// The gas limit of a block; `None` if it is unknown.
    async fn block_gas(&self) -> Result<Option<u64>, LedgerError> {
        Ok(None)
    }

    /// Calls a contract without a transaction, in the state after the block `at`. `None` means the newest block.
    ///
    /// A revert is [`LedgerError::Contract`] or [`LedgerError::Reverted`].
    async fn call(&self, call: &Call, at: Option<u64>) -> Result<Bytes, LedgerError>;

    /// The gas that the call would use as a transaction now. A revert is an error as in [`Ledger::call`].
    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError>;

    /// Events of one request, or [`LedgerError::TooManyLogs`] if the provider requires a shorter range
    /// ([`all_logs`](crate::ledger::all_logs)).
    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError>;

    /// Sends a signed transaction, once. A transaction that the provider knows already is `Ok`.
    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError>;

    /// Whether the provider has a transaction, waiting or mined.
    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError>;

    /// The receipt of a transaction, if it is mined.
    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError>;
}
