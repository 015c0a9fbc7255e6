//! The one sentence of every error, and its source.

use std::fmt;

use alloy::primitives::U256;

use crate::base::{
    error::{Error, reason::with_reason},
    time::rfc3339_of,
};

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(reason) => write!(f, "access denied: {reason}"),
            Self::NotFound(reason) => write!(f, "not found: {reason}"),
            Self::NotAvailable(reason) => write!(f, "not available: {reason}"),
            Self::Integrity(reason) => write!(f, "integrity failure: {reason}"),
            Self::Invalid(reason)
            | Self::Conflict(reason)
            | Self::AlreadyDone(reason)
            | Self::WrongContract(reason) => write!(f, "{reason}"),
            Self::Unreachable { service, reason } => write!(f, "{service} cannot be reached: {reason}"),
            Self::Refused { service, reason } => write!(f, "{service} refused: {reason}"),
            Self::Cancelled => f.write_str("it was cancelled"),
            Self::File { path, reason, .. } => write!(f, "{}: {reason}", path.display()),
            Self::Halfway { outcome, error } => write!(f, "{outcome} ({error}): {}", outcome.advice(error)),
            Self::AndEarlier { error, earlier } => write!(f, "{error}; and {earlier}"),
            other => other.fmt_rest(f),
        }
    }
}

impl Error {
    /// The errors with longer sentences.
    fn fmt_rest(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfunded { account, needed } => write!(
                f,
                "{account} cannot pay for this transaction: it must hold at least {} ether; send it some and repeat",
                ether(*needed)
            ),
            Self::KeyChanged { account, known, found } => write!(
                f,
                "the keys of {account} changed from {known} to {found}: ask the person, and exchange cards again"
            ),
            Self::Untrusted { account, why } => write!(f, "{account} is not vouched for: {why}"),
            Self::TimedOut { service, after } => write!(
                f,
                "{service} gave no answer within {} s; what was sent may still take effect: `resume` finds out",
                after.as_secs()
            ),
            Self::Unconfirmed { transaction, service, after, why } => write!(
                f,
                "{} was sent, but {service} did not show its effect within {} s{}: look in the \
                 history before you repeat it, `resume` finishes the rest, and ask another node if it fails again",
                transaction.map_or_else(|| "this".to_owned(), |hash| format!("transaction {hash}")),
                after.as_secs(),
                why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
            ),
            Self::Withheld { service, transaction, reason } => write!(
                f,
                "{service} refused transaction {transaction} ({reason}). It may still take effect until another act of \
                 this account replaces it: `resume` finishes an add; repeat anything else that is still wanted"
            ),
            other => other.fmt_state(f),
        }
    }

    /// The errors about this machine's state.
    fn fmt_state(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vanished { what, others } => write!(
                f,
                "{what}{}: nothing new is locked meanwhile; `resume` sends it again, and `resume --give-up` abandons it",
                if *others == 0 { String::new() } else { format!(" (and {others} more)") }
            ),
            Self::ClockSkew { chain, machine } => write!(
                f,
                "the chain says it is {}, this machine {}: nothing is given or added while they differ by more than ten \
                 minutes; correct the wrong clock, or choose which one counts",
                rfc3339_of(*chain),
                rfc3339_of(*machine)
            ),
            Self::OtherDeployment { file, pinned, found } => write!(
                f,
                "{} says that this state is of contract {} on chain {}, but the RPC and settings are for contract {} on \
                 chain {}: correct them, or name another state directory (in the program `--home`)",
                file.display(),
                pinned.1,
                pinned.0,
                found.1,
                found.0
            ),
            // `StaleKeys`: the other variants are handled above.
            _ => f.write_str("the patient's keys rotated while this was prepared: repeat it"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            with_reason!(reason) => reason.cause(),
            Self::Halfway { error, .. } | Self::AndEarlier { error, .. } => error.source(),
            Self::Unconfirmed { why, .. } => why.as_ref()?.source(),
            Self::Unfunded { .. }
            | Self::KeyChanged { .. }
            | Self::Untrusted { .. }
            | Self::TimedOut { .. }
            | Self::Vanished { .. }
            | Self::ClockSkew { .. }
            | Self::StaleKeys
            | Self::Cancelled
            | Self::OtherDeployment { .. } => None,
        }
    }
}

fn ether(wei: U256) -> String {
    alloy::primitives::utils::format_ether(wei)
}
