//! One error for everything an app can meet.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::{Address, B256, U256};

use crate::base::{
    error::{kind::ErrorKind, untrusted::Untrusted},
    time::rfc3339_of,
};

pub(crate) mod core;
pub(crate) mod kind;
pub(crate) mod outcome;
pub(crate) mod untrusted;

use outcome::Outcome;

/// What an error calls the state directory.
const STATE: &str = "the state directory";
const RANDOM: &str = "the system's random generator";

/// Fills with what nobody can guess.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::Refused { service: RANDOM.into(), reason: error.to_string() })
}

/// The result of everything this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in words for people; [`kind`](Error::kind) is for programs.
///
/// [`ErrorKind`] says what an app does about each kind, [`Outcome`] what became of an act that failed on the way. One table
/// of both, with the exit codes of the program, is `docs/errors.md`.
///
/// ```
/// # use hospital_record::{Client, Error, ErrorKind, Source};
/// # async fn example(ana: &Client) {
/// match ana.add(Source::bytes("letter.txt", "Dear Dr Lee")).await {
///     Ok(added) => println!("added {}", added.record),
///     Err(error) if error.transaction().is_some() => println!("look in the history first: {error}"),
///     Err(error) => match error.kind() {
///         ErrorKind::Unfunded => println!("{error}"), // it names the account and the sum
///         ErrorKind::Unreachable | ErrorKind::TimedOut => println!("call `resume`, then try again: {error}"),
///         _ => println!("{error}"),
///     },
/// }
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Access was not given, or has ended.
    #[error("access denied: {0}")]
    Denied(String),
    /// There is no such record, grant, contact or profile.
    #[error("not found: {0}")]
    NotFound(String),
    /// It exists, but its blocks cannot be had right now.
    #[error("not available: {0}")]
    NotAvailable(String),
    /// Something that was received is not what it claims to be. Nothing of it was used.
    #[error("integrity failure: {0}")]
    Integrity(String),
    /// The account cannot pay for the transaction.
    #[error("{account} cannot pay for this transaction: it must hold at least {} ether; send it some and repeat", ether(*.needed))]
    Unfunded {
        /// Who has to pay.
        account: Address,
        /// What the transaction may cost at most, in wei.
        needed: U256,
    },
    /// The keys of a person are not those that were seen before, and nothing that person signed leads to them.
    #[error(
        "the keys of {account} changed from {known} to {found}, and the new ones are not signed as their successor: \
         ask the person, and exchange cards again"
    )]
    KeyChanged {
        /// Whose keys.
        account: Address,
        /// Digest of the profile that was known.
        known: B256,
        /// Digest of the profile that was offered.
        found: B256,
    },
    /// Nobody who is trusted vouches for an account.
    #[error("{account} is not vouched for: {why}")]
    Untrusted {
        /// Which account.
        account: Address,
        /// Why not.
        why: Untrusted,
    },
    /// A service did not answer at all.
    #[error("{service} cannot be reached: {reason}")]
    Unreachable {
        /// The store's or node's name.
        service: String,
        /// What the network said, and what to do.
        reason: String,
    },
    /// A service did not answer in time.
    #[error("{service} gave no answer within {} s; what was sent may still take effect: `resume` finds out", .after.as_secs())]
    TimedOut {
        /// The store's or node's name.
        service: String,
        /// How long was waited.
        after: Duration,
    },
    /// A transaction was sent, and the history does not show its effect in time.
    #[error(
        "transaction {transaction} was sent, but {service} did not show its effect within {} s{}: look in the history \
         before you repeat it, `resume` finishes what is left, and ask another node if it stays so",
        .after.as_secs(), in_brackets(.why.as_deref())
    )]
    Unconfirmed {
        /// Its hash.
        transaction: B256,
        /// The node's name.
        service: String,
        /// How long was waited.
        after: Duration,
        /// Why the history could not be read, where it could not.
        why: Option<Box<Error>>,
    },
    /// A service refused a signed transaction that it has in its hands.
    #[error(
        "{service} refused transaction {transaction} ({reason}). It may still take effect until another act of this \
         account takes its place: `resume` finishes an add, repeat anything else that is still wanted"
    )]
    Withheld {
        /// The node's name.
        service: String,
        /// Its hash.
        transaction: B256,
        /// What the service said.
        reason: String,
    },
    /// Something failed on the way of an act that had begun to take effect, or that did not when it must.
    #[error("{outcome} ({error}): {}", .outcome.advice(.error))]
    Halfway {
        /// What became of the act.
        outcome: Outcome,
        /// What failed.
        error: Box<Error>,
    },
    /// Two things to tell: why this could not be done, and what became of an earlier act of this person.
    #[error("{error}; and {earlier}")]
    AndEarlier {
        /// Why this could not be done.
        error: Box<Error>,
        /// What became of the earlier act, in words.
        earlier: String,
    },
    /// The caller asked for something that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// Something else happened at the same time.
    #[error("{0}")]
    Conflict(String),
    /// A record is there already: another program of this person was faster.
    #[error("{0}; `resume` tidies up")]
    Exists(String),
    /// The chain shows the end of somebody's access no more: nothing new is locked until it does.
    #[error("{what}{}: nothing new is locked meanwhile; `resume` sends it again, and `resume --give-up` gives it up", and_others(*.others))]
    Vanished {
        /// What is missing, in words.
        what: String,
        /// How many more are missing.
        others: usize,
    },
    /// The chain's clock and this machine's are too far apart to give or lock anything.
    #[error(
        "the chain says it is {}, this machine {}: nothing is given or added while they differ by more than ten minutes; \
         set the wrong one right, or say which one counts", rfc3339_of(*.chain), rfc3339_of(*.machine)
    )]
    ClockSkew {
        /// The chain's time, seconds since 1970.
        chain: u64,
        /// This machine's.
        machine: u64,
    },
    /// The patient's keys moved on several times while this was prepared.
    #[error("the patient's keys moved on while this was prepared: repeat it")]
    StaleKeys,
    /// A local file cannot be read or written.
    #[error("{}: {reason}", .path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: String,
        /// Its kind, as the system names it.
        kind: std::io::ErrorKind,
    },
    /// The chain or contract is not the one that was configured.
    #[error("{0}")]
    WrongContract(String),
    /// The state directory belongs to another chain or contract. Nothing of it was used.
    #[error(
        "{} says that this state is of contract {} on chain {}, but the RPC and settings are for contract {} on chain {}: \
         correct them, or name another state directory (in the program `--home`)",
        .file.display(), .pinned.1, .pinned.0, .found.1, .found.0
    )]
    OtherDeployment {
        /// Where it is written down.
        file: PathBuf,
        /// Chain id and contract of the first connection.
        pinned: (u64, Address),
        /// Those of this one.
        found: (u64, Address),
    },
    /// Everything else a service refused.
    #[error("{service} refused: {reason}")]
    Refused {
        /// The store's or node's name.
        service: String,
        /// What it said.
        reason: String,
    },
}

