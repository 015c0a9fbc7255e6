//! The outcome of an act that failed halfway.

use std::fmt;

use alloy::primitives::{Address, B256};
use hospital_record_core::id::RecordId;

use crate::base::error::Error;

/// What became of an act that failed halfway. [`Error::Halfway`] carries it.
///
/// See the [example](crate::Error).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The act is on chain, but its keys are not in the store yet. This machine keeps them.
    ///
    /// *Do:* Run [`resume`](crate::Client::resume) on this machine: it stores the keys. Do not repeat the act.
    KeysNotStored {
        /// Hash of the transaction; `None` if it is unknown.
        transaction: Option<B256>,
    },
    /// The act needs several transactions, and only some of them are on chain.
    ///
    /// *Do:* Repeat the act for the rest.
    PartlyDone {
        /// Hash of the last one on chain; `None` if it is unknown.
        transaction: Option<B256>,
    },
    /// Records are stored, but not registered on chain.
    ///
    /// *Do:* Run [`resume`](crate::Client::resume): it registers them, or says which to add again. If you add them
    /// again now, they may exist twice.
    NotRegistered {
        /// The records.
        records: Vec<RecordId>,
    },
    /// The act is on chain, but this machine could not save that.
    ///
    /// *Do:* Fix the cause, then repeat the act: it is idempotent.
    NotRemembered,
    /// The chain does not show that access has ended.
    ///
    /// *Do:* Tell the person that the access may still stand, and try again at once: without a relay, by another relay, or
    /// as a signed revocation that a friend carries.
    AccessNotEnded {
        /// The account that may still have access.
        grantee: Address,
    },
}

impl Outcome {
    fn is_on_chain(&self) -> bool {
        match self {
            Self::KeysNotStored { .. } | Self::PartlyDone { .. } | Self::NotRemembered => true,
            Self::NotRegistered { .. } | Self::AccessNotEnded { .. } => false,
        }
    }

    /// Advice for people.
    pub(crate) fn advice(&self, why: &Error) -> &'static str {
        match self {
            Self::KeysNotStored { .. } => "they are kept on this machine, and `resume` stores them",
            Self::PartlyDone { .. } => "repeat it for the rest",
            Self::NotRegistered { .. } => {
                "`resume` registers it, or says that you must add it again; if you add it again now, it may exist twice"
            }
            Self::NotRemembered => "repeat it: it is idempotent",
            Self::AccessNotEnded { .. } if why.is_of_this_machine() => "fix that first, then try again",
            Self::AccessNotEnded { .. } if matches!(why.cause(), Error::Unfunded { .. }) => {
                "fund the account, name a relay that pays (--relay), or sign it for somebody else to carry (`revoke --sign`)"
            }
            Self::AccessNotEnded { .. } => {
                "try again, have another relay carry it, pay for it from this account (without a relay), or sign it for \
                 somebody else to carry (`revoke --sign`)"
            }
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeysNotStored { transaction } => {
                let it = transaction.map_or_else(|| "it".to_owned(), |hash| format!("transaction {hash}"));
                write!(f, "{it} is on chain, but the keys that belong to it are not stored yet")
            }
            Self::PartlyDone { transaction } => {
                let last = transaction.map(|hash| format!(", the last in transaction {hash},")).unwrap_or_default();
                write!(f, "a part of it is on chain{last} but the rest is not")
            }
            Self::NotRegistered { records } => {
                let ids: Vec<String> = records.iter().map(ToString::to_string).collect();
                write!(f, "record {} is stored, but not registered on chain", ids.join(", "))
            }
            Self::NotRemembered => f.write_str("it is on chain, but this machine could not save that"),
            Self::AccessNotEnded { grantee } => {
                write!(f, "{grantee} still has access, as far as the chain shows")
            }
        }
    }
}

impl Error {
    /// Adds the outcome of the act to the error.
    pub(crate) fn with_outcome(self, outcome: Outcome) -> Self {
        Self::Halfway { outcome, error: Box::new(self) }
    }

    /// Adds that the act is partly done, if a part is on chain; `last` is the transaction of the last part.
    pub(crate) fn after_part(self, last: Option<Option<B256>>) -> Self {
        match last {
            Some(transaction) => self.with_outcome(Outcome::PartlyDone { transaction }),
            None => self,
        }
    }

    /// The transaction that is on chain, or may still get there, in spite of this error. An app looks it up, or calls
    /// [`resume`](crate::Client::resume), before it repeats the act.
    pub fn transaction(&self) -> Option<B256> {
        match self {
            Self::Unconfirmed { transaction, .. } => *transaction,
            Self::Withheld { transaction, .. } => Some(*transaction),
            Self::Halfway { outcome, error } => match outcome {
                Outcome::KeysNotStored { transaction } | Outcome::PartlyDone { transaction } => *transaction,
                Outcome::NotRegistered { .. } | Outcome::NotRemembered | Outcome::AccessNotEnded { .. } => {
                    error.transaction()
                }
            },
            Self::AndEarlier { error, .. } => error.transaction(),
            _ => None,
        }
    }

    /// The error itself, without the outcome of the act.
    pub fn cause(&self) -> &Self {
        match self {
            Self::Halfway { error, .. } | Self::AndEarlier { error, .. } => error.cause(),
            other => other,
        }
    }

    /// Whether the act has taken effect, in whole or in part, or may still do so in spite of this error. If so, call
    /// [`resume`](crate::Client::resume) and look in the history before you repeat it.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::AlreadyDone(_) | Self::Withheld { .. } | Self::Unconfirmed { .. } => true,
            Self::Halfway { outcome: Outcome::NotRegistered { .. }, .. } => true,
            Self::Halfway { outcome, error } => outcome.is_on_chain() || error.may_have_happened(),
            Self::AndEarlier { error, .. } => error.may_have_happened(),
            _ => self.is_outage(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_transaction_is_not_shown_as_zero() {
        for transaction in [None, Some(B256::repeat_byte(7))] {
            let after = std::time::Duration::from_secs(1);
            for error in [
                Error::StaleKeys.with_outcome(Outcome::KeysNotStored { transaction }),
                Error::StaleKeys.after_part(Some(transaction)),
                Error::Unconfirmed { transaction, service: "it".into(), after, why: None },
            ] {
                let text = error.to_string();
                assert_eq!(text.contains("0x"), transaction.is_some(), "{text}");
                assert_eq!(error.transaction(), transaction, "{text}");
                assert!(!text.contains("0x00") && !text.contains("  "), "{text}");
            }
        }
        assert!(matches!(Error::StaleKeys.after_part(None), Error::StaleKeys), "no part of it is done");
    }
}
