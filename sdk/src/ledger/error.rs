//! Errors between this machine and the chain.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, utils::format_ether};
use alloy::sol_types::SolInterface;
use hospital_record_contracts::{IHospitalRecord::IHospitalRecordErrors, boards::IBoard::IBoardErrors};

use crate::{
    base::error::reason::Cause,
    ledger::{contracts::BesideErrors, error::integrity::Integrity, refusal},
    platform::http::one_line,
};

pub(super) mod integrity;

/// The error of a read from the chain, or of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The URL of the provider is invalid.
    #[error("the RPC URL cannot be used: {reason}; one looks like http://127.0.0.1:8545")]
    Url {
        /// What is wrong with it. It never contains the URL itself, which may hold a key.
        reason: String,
    },
    /// The provider could not be reached, or closed the connection.
    #[error("{host} cannot be reached ({reason}): check the address and the network, then try again")]
    Unreachable {
        /// Host and port of the provider.
        host: String,
        /// The network's error.
        reason: String,
        /// The system's error, if known.
        #[source]
        source: Option<Cause>,
    },
    /// The deadline passed. Signed acts are kept, and `resume` finishes them.
    #[error("{host} gave no answer within {after:?}: no signed act is lost, try again")]
    TimedOut {
        /// Host and port of the provider.
        host: String,
        /// The deadline.
        after: Duration,
    },
    /// The provider limited the request rate until the deadline passed.
    #[error("{host} limits the request rate: wait a minute and repeat, or use another provider")]
    RateLimited {
        /// Host and port of the provider.
        host: String,
    },
    /// The provider answers only for a shorter range of blocks or fewer events.
    #[error("{host} does not answer for so many blocks or events at once ({reason})")]
    TooManyLogs {
        /// Host and port of the provider.
        host: String,
        /// Its own text.
        reason: String,
    },
    /// The provider answered with an error of its own.
    #[error("{host} refused the request: {reason} (code {code})")]
    Refused {
        /// Host and port of the provider.
        host: String,
        /// JSON-RPC error code.
        code: i64,
        /// Its own text.
        reason: String,
    },
    /// The provider's answer is invalid.
    #[error("{host} gave an invalid answer: {reason}")]
    Malformed {
        /// Host and port of the provider.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The provider's answer is longer than
    /// [`EthereumOptions::longest_answer`](crate::ledger::ethereum::EthereumOptions::longest_answer).
    #[error("{host} gave an answer of more than {most} bytes, which was not read: use another provider")]
    TooLong {
        /// Host and port of the provider.
        host: String,
        /// The maximum length in bytes.
        most: usize,
    },
    /// The provider is behind this machine's history.
    #[error("{host} has only seen block {newest}, but this machine has read up to block {known}: wait or use another")]
    Behind {
        /// Host and port of the provider.
        host: String,
        /// Its newest block.
        newest: u64,
        /// The block of the newest entry that this machine has read.
        known: u64,
    },
    /// `HospitalRecord` refused the call.
    #[error("the contract refused: {}", refusal::hospital::meaning(.0).1)]
    Contract(Box<IHospitalRecordErrors>),
    /// A board refused the call.
    #[error("the board refused: {}", refusal::board::meaning(.0).1)]
    Board(Box<IBoardErrors>),
    /// A contract beside `HospitalRecord` refused the call.
    #[error("the contract refused: {}", .0.meaning().1)]
    Beside(Box<BesideErrors>),
    /// A call was reverted with data that matches no error of the contracts.
    #[error("the call was reverted: {}", one_line(&.0.to_string()))]
    Reverted(Bytes),
    /// A transaction was mined without effect, and the reason is no longer available.
    #[error("transaction {transaction} was mined but failed")]
    Failed {
        /// Its hash.
        transaction: B256,
    },
    /// The transaction can never be mined: another device of the same account used its nonce. A person must decide
    /// whether the act is still wanted.
    #[error("another device of this account was first: repeat it if it is still wanted")]
    Overtaken {
        /// Its hash.
        transaction: B256,
    },
    /// The transaction of an earlier call has not taken effect, and nothing new was sent.
    #[error(
        "transaction {transaction} of an earlier call has not taken effect ({error}), and nothing new was sent: check whether that act is still wanted, then repeat this one"
    )]
    LeftBehind {
        /// The earlier transaction.
        transaction: B256,
        /// Why it has not taken effect.
        #[source]
        error: Box<LedgerError>,
    },
    /// The provider is on another chain.
    #[error("{host} is on chain {found}, not {expected}: use a provider of chain {expected}")]
    WrongChain {
        /// Host and port of the provider.
        host: String,
        /// The expected chain.
        expected: u64,
        /// The provider's chain.
        found: u64,
    },
    /// There is no contract at the address.
    #[error("there is no contract at {contract} on chain {chain}: deploy it, or correct the address")]
    NoContract {
        /// The address.
        contract: Address,
        /// The chain.
        chain: u64,
    },
    /// There is a contract at the address, but it is not this version of `HospitalRecord`.
    #[error("the contract at {contract} on chain {chain} is not this version of HospitalRecord: correct the address")]
    OtherCode {
        /// The address.
        contract: Address,
        /// The chain.
        chain: u64,
    },
    /// A contract beside `HospitalRecord` is not on this chain.
    #[error("the contract {name} is not at its address {contract} on chain {chain}: deploy it there (any account can)")]
    NotDeployed {
        /// Its name.
        name: &'static str,
        /// Its address on every chain.
        contract: Address,
        /// The chain.
        chain: u64,
    },
    /// The account cannot pay for the transaction.
    #[error("account {account} needs {needed} wei for this transaction: fund it, then try again")]
    Unfunded {
        /// The account that pays.
        account: Address,
        /// The minimum balance that the account needs, in wei.
        needed: U256,
    },
    /// The transaction could cost more than [`SenderOptions::most`](crate::ledger::sender::parts::SenderOptions::most).
    /// Nothing was sent.
    #[error(
        "the transaction may cost up to {} ether at the fees of {host}, and {} ether are allowed: repeat it when fees are lower, or allow more with `Config::most_per_transaction` (in the programs `--max-fee`)",
        format_ether(*.needed), format_ether(*.most)
    )]
    TooDear {
        /// Host and port of the provider.
        host: String,
        /// Its possible cost, in wei.
        needed: U256,
        /// The allowed cost, in wei.
        most: U256,
    },
    /// It needs more gas than its carrier allows. Nothing was sent.
    #[error("it needs {needed} gas, and {most} are allowed for an act of its kind")]
    TooMuchGas {
        /// The gas that it needs now.
        needed: u64,
        /// The allowed gas.
        most: u64,
    },
    /// The provider refused the signed transaction, but holds it now. Anyone who holds it can have it mined until its
    /// nonce is used. The next act of the account uses that nonce.
    #[error(
        "{host} refused transaction {transaction} ({reason}); it may still take effect until another act of this account replaces it"
    )]
    Rejected {
        /// Host and port of the provider.
        host: String,
        /// Its hash.
        transaction: B256,
        /// Its own text.
        reason: String,
        /// Whether the account has too little ether.
        unfunded: bool,
    },
    /// The signer could not sign.
    #[error("the transaction could not be signed: {reason}")]
    Signer {
        /// The signer's own text.
        reason: String,
        /// The signer's own error.
        #[source]
        source: Option<Cause>,
    },
    /// The signed transaction could not be saved on this machine. Nothing was sent.
    #[error("the outbox failed ({reason}): nothing was sent, check the state directory")]
    Outbox {
        /// What failed.
        reason: String,
        /// The underlying error, if any.
        #[source]
        source: Option<Cause>,
    },
    /// The provider's history contradicts itself, or this machine's history.
    #[error(transparent)]
    Integrity(#[from] Integrity),
}

