//! What the chain tells, in plain values. Times are seconds since 1970, amounts are wei.

use alloy::{
    primitives::{Address, B256, Bytes, U256, aliases},
    sol_types::SolCall,
};

/// A block, as far as anybody here needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: B256,
    /// Its time, seconds since 1970.
    pub time: u64,
}

/// What a transaction offers to pay (EIP-1559), wei per gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// The most that is paid in all.
    pub max_fee: u128,
    /// The most that goes to the block's builder.
    pub priority_fee: u128,
}

impl Fees {
    /// What a gas costs in the next block: the most leaves room for the base fee to double.
    #[must_use]
    pub fn now(&self) -> u128 {
        let base = self.max_fee.saturating_sub(self.priority_fee) / 2;
        base.saturating_add(self.priority_fee)
    }
}

/// A call of a contract: a question, or what a transaction shall do. No value is ever sent along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who calls. Questions may leave it out.
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

/// Which events to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFilter {
    /// Whose events.
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
    /// Who emitted it.
    pub contract: Address,
    /// Signature hash and indexed fields.
    pub topics: Vec<B256>,
    /// The other fields.
    pub data: Bytes,
    /// Number of its block.
    pub block: u64,
    /// Time of its block, where the provider says it.
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
    /// Wei paid beside the gas: on a rollup, for its place on the chain below (`l1Fee`).
    pub l1_fee: U256,
    /// Its events.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Wei that it cost, gas and all else.
    #[must_use]
    pub fn cost(&self) -> U256 {
        U256::from(self.gas_used).saturating_mul(U256::from(self.gas_price)).saturating_add(self.l1_fee)
    }
}

/// What to send to a contract.
pub(crate) fn call(to: Address, call: &impl SolCall) -> Call {
    Call { from: None, to, data: call.abi_encode().into() }
}

/// Zero, which the contract refuses, stands for what does not fit.
pub(crate) fn u40(value: u64) -> aliases::U40 {
    aliases::U40::try_from(value).unwrap_or_default()
}

pub(crate) fn u24(value: u32) -> aliases::U24 {
    aliases::U24::wrapping_from(value)
}
