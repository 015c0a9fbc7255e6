//! Maps every error of a ledger to one of this crate. No match has a wildcard, so none is left out.

use std::io;

use crate::{
    base::error::{Error, checked, reason::Reason},
    ledger::{error::LedgerError, refusal},
};

impl From<LedgerError> for Error {
    fn from(error: LedgerError) -> Self {
        let cause = error.clone();
        meaning(error).because(cause)
    }
}

fn meaning(error: LedgerError) -> Error {
    let text = Reason::from(error.to_string());
    match error {
        LedgerError::Url { .. } => Error::Invalid(text),
        LedgerError::Unreachable { host, reason, .. } => {
            Error::Unreachable { service: node(&host), reason: checked(&reason).into() }
        }
        LedgerError::TimedOut { host, after } => Error::TimedOut { service: node(&host), after },
        LedgerError::RateLimited { host } => {
            let reason = "it limits the request rate; wait a minute and repeat, or use another RPC";
            Error::Unreachable { service: node(&host), reason: reason.into() }
        }
        LedgerError::TooDear { .. } | LedgerError::TooMuchGas { .. } => {
            Error::Refused { service: "this client".into(), reason: text }
        }
        LedgerError::Unfunded { account, needed } => Error::Unfunded { account, needed },
        LedgerError::Integrity(_) | LedgerError::Malformed { .. } => Error::Integrity(text),
        // Another provider, or a later request, can answer this.
        LedgerError::Behind { .. } => Error::NotAvailable(text),
        LedgerError::WrongChain { .. }
        | LedgerError::NoContract { .. }
        | LedgerError::NotDeployed { .. }
        | LedgerError::OtherCode { .. } => Error::WrongContract(text),
        LedgerError::Contract(refusal) => refusal::hospital::meaning(&refusal).0(text),
        LedgerError::Board(refusal) => refusal::board::meaning(&refusal).0(text),
        LedgerError::Beside(refusal) => refusal.meaning().0(text),
        // The call was valid when it was signed, but not when it was mined.
        LedgerError::Failed { .. } | LedgerError::Overtaken { .. } | LedgerError::LeftBehind { .. } => {
            Error::Conflict(text)
        }
        LedgerError::Rejected { host, transaction, reason, .. } => {
            Error::Withheld { service: host, transaction, reason: reason.into() }
        }
        LedgerError::Refused { host, reason, .. } | LedgerError::TooManyLogs { host, reason } => {
            Error::Refused { service: host, reason: reason.into() }
        }
        LedgerError::TooLong { host, most } => {
            let reason = format!("its answer of more than {most} bytes was not read; use another provider");
            Error::Refused { service: host, reason: reason.into() }
        }
        LedgerError::Reverted(_) => Error::Refused { service: "the chain".into(), reason: text },
        LedgerError::Signer { reason, .. } => Error::Refused { service: "the signer".into(), reason: reason.into() },
        LedgerError::Outbox { reason, source } => {
            // A full disk or another tab keeps its kind.
            match source.as_ref().and_then(|cause| cause.downcast_ref::<Error>()) {
                Some(Error::File { path, kind, .. }) => Error::file(path.clone(), io::Error::from(*kind)),
                Some(Error::Conflict(_)) => Error::Conflict(reason.into()),
                _ => Error::cache(reason),
            }
        }
    }
}

/// The name of the node in errors, for apps with several services.
fn node(host: &str) -> String {
    format!("the chain's node {host}")
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::*;
    use crate::base::error::kind::ErrorKind;

    fn kind(error: impl Into<Error>) -> ErrorKind {
        error.into().kind()
    }

    #[test]
    fn errors_of_the_chain_are_distinguished() {
        let (host, reason) = (String::from("h"), String::from("r"));
        assert_eq!(kind(LedgerError::Url { reason: reason.clone() }), ErrorKind::Invalid);
        assert_eq!(kind(LedgerError::Outbox { reason: reason.clone(), source: None }), ErrorKind::Refused);
        assert_eq!(kind(LedgerError::Behind { host: host.clone(), newest: 1, known: 2 }), ErrorKind::NotAvailable);
        assert_eq!(kind(LedgerError::Failed { transaction: B256::ZERO }), ErrorKind::Conflict);
        let limited = Error::from(LedgerError::RateLimited { host: host.clone() });
        assert_eq!(limited.kind(), ErrorKind::Unreachable);
        assert!(limited.to_string().ends_with("wait a minute and repeat, or use another RPC"), "{limited}");
        let down = Error::from(LedgerError::Unreachable { host, reason: reason.clone(), source: None }).to_string();
        assert_eq!(down, "the chain's node h cannot be reached: r; check that it runs and that the address is right");
        let message = Error::from(LedgerError::Signer { reason, source: None }).to_string();
        assert!(message.contains("the signer"), "{message}");
    }
}
