//! What can go wrong between this machine and the chain.

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

/// Why a question to the chain has no answer, or a transaction no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The address of the provider is none.
    #[error("the RPC URL cannot be used: {reason}; one looks like http://127.0.0.1:8545")]
    Url {
        /// What is wrong with it; never the URL itself, which may hold a key.
        reason: String,
    },
    /// The provider could not be reached, or broke off.
    #[error("{host} cannot be reached ({reason}): check the address and the network, then try again")]
    Unreachable {
        /// Host and port of the provider.
        host: String,
        /// What the network said.
        reason: String,
        /// What the system said, where it is known.
        #[source]
        source: Option<Cause>,
    },
    /// The deadline passed. What was signed before is kept, and `resume` finishes it.
    #[error("{host} gave no answer within {after:?}: nothing that was signed is lost, try again")]
    TimedOut {
        /// Host and port of the provider.
        host: String,
        /// The deadline.
        after: Duration,
    },
    /// The provider asked to slow down until the deadline passed.
    #[error("{host} limits how often it is asked: wait a minute and repeat, or use another provider")]
    RateLimited {
        /// Host and port of the provider.
        host: String,
    },
    /// The provider answers only for a shorter range of blocks or fewer events.
    #[error("{host} does not answer for so many blocks or events at once ({reason})")]
    TooManyLogs {
        /// Host and port of the provider.
        host: String,
        /// Its own words.
        reason: String,
    },
    /// The provider answered with an error of its own.
    #[error("{host} refused the request: {reason} (code {code})")]
    Refused {
        /// Host and port of the provider.
        host: String,
        /// JSON-RPC error code.
        code: i64,
        /// Its own words.
        reason: String,
    },
    /// The provider's answer makes no sense.
    #[error("{host} gave an answer that cannot be understood: {reason}")]
    Malformed {
        /// Host and port of the provider.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The provider's answer is longer than is read here
    /// ([`EthereumOptions::longest_answer`](crate::ledger::ethereum::EthereumOptions::longest_answer)).
    #[error("{host} gave an answer of more than {most} bytes, which was not read: use another provider")]
    TooLong {
        /// Host and port of the provider.
        host: String,
        /// How many bytes are read.
        most: usize,
    },
    /// The provider is behind what is already known here.
    #[error("{host} has only seen block {newest}, but this machine has read up to block {known}: wait or use another")]
    Behind {
        /// Host and port of the provider.
        host: String,
        /// Its newest block.
        newest: u64,
        /// The block of the newest entry that is known here.
        known: u64,
    },
    /// The contract refused.
    #[error("{}", refusal::hospital::words(.0))]
    Contract(Box<IHospitalRecordErrors>),
    /// A board refused.
    #[error("{}", refusal::board::words(.0))]
    Board(Box<IBoardErrors>),
    /// A contract beside it refused the call.
    #[error("{}", .0.words())]
    Beside(Box<BesideErrors>),
    /// A call was reverted with data that no error of the contracts matches.
    #[error("the call was reverted: {}", one_line(&.0.to_string()))]
    Reverted(Bytes),
    /// A transaction was mined without effect, and its reason cannot be told any more.
    #[error("transaction {transaction} was mined but failed")]
    Failed {
        /// Its hash.
        transaction: B256,
    },
    /// It can never be mined: another device of the same account used its nonce. Whether it is still wanted after what
    /// that device did, a person has to say.
    #[error("another device of this account was first: repeat it if it is still wanted")]
    Overtaken {
        /// Its hash.
        transaction: B256,
    },
    /// What an earlier call left behind has not taken effect, and nothing new was sent.
    #[error(
        "transaction {transaction} of an earlier call has not taken effect ({error}), and nothing new was sent: see whether that act is still wanted, then repeat this one"
    )]
    LeftBehind {
        /// The earlier transaction.
        transaction: B256,
        /// Why it has not.
        #[source]
        error: Box<LedgerError>,
    },
    /// The provider is on another chain.
    #[error("{host} is on chain {found}, not {expected}: use a provider of chain {expected}")]
    WrongChain {
        /// Host and port of the provider.
        host: String,
        /// The chain asked for.
        expected: u64,
        /// The chain it is on.
        found: u64,
    },
    /// There is no contract at the address.
    #[error("there is no contract at {contract} on chain {chain}: deploy it, or correct the address")]
    NoContract {
        /// The address asked.
        contract: Address,
        /// The chain asked.
        chain: u64,
    },
    /// There is a contract at the address, but it is not this version of `HospitalRecord`.
    #[error("the contract at {contract} on chain {chain} is not this version of HospitalRecord: correct the address")]
    OtherCode {
        /// The address asked.
        contract: Address,
        /// The chain asked.
        chain: u64,
    },
    /// A contract beside `HospitalRecord` is not on this chain.
    #[error("the contract {name} is not at its address {contract} on chain {chain}: deploy it there (anybody can)")]
    NotDeployed {
        /// Its name.
        name: &'static str,
        /// Where it is on every chain.
        contract: Address,
        /// The chain asked.
        chain: u64,
    },
    /// The account cannot pay for the transaction.
    #[error("account {account} needs {needed} wei for this transaction: fund it, then try again")]
    Unfunded {
        /// Who has to pay.
        account: Address,
        /// Wei that the account must hold at least.
        needed: U256,
    },
    /// It would cost more than is allowed here ([`SenderOptions::most`](crate::ledger::sender::parts::SenderOptions::most)); nothing was sent.
    #[error(
        "the transaction may cost up to {} ether at the fees that {host} tells, and {} ether are allowed: repeat it when fees are lower, or allow more with `Config::most_per_transaction` (in the programs `--max-fee`)",
        format_ether(*.needed), format_ether(*.most)
    )]
    TooDear {
        /// Host and port of the provider.
        host: String,
        /// What it may cost, wei.
        needed: U256,
        /// What is allowed, wei.
        most: U256,
    },
    /// It needs more gas than whoever carries it allows; nothing was sent.
    #[error("it needs {needed} gas, and {most} are allowed for an act of its kind")]
    TooMuchGas {
        /// What it needs now.
        needed: u64,
        /// What is allowed.
        most: u64,
    },
    /// The provider refused the signed transaction, which it has in its hands now: whoever has it can have it mined until
    /// its nonce is used, as the next act of the account does.
    #[error(
        "{host} refused transaction {transaction} ({reason}); it may still take effect until another act of this account takes its place"
    )]
    Rejected {
        /// Host and port of the provider.
        host: String,
        /// Its hash.
        transaction: B256,
        /// Its own words.
        reason: String,
        /// Whether it was for want of ether.
        unfunded: bool,
    },
    /// The signer could not sign.
    #[error("the transaction could not be signed: {reason}")]
    Signer {
        /// The signer's own words.
        reason: String,
        /// The signer's own error.
        #[source]
        source: Option<Cause>,
    },
    /// What was signed could not be kept on this machine; nothing was sent.
    #[error("the outbox failed ({reason}): nothing was sent, check the state directory")]
    Outbox {
        /// What failed.
        reason: String,
        /// The error of what failed, where there is one.
        #[source]
        source: Option<Cause>,
    },
    /// The history that was told contradicts itself, or what is known.
    #[error(transparent)]
    Integrity(#[from] Integrity),
}

