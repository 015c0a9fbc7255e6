//! The classes of errors.

/// What an app matches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Access was not given, or has ended.
    Denied,
    /// There is no such thing.
    NotFound,
    /// It exists, but cannot be had right now.
    NotAvailable,
    /// What was received is not what it claims to be.
    Integrity,
    /// The account cannot pay.
    Unfunded,
    /// A person's keys changed without a signature.
    KeyChanged,
    /// Nobody who is trusted vouches for an account.
    Untrusted,
    /// Something that the chain showed is gone.
    Vanished,
    /// No answer from a service.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The request itself is wrong.
    Invalid,
    /// Something else happened at the same time: look again, then repeat.
    Conflict,
    /// A local file.
    File,
    /// Wrong chain, no contract, or another contract.
    WrongContract,
    /// A service refused.
    Refused,
}

impl ErrorKind {
    pub(crate) fn is_silence(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut)
    }
}
