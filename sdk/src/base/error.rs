//! One error for everything an app can meet.

use std::{path::PathBuf, time::Duration};

use alloy::primitives::{Address, B256, U256};

use crate::base::error::{kind::ErrorKind, reason::Reason, untrusted::Untrusted};

pub(crate) mod core;
mod display;
pub(crate) mod kind;
pub(crate) mod outcome;
pub(crate) mod reason;
pub(crate) mod untrusted;

use outcome::Outcome;

/// What an error calls the state directory.
const STATE: &str = "the state directory";
const RANDOM: &str = "the system's random generator";

/// Fills with what nobody can guess.
pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|error| Error::Refused { service: RANDOM.into(), reason: error.to_string().into() })
}

/// The result of everything this crate does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: one sentence for people, with what to do; [`kind`](Error::kind) is for programs.
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
///
/// The sentence holds what the causes say, too. Print it alone (`{error}`), not with its chain: that would say the same
/// twice. Reporters that print the chain of what they are given print this sentence alone when they get
/// `anyhow::Error::msg(error)` or `eyre::Report::msg(error)`; both can still be asked for the error by its type.
///
/// [`source`](std::error::Error::source) is for programs that need the cause itself. Walk it and downcast: to
/// [`LedgerError`](crate::ledger::LedgerError), [`StoreError`](crate::store::StoreError),
/// [`CoreError`](hospital_record_core::error::CoreError), and [`std::io::Error`] for files and networks. Where another
/// error of this type is inside (see [`cause`](Error::cause)), the chain goes on with what caused that one. There is no
/// source where this crate itself found what is wrong, and where the fields say all there is: `TimedOut`, `Unfunded`,
/// `StaleKeys`.
///
/// No error of the chain shows a password or a token of a URL. Errors of HTTP clients, which name URLs, are not in it: of
/// those it has the system's error, as a copy.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Access was not given, or has ended.
    Denied(Reason),
    /// There is no such record, grant, contact or profile.
    NotFound(Reason),
    /// It exists, but its blocks cannot be had right now.
    NotAvailable(Reason),
    /// Something that was received is not what it claims to be. Nothing of it was used.
    Integrity(Reason),
    /// The account cannot pay for the transaction.
    Unfunded {
        /// Who has to pay.
        account: Address,
        /// What the transaction may cost at most, in wei.
        needed: U256,
    },
    /// The keys of a person are not those that were seen before, and nothing that person signed leads to them.
    KeyChanged {
        /// Whose keys.
        account: Address,
        /// Digest of the profile that was known.
        known: B256,
        /// Digest of the profile that was offered.
        found: B256,
    },
    /// Nobody who is trusted vouches for an account.
    Untrusted {
        /// Which account.
        account: Address,
        /// Why not.
        why: Untrusted,
    },
    /// A service did not answer at all.
    Unreachable {
        /// The store's or node's name.
        service: String,
        /// What the network said, and what to do.
        reason: Reason,
    },
    /// A service did not answer in time.
    TimedOut {
        /// The store's or node's name.
        service: String,
        /// How long was waited.
        after: Duration,
    },
    /// A transaction was sent, and the history does not show its effect in time.
    Unconfirmed {
        /// Its hash; `None` where a relay carried it and nobody says which one it was.
        transaction: Option<B256>,
        /// The node's name.
        service: String,
        /// How long was waited.
        after: Duration,
        /// Why the history could not be read, where it could not.
        why: Option<Box<Error>>,
    },
    /// A service refused a signed transaction that it has in its hands.
    Withheld {
        /// The node's name.
        service: String,
        /// Its hash.
        transaction: B256,
        /// What the service said.
        reason: Reason,
    },
    /// Something failed on the way of an act that had begun to take effect, or that did not when it must.
    Halfway {
        /// What became of the act.
        outcome: Outcome,
        /// What failed.
        error: Box<Error>,
    },
    /// Two things to tell: why this could not be done, and what became of an earlier act of this person.
    AndEarlier {
        /// Why this could not be done.
        error: Box<Error>,
        /// What became of the earlier act, in words.
        earlier: String,
    },
    /// The caller asked for something that cannot be.
    Invalid(Reason),
    /// Something else happened at the same time.
    Conflict(Reason),
    /// A record is there already: another program of this person was faster.
    Exists(Reason),
    /// The chain shows the end of somebody's access no more: nothing new is locked until it does.
    Vanished {
        /// What is missing, in words.
        what: String,
        /// How many more are missing.
        others: usize,
    },
    /// The chain's clock and this machine's are too far apart to give or lock anything.
    ClockSkew {
        /// The chain's time, seconds since 1970.
        chain: u64,
        /// This machine's.
        machine: u64,
    },
    /// The patient's keys moved on several times while this was prepared.
    StaleKeys,
    /// A local file cannot be read or written.
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: Reason,
        /// Its kind, as the system names it.
        kind: std::io::ErrorKind,
    },
    /// The chain or contract is not the one that was configured.
    WrongContract(Reason),
    /// The state directory belongs to another chain or contract. Nothing of it was used.
    OtherDeployment {
        /// Where it is written down.
        file: PathBuf,
        /// Chain id and contract of the first connection.
        pinned: (u64, Address),
        /// Those of this one.
        found: (u64, Address),
    },
    /// Everything else a service refused.
    Refused {
        /// The store's or node's name.
        service: String,
        /// What it said.
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

    pub(crate) fn file(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        let (reason, kind) = (with_advice(&error).into(), error.kind());
        Self::File { path: path.into(), reason, kind }.because(error)
    }

    /// What a reader said; an error of this crate that came through it is itself again.
    pub(crate) fn of_io(path: impl Into<PathBuf>, error: std::io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(|error| Self::file(path, error))
    }

    pub(crate) fn cache(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Refused { service: STATE.into(), reason: Reason::of(error) }
    }

    /// The same with what caused it, where it has words about that.
    pub(crate) fn because(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        match &mut self {
            Self::Denied(reason)
            | Self::NotFound(reason)
            | Self::NotAvailable(reason)
            | Self::Integrity(reason)
            | Self::Invalid(reason)
            | Self::Conflict(reason)
            | Self::Exists(reason)
            | Self::WrongContract(reason)
            | Self::Unreachable { reason, .. }
            | Self::Refused { reason, .. }
            | Self::Withheld { reason, .. }
            | Self::File { reason, .. } => reason.set_cause(cause),
            _ => {}
        }
        self
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
