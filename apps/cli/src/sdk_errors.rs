//! The SDK's errors as failures of this program.

use hospital_record::{Error, ErrorKind};

use crate::failure::{Failure, Kind};

/// One line for each kind. A kind that the SDK adds later is "other" until it has a line here.
impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Denied => Self::Denied,
            ErrorKind::NotFound => Self::NotFound,
            ErrorKind::NotAvailable => Self::NotAvailable,
            ErrorKind::Integrity => Self::Integrity,
            ErrorKind::Unfunded => Self::Unfunded,
            ErrorKind::KeyChanged => Self::KeyChanged,
            ErrorKind::Unreachable => Self::Unreachable,
            ErrorKind::TimedOut => Self::TimedOut,
            ErrorKind::Invalid => Self::Usage,
            ErrorKind::Cancelled => Self::Interrupted,
            ErrorKind::Conflict => Self::Conflict,
            ErrorKind::AlreadyDone => Self::AlreadyDone,
            ErrorKind::ClockSkew => Self::ClockSkew,
            ErrorKind::File => Self::File,
            ErrorKind::WrongContract => Self::WrongContract,
            ErrorKind::Refused => Self::Refused,
            ErrorKind::Untrusted => Self::Untrusted,
            ErrorKind::Vanished => Self::Vanished,
            _ => Self::Other,
        }
    }
}

fn kind(error: &Error) -> Kind {
    match error.cause() {
        Error::File { kind: std::io::ErrorKind::NotFound, .. } => Kind::NotFound,
        _ => error.kind().into(),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let unfunded = match error.cause() {
            Error::Unfunded { account, needed } => Some((account.to_string(), needed.to_string())),
            _ => None,
        };
        let transaction = error.transaction().map(|hash| hash.to_string());
        Self { unfunded, transaction, ..Self::new(kind(&error), error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hospital_record::{
        Untrusted,
        alloy::primitives::{Address, B256, U256},
    };

    use super::*;

    #[test]
    fn every_error_has_its_documented_exit_code() {
        let file = |kind| Error::File { path: "x".into(), reason: "no".into(), kind };
        let (service, reason) = (String::from("127.0.0.1:8545"), String::from("refused"));
        let cases = [
            (Error::Denied("no".into()), 4),
            (Error::NotFound("x".into()), 3),
            (Error::NotAvailable("x".into()), 6),
            (Error::Integrity("x".into()), 5),
            (Error::Unfunded { account: Address::ZERO, needed: U256::ONE }, 8),
            (Error::KeyChanged { account: Address::ZERO, known: B256::ZERO, found: B256::ZERO }, 5),
            (Error::Unreachable { service: service.clone(), reason: reason.as_str().into() }, 6),
            (Error::TimedOut { service: service.clone(), after: Duration::from_secs(1) }, 6),
            (Error::Invalid("x".into()), 2),
            (Error::Cancelled, 130),
            (Error::Conflict("x".into()), 1),
            (Error::AlreadyDone("x".into()), 1),
            (Error::ClockSkew { chain: 0, machine: 1000 }, 1),
            (file(std::io::ErrorKind::NotFound), 3),
            (file(std::io::ErrorKind::StorageFull), 1),
            (Error::WrongContract("x".into()), 5),
            (Error::OtherDeployment { file: "x".into(), pinned: (1, Address::ZERO), found: (2, Address::ZERO) }, 5),
            (Error::Refused { service, reason: reason.into() }, 1),
            (Error::Untrusted { account: Address::ZERO, why: Untrusted::NoChain }, 5),
            (Error::Vanished { what: "x".into(), others: 0 }, 5),
        ];
        for (error, exit) in cases {
            assert_eq!(Failure::from(error).kind.exit(), exit);
        }
    }

    #[test]
    fn unfunded_error_names_the_account() {
        let failure = Failure::from(Error::Unfunded { account: Address::ZERO, needed: U256::from(7) });
        assert_eq!(failure.to_json()["needed_wei"], "7");
    }
}