impl LedgerError {
    /// The typed refusal in revert data, or the data itself.
    #[must_use]
    pub fn reverted(data: Bytes) -> Self {
        // What both can say has the words of the contract.
        match (IHospitalRecordErrors::abi_decode(&data), IBoardErrors::abi_decode(&data)) {
            (Ok(error), _) => Self::Contract(Box::new(error)),
            (_, Ok(error)) => Self::Board(Box::new(error)),
            _ => BesideErrors::decode(&data).map_or(Self::Reverted(data), |error| Self::Beside(Box::new(error))),
        }
    }

    /// Whether a contract refused the call: asked again in the same state it is refused again.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Contract(_) | Self::Board(_) | Self::Beside(_) | Self::Reverted(_))
    }

    /// The contract's typed refusal, when this is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&IHospitalRecordErrors> {
        match self {
            Self::Contract(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the same question may be answered a moment later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. } | Self::RateLimited { .. })
    }
}

/// What became of handing a signed transaction to a provider. That it is known already is success.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// A transaction with this nonce has been mined: this one, or another.
    #[error("the nonce is used")]
    NonceTooLow,
    /// Another transaction with this nonce waits, and this one does not pay enough to take its place.
    #[error("another transaction with this nonce is waiting")]
    Occupied,
    /// The fee is too low for this provider; it did not take the transaction.
    #[error("the fee is too low")]
    Underpriced,
    /// The account cannot pay; the provider did not take the transaction.
    #[error("the account cannot pay")]
    Unfunded,
    /// The provider did not take the transaction, and will not.
    #[error("{0}")]
    Rejected(String),
    /// No answer: it may have arrived or not.
    #[error("{0}")]
    Unknown(LedgerError),
}