impl LedgerError {
    /// Decodes revert data to a typed refusal, or keeps the data.
    #[must_use]
    pub fn reverted(data: Bytes) -> Self {
        // Errors that several contracts share are decoded as those of `HospitalRecord`.
        match (IHospitalRecordErrors::abi_decode(&data), IBoardErrors::abi_decode(&data)) {
            (Ok(error), _) => Self::Contract(Box::new(error)),
            (_, Ok(error)) => Self::Board(Box::new(error)),
            _ => BesideErrors::decode(&data).map_or(Self::Reverted(data), |error| Self::Beside(Box::new(error))),
        }
    }

    /// Whether a contract refused the call. It will refuse the same call again in the same state.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Contract(_) | Self::Board(_) | Self::Beside(_) | Self::Reverted(_))
    }

    /// The typed refusal of `HospitalRecord`, if this is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&IHospitalRecordErrors> {
        match self {
            Self::Contract(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. } | Self::RateLimited { .. })
    }
}

/// Why a provider did not take a signed transaction. A transaction that it knows already is a success, not an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// A transaction with this nonce has been mined: this one, or another.
    #[error("the nonce is used")]
    NonceTooLow,
    /// Another transaction with this nonce is waiting, and this one pays too little to replace it.
    #[error("another transaction with this nonce is waiting")]
    Occupied,
    /// The fee is too low for this provider; it did not take the transaction.
    #[error("the fee is too low")]
    Underpriced,
    /// The account cannot pay; the provider did not take the transaction.
    #[error("the account cannot pay")]
    Unfunded,
    /// The provider did not take the transaction and will not take it later.
    #[error("{0}")]
    Rejected(String),
    /// No answer: the transaction may or may not have arrived.
    #[error("{0}")]
    Unknown(LedgerError),
}
