//! The chain's data as plain values. Times are seconds since 1970, amounts are wei.

use alloy::{
    primitives::{Address, B256, Bytes, U256, aliases},
    sol_types::SolCall,
};

/// The data of a block that this crate uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, seconds since 1970.
    pub time: u64,
}

/// The fees that a transaction offers (EIP-1559), wei per gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// The maximum total fee.
    pub max_fee: u128,
    /// The maximum tip for the block's builder.
    pub priority_fee: u128,
}

impl Fees {
    /// The price of gas in the next block, which is lower than the maximum: that leaves room for the base fee to
    /// double.
    #[must_use]
    pub fn now(&self) -> u128 {
        let base = self.max_fee.saturating_sub(self.priority_fee) / 2;
        base.saturating_add(self.priority_fee)
    }
}

/// A call of a contract, to read or as a transaction. It never transfers value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The caller. Reads may leave it out.
    pub from: Option<Address>,
    /// The contract.
    pub to: Address,
    /// Selector and arguments.
    pub data: Bytes,
}

impl Call {
    /// The same call, made by `account`.
    #[must_use]
    pub fn by(mut self, account: Address) -> Self {
        self.from = Some(account);
        self
    }
}

/// A filter for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFilter {
    /// The contract that emits the events.
    pub contract: Address,
    /// `None` matches everything.
    pub topics: [Option<B256>; 4],
    /// First block, included.
    pub from: u64,
    /// Last block, included.
    pub to: u64,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub contract: Address,
    /// Signature hash and indexed fields.
    pub topics: Vec<B256>,
    /// The other fields.
    pub data: Bytes,
    /// Number of its block.
    pub block: u64,
    /// Time of its block, if the provider reports it.
    pub time: Option<u64>,
    /// Hash of its transaction.
    pub transaction: B256,
    /// Position in its block.
    pub index: u64,
}

/// A mined transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its hash.
    pub transaction: B256,
    /// Number of its block.
    pub block: u64,
    /// Whether it took effect.
    pub succeeded: bool,
    /// Gas that it used.
    pub gas_used: u64,
    /// Wei paid per gas.
    pub gas_price: u128,
    /// Wei paid in addition to the gas: on a rollup, for the data on the chain below (`l1Fee`).
    pub l1_fee: U256,
    /// Its events.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Its total cost in wei.
    #[must_use]
    pub fn cost(&self) -> U256 {
        U256::from(self.gas_used).saturating_mul(U256::from(self.gas_price)).saturating_add(self.l1_fee)
    }
}

/// A call of a contract.
pub(crate) fn call(to: Address, call: &impl SolCall) -> Call {
    Call { from: None, to, data: call.abi_encode().into() }
}

/// A value that does not fit becomes zero, which the contract refuses.
pub(crate) fn u40(value: u64) -> aliases::U40 {
    aliases::U40::try_from(value).unwrap_or_default()
}

pub(crate) fn u24(value: u32) -> aliases::U24 {
    aliases::U24::wrapping_from(value)
}