impl Error {
    /// The class of this error.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Denied(_) => ErrorKind::Denied,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::NotAvailable(_) => ErrorKind::NotAvailable,
            Self::Integrity(_) => ErrorKind::Integrity,
            Self::Unfunded { .. } => ErrorKind::Unfunded,
            Self::KeyChanged { .. } => ErrorKind::KeyChanged,
            Self::Untrusted { .. } => ErrorKind::Untrusted,
            Self::Vanished { .. } => ErrorKind::Vanished,
            Self::Unreachable { .. } => ErrorKind::Unreachable,
            Self::Unconfirmed { why: Some(error), .. } => error.kind(),
            Self::TimedOut { .. } | Self::Unconfirmed { .. } => ErrorKind::TimedOut,
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Conflict(_) | Self::Exists(_) | Self::StaleKeys | Self::ClockSkew { .. } => ErrorKind::Conflict,
            Self::File { .. } => ErrorKind::File,
            Self::WrongContract(_) | Self::OtherDeployment { .. } => ErrorKind::WrongContract,
            Self::Refused { .. } | Self::Withheld { .. } => ErrorKind::Refused,
            Self::Halfway { error, .. } | Self::AndEarlier { error, .. } => error.kind(),
        }
    }

    /// Tells beside it what became of an earlier act.
    pub(crate) fn and_earlier(self, earlier: Option<String>) -> Self {
        match earlier {
            Some(earlier) => Self::AndEarlier { error: Box::new(self), earlier },
            None => self,
        }
    }

    /// Whether a service said nothing: asked again at once, it would be waited for as long.
    pub(crate) fn is_silence(&self) -> bool {
        self.kind().is_silence()
    }

    /// Whether it is this machine's state that is at fault, and no service.
    pub(crate) fn is_of_this_machine(&self) -> bool {
        match self.cause() {
            Self::File { .. } | Self::OtherDeployment { .. } => true,
            Self::Refused { service, .. } => service == STATE,
            _ => false,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, error: &std::io::Error) -> Self {
        Self::File { path: path.into(), reason: with_advice(error), kind: error.kind() }
    }

    /// What a reader said; an error of this crate that came through it is itself again.
    pub(crate) fn of_io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|error| Self::file(path, &error))
    }

    pub(crate) fn cache(error: impl std::fmt::Display) -> Self {
        Self::Refused { service: STATE.into(), reason: error.to_string() }
    }
}

/// A task that did not end by itself: the runtime is shutting down.
pub(crate) fn stopped(_: tokio::task::JoinError) -> Error {
    Error::Conflict("the runtime is shutting down: nothing is lost, `resume` goes on".into())
}

/// What to do where a service cannot be reached.
pub(crate) fn checked(reason: &str) -> String {
    format!("{reason}; check that it runs and that the address is right")
}

fn in_brackets(why: Option<&Error>) -> String {
    why.map(|why| format!(" ({why})")).unwrap_or_default()
}

/// What the system said, and what to do where there is one thing to do.
#[doc(hidden)]
pub fn with_advice(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => {
            format!("{error}: make room there, then repeat")
        }
        Kind::ReadOnlyFilesystem => format!("{error}: name a place that can be written"),
        _ => error.to_string(),
    }
}

fn and_others(others: usize) -> String {
    if others == 0 { String::new() } else { format!(" (and {others} more)") }
}

fn ether(wei: U256) -> String {
    alloy::primitives::utils::format_ether(wei)
}
