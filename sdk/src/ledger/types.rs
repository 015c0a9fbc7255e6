//! What the chain tells, in plain values. Times are seconds since 1970, amounts are wei.

use alloy::primitives::{Address, B256, Bytes, U256};

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
    /// Its events.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// Of what took effect in a transaction that nobody names.
    pub(crate) fn untold() -> Self {
        let transaction = B256::ZERO;
        Self { transaction, block: 0, succeeded: true, gas_used: 0, gas_price: 0, logs: Vec::new() }
    }

    /// Whether it is known in which block it took effect.
    pub(crate) fn names_its_block(&self) -> bool {
        !self.transaction.is_zero()
    }

    /// Wei that it cost.
    #[must_use]
    pub fn cost(&self) -> U256 {
        U256::from(self.gas_used) * U256::from(self.gas_price)
    }
}
