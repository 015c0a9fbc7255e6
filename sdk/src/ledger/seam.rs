//! What a chain can be asked.

use std::fmt::Debug;

use alloy::primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;

use crate::ledger::{
    error::{LedgerError, SubmitError},
    types::{BlockInfo, Call, Fees, Log, LogFilter, Receipt},
};

/// What a chain can be asked. Every call ends within the implementation's deadline.
///
/// Reads may be repeated by the implementation. [`Ledger::submit`] hands the bytes over once.
#[async_trait]
pub trait Ledger: Send + Sync + Debug {
    /// The provider as it is named to people: host and port, never a path or a key.
    fn name(&self) -> String;

    /// The chain's id (EIP-155).
    async fn chain_id(&self) -> Result<u64, LedgerError>;

    /// The newest block.
    async fn newest(&self) -> Result<BlockInfo, LedgerError>;

    /// Number of the newest block that the chain calls final; `None` where it has no such tag.
    async fn finalized(&self) -> Result<Option<u64>, LedgerError>;

    /// What time it is on the chain, seconds since 1970: that of a block which would be made now, where the provider says
    /// it. A chain on which nothing happens makes no blocks.
    async fn clock(&self) -> Result<u64, LedgerError> {
        Ok(self.newest().await?.time)
    }

    /// The block of this number, when there is one.
    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError>;

    /// The code of an account, empty when it has none.
    async fn code(&self, account: Address) -> Result<Bytes, LedgerError>;

    /// What an account owns, in wei.
    async fn balance(&self, account: Address) -> Result<U256, LedgerError>;

    /// How many transactions of the account have been mined: the next nonce.
    async fn nonce(&self, account: Address) -> Result<u64, LedgerError>;

    /// What a transaction should offer now, with room for the base fee to double.
    async fn fees(&self) -> Result<Fees, LedgerError>;

    /// What the node calls the price of gas, wei: for where gas seemed free by [`Ledger::fees`] and is not.
    async fn gas_price(&self) -> Result<u128, LedgerError> {
        Ok(self.fees().await?.max_fee)
    }

    /// Gas that one block takes at most; `None` where that is not known.
    async fn block_gas(&self) -> Result<Option<u64>, LedgerError> {
        Ok(None)
    }

    /// Asks a contract, in the state after the block `at` (the newest when it is `None`).
    ///
    /// A revert is [`LedgerError::Contract`] or [`LedgerError::Reverted`].
    async fn call(&self, call: &Call, at: Option<u64>) -> Result<Bytes, LedgerError>;

    /// Gas that the call would use as a transaction now. A revert is an error as in [`Ledger::call`].
    async fn estimate(&self, call: &Call) -> Result<u64, LedgerError>;

    /// Events in one request; [`LedgerError::TooManyLogs`] when the provider wants a shorter range ([`all_logs`](crate::ledger::all_logs)).
    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError>;

    /// Hands over a signed transaction, once. That it is known already is `Ok`.
    async fn submit(&self, raw: Bytes) -> Result<(), SubmitError>;

    /// Whether the provider has a transaction, waiting or mined.
    async fn knows(&self, transaction: B256) -> Result<bool, LedgerError>;

    /// The receipt of a transaction, when it is mined.
    async fn receipt(&self, transaction: B256) -> Result<Option<Receipt>, LedgerError>;
}
