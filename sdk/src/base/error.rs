//! One error for everything an app can meet.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::{Address, B256, U256};

use crate::base::error::{
    kind::ErrorKind,
    reason::{Reason, with_reason},
    untrusted::Untrusted,
};

pub(crate) mod core;
mod display;
pub(crate) mod kind;
pub(crate) mod outcome;
pub(crate) mod reason;
pub(crate) mod untrusted;

use outcome::Outcome;

/// The name of the state directory in errors.
const STATE: &str = "the state directory";
const RANDOM: &str = "the system's random generator";

/// Fills a buffer from the system's random generator.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::Refused { service: RANDOM.into(), reason: error.to_string().into() })
}

/// `Err` with this variant of [`Error`]; the rest is the text, as `format!` takes it.
macro_rules! fail {
    ($variant:ident, $($text:tt)+) => {
        Err(crate::base::error::Error::$variant(format!($($text)+).into()))
    };
}
pub(crate) use fail;

/// The result of everything this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what went wrong and what to do, in one sentence for people. Programs match on [`kind`](Error::kind).
///
/// [`ErrorKind`] says what an app does about each kind. [`Outcome`] says what became of an act that failed halfway.
/// `docs/errors.md` lists both in tables, with the exit codes of the program.
///
/// ```
/// # use hospital_record::{Client, Error, ErrorKind, Source};
/// # async fn example(ana: &Client) {
/// match ana.add(Source::bytes("letter.txt", "Dear Dr Lee")).await {
///     Ok(added) => println!("added {}", added.record),
///     Err(error) if error.may_have_happened() => println!("call `resume` before you repeat it: {error}"),
///     Err(error) => match error.kind() {
///         ErrorKind::Unfunded => println!("{error}"), // it names the account and the sum
///         _ => println!("{error}"),
///     },
/// }
/// # }
/// ```
///
/// The sentence includes the text of the causes. Print it alone (`{error}`), not with its chain, which would repeat the
/// text. For a reporter that prints the whole chain, wrap the error as `anyhow::Error::msg(error)` or
/// `eyre::Report::msg(error)`. Both still downcast to this type.
///
/// [`source`](std::error::Error::source) is for programs that need the cause itself. Walk it and downcast: to
/// [`LedgerError`](crate::ledger::LedgerError), [`StoreError`](crate::store::StoreError),
/// [`CoreError`](hospital_record_core::error::CoreError), and [`std::io::Error`] for files and networks. If an error
/// contains another of this type (see [`cause`](Error::cause)), the chain continues with the source of the inner one.
/// There is no source if this crate itself found the problem, or if the fields say everything: `TimedOut`, `Unfunded`,
/// `StaleKeys`.
///
/// No error of the chain shows a password or a token of a URL. Errors of HTTP clients name URLs, so the chain holds a
/// copy of the system's error instead.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Access was never granted, or has ended.
    Denied(Reason),
    /// There is no such record, grant, contact or profile.
    NotFound(Reason),
    /// It exists, but no store has its blocks right now.
    NotAvailable(Reason),
    /// Received data is not what it claims to be. None of it was used.
    Integrity(Reason),
    /// The account cannot pay for the transaction.
    Unfunded {
        /// The account that pays.
        account: Address,
        /// The maximum cost of the transaction, in wei.
        needed: U256,
    },
    /// The keys of a person differ from the last known ones.
    KeyChanged {
        /// The owner of the keys.
        account: Address,
        /// Digest of the last known profile.
        known: B256,
        /// Digest of the profile that was found now.
        found: B256,
    },
    /// No trusted authority vouches for an account.
    Untrusted {
        /// The account.
        account: Address,
        /// Why it is not trusted.
        why: Untrusted,
    },
    /// A service did not answer at all.
    Unreachable {
        /// The store's or node's name.
        service: String,
        /// The network's error, and what to do.
        reason: Reason,
    },
    /// A service did not answer in time.
    TimedOut {
        /// The store's or node's name.
        service: String,
        /// How long was waited.
        after: Duration,
    },
    /// A transaction was sent, but its effect did not appear in the history in time.
    Unconfirmed {
        /// Its hash; `None` if a relay carried it and its hash is unknown.
        transaction: Option<B256>,
        /// The node's name.
        service: String,
        /// How long was waited.
        after: Duration,
        /// Why the history could not be read, if that was the reason.
        why: Option<Box<Error>>,
    },
    /// A service refused a signed transaction. The service still holds it and could send it later.
    Withheld {
        /// The node's name.
        service: String,
        /// Its hash.
        transaction: B256,
        /// The service's reason.
        reason: Reason,
    },
    /// An act failed halfway: it has taken effect in part, or access that it ends may still stand.
    Halfway {
        /// What became of the act.
        outcome: Outcome,
        /// What failed.
        error: Box<Error>,
    },
    /// This act failed, and an earlier act of the same person has an outcome to report.
    AndEarlier {
        /// Why this act failed.
        error: Box<Error>,
        /// The outcome of the earlier act, in words.
        earlier: String,
    },
    /// The request is invalid.
    Invalid(Reason),
    /// The app cancelled the call. Nothing of it takes effect.
    Cancelled,
    /// A concurrent change got in the way.
    Conflict(Reason),
    /// This account did it before, perhaps on another device.
    AlreadyDone(Reason),
    /// The chain no longer shows that somebody's access has ended. Nothing new is locked until it does.
    Vanished {
        /// What is missing, in words.
        what: String,
        /// How many more are missing.
        others: usize,
    },
    /// The chain's clock and this machine's differ too much to grant or lock anything.
    ClockSkew {
        /// The chain's time, seconds since 1970.
        chain: u64,
        /// This machine's time, seconds since 1970.
        machine: u64,
    },
    /// The patient's keys rotated several times while this act was prepared.
    StaleKeys,
    /// A local file cannot be read or written.
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        reason: Reason,
        /// The system's error kind.
        kind: std::io::ErrorKind,
    },
    /// The chain or contract is not the one that was configured.
    WrongContract(Reason),
    /// The state directory belongs to another chain or contract. None of it was used.
    OtherDeployment {
        /// The file that names them.
        file: PathBuf,
        /// Chain id and contract of the first connection.
        pinned: (u64, Address),
        /// Chain id and contract of this connection.
        found: (u64, Address),
    },
    /// A service refused for another reason.
    Refused {
        /// The store's or node's name.
        service: String,
        /// Its reason.
        reason: Reason,
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
            Self::Cancelled => ErrorKind::Cancelled,
            Self::Conflict(_) | Self::StaleKeys => ErrorKind::Conflict,
            Self::AlreadyDone(_) => ErrorKind::AlreadyDone,
            Self::ClockSkew { .. } => ErrorKind::ClockSkew,
            Self::File { .. } => ErrorKind::File,
            Self::WrongContract(_) | Self::OtherDeployment { .. } => ErrorKind::WrongContract,
            Self::Refused { .. } | Self::Withheld { .. } => ErrorKind::Refused,
            Self::Halfway { error, .. } | Self::AndEarlier { error, .. } => error.kind(),
        }
    }

    /// Adds the outcome of an earlier act.
    pub(crate) fn and_earlier(self, earlier: Option<String>) -> Self {
        match earlier {
            Some(earlier) => Self::AndEarlier { error: Box::new(self), earlier },
            None => self,
        }
    }

    /// Whether a service did not answer. An immediate second attempt would take as long.
    pub(crate) fn is_outage(&self) -> bool {
        self.kind().is_outage()
    }

    /// Whether the cause is this machine's state, not a service.
    pub(crate) fn is_of_this_machine(&self) -> bool {
        match self.cause() {
            Self::File { .. } | Self::OtherDeployment { .. } => true,
            Self::Refused { service, .. } => service == STATE,
            _ => false,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        let (reason, kind) = (with_advice(&error).into(), error.kind());
        Self::File { path: path.into(), reason, kind }.because(error)
    }

    /// Converts an error of a reader. If it wraps an error of this crate, that error is returned unchanged.
    pub(crate) fn of_io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|error| Self::file(path, error))
    }

    pub(crate) fn cache(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Refused { service: STATE.into(), reason: Reason::of(error) }
    }

    /// Adds the cause to an error that has a reason.
    pub(crate) fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        match &mut self {
            with_reason!(reason) => reason.set_cause(cause),
            _ => {}
        }
        self
    }
}

/// Adds what to do about an unreachable service.
pub(crate) fn checked(reason: &str) -> String {
    format!("{reason}; check that it runs and that the address is right")
}

/// The system's error, with advice if there is one thing to do.
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
