//! Everything that can go wrong, and the exit code it gives.

use std::{fmt, io, path::Path};

use hospital_record::with_advice;
use serde_json::{Value, json};

/// The class of a failure: its word in JSON and its exit code, see `docs/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Other,
    File,
    Conflict,
    AlreadyDone,
    ClockSkew,
    Refused,
    Usage,
    NotFound,
    Denied,
    Integrity,
    KeyChanged,
    WrongContract,
    Untrusted,
    Vanished,
    NotAvailable,
    Unreachable,
    TimedOut,
    KeyFile,
    Unfunded,
    Interrupted,
    /// Nobody reads the output any more, as in `list | head`.
    Unread,
}

impl Kind {
    /// The one table of exit codes.
    const fn row(self) -> (u8, &'static str) {
        match self {
            Self::Other => (1, "other"),
            Self::File => (1, "file"),
            Self::Conflict => (1, "conflict"),
            Self::AlreadyDone => (1, "already-done"),
            Self::ClockSkew => (1, "clock-skew"),
            Self::Refused => (1, "refused"),
            Self::Usage => (2, "usage"),
            Self::NotFound => (3, "not-found"),
            Self::Denied => (4, "denied"),
            Self::Integrity => (5, "integrity"),
            Self::KeyChanged => (5, "key-changed"),
            Self::WrongContract => (5, "wrong-contract"),
            Self::Untrusted => (5, "untrusted"),
            Self::Vanished => (5, "vanished"),
            Self::NotAvailable => (6, "not-available"),
            Self::Unreachable => (6, "unreachable"),
            Self::TimedOut => (6, "timed-out"),
            Self::KeyFile => (7, "key-file"),
            Self::Unfunded => (8, "unfunded"),
            Self::Interrupted => (130, "interrupted"),
            Self::Unread => (141, "unread"),
        }
    }

    pub(crate) const fn exit(self) -> u8 {
        self.row().0
    }

    pub(crate) const fn word(self) -> &'static str {
        self.row().1
    }
}

/// Why a verb did not do what was asked, and what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// The account that needs ether, and how many wei.
    pub(crate) unfunded: Option<(String, String)>,
    /// A transaction that is on chain, or may still land, despite the failure.
    pub(crate) transaction: Option<String>,
}

/// What every verb returns.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), unfunded: None, transaction: None }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    pub(crate) fn key_file(message: impl Into<String>) -> Self {
        Self::new(Kind::KeyFile, message)
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted; `hospital-record resume` finishes or clears what was under way")
    }

    /// Interrupted at the prompt for a secret, before anything was done.
    pub(crate) fn interrupted_before() -> Self {
        Self::new(Kind::Interrupted, "interrupted; nothing was done or made")
    }

    /// A file that was named by the user.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::File };
        Self::new(kind, format!("{}: {}", path.display(), with_advice(error)))
    }

    /// Adds advice for an unusable home folder.
    pub(crate) fn or_elsewhere(self) -> Self {
        Self { message: format!("{}; --home names another folder", self.message), ..self }
    }

    /// Advice for an account that cannot pay.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        (self.kind == Kind::Unfunded).then_some("Or name a relay that pays (--relay).")
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut object =
            json!({"type": "error", "exit": self.kind.exit(), "kind": self.kind.word(), "message": self.message});
        if let Some((account, needed)) = &self.unfunded {
            object["account"] = json!(account);
            object["needed_wei"] = json!(needed);
        }
        if let Some(transaction) = &self.transaction {
            object["tx"] = json!(transaction);
        }
        object
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Standard output or error could not be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe { Kind::Unread } else { Kind::File };
        Self::new(kind, format!("the output cannot be written: {}", with_advice(&error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_exit_code() {
        let json = Failure::new(Kind::Denied, "no").to_json();
        assert_eq!(json, json!({"type": "error", "exit": 4, "kind": "denied", "message": "no"}));
    }

    #[test]
    fn unfunded_error_names_account_and_amount() {
        let failure =
            Failure { unfunded: Some(("0xab".into(), "7".into())), ..Failure::new(Kind::Unfunded, "no ether") };
        assert_eq!(failure.to_json()["account"], "0xab");
        assert_eq!(failure.to_json()["needed_wei"], "7");
        assert_eq!(failure.kind.exit(), 8);
    }

    #[test]
    fn missing_file_is_not_found_but_unreadable_one_is_a_file_error() {
        let kind = |kind: io::ErrorKind| Failure::file(Path::new("x"), &kind.into()).kind;
        assert_eq!(kind(io::ErrorKind::NotFound), Kind::NotFound);
        assert_eq!(kind(io::ErrorKind::PermissionDenied), Kind::File);
    }
}
