//! What became of an act where something failed on the way.

use std::fmt;

use alloy::primitives::{Address, B256};
use hospital_record_core::id::RecordId;

use crate::base::error::Error;

/// What became of an act that failed on the way. [`Error::Halfway`] carries it.
///
/// See the [example](crate::Error).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The act is on chain, and the keys that belong to it are not in the store yet. This machine keeps them.
    ///
    /// *Do:* Run [`resume`](crate::Client::resume) on this machine: it stores the keys. Do not repeat the act.
    KeysNotStored {
        /// Hash of the transaction; `None` where nobody says which one it was.
        transaction: Option<B256>,
    },
    /// The act took several transactions, and not all of them are on chain.
    ///
    /// *Do:* Repeat it for the rest.
    PartlyDone {
        /// Hash of the last one that is; `None` where nobody says which one it was.
        transaction: Option<B256>,
    },
    /// Records are stored, and not registered on chain.
    ///
    /// *Do:* Run [`resume`](crate::Client::resume): it registers them, or says which to add again. Added again now, they
    /// could be there twice.
    NotRegistered {
        /// Which.
        records: Vec<RecordId>,
    },
    /// The act is on chain, and this machine could not write that down.
    ///
    /// *Do:* Mend the cause, then repeat it: it is not done twice.
    NotRemembered,
    /// The chain does not show that access has ended.
    ///
    /// *Do:* Tell the person that the access may still stand, and try again at once: without a relay, by another relay, or
    /// as a signed revocation that a friend carries.
    AccessNotEnded {
        /// Whose.
        grantee: Address,
    },
}

impl Outcome {
    /// What to do, for people.
    pub(crate) fn advice(&self, why: &Error) -> &'static str {
        match self {
            Self::KeysNotStored { .. } => "they are kept on this machine, and `resume` stores them",
            Self::PartlyDone { .. } => "repeat it for the rest",
            Self::NotRegistered { .. } => {
                "`resume` registers it, or says that it has to be added again; added again now it could be there twice"
            }
            Self::NotRemembered => "repeat it: it is not done twice",
            Self::AccessNotEnded { .. } if why.is_of_this_machine() => "mend that first, then try again",
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
                write!(f, "a part of it is on chain{last} and the rest is not")
            }
            Self::NotRegistered { records } => {
                let ids: Vec<String> = records.iter().map(ToString::to_string).collect();
                write!(f, "record {} is stored, but not registered on chain", ids.join(", "))
            }
            Self::NotRemembered => f.write_str("it is on chain, but this machine could not write that down"),
            Self::AccessNotEnded { grantee } => {
                write!(f, "{grantee} still has access, as far as the chain shows")
            }
        }
    }
}

impl Error {
    /// What failed, and what became of the act all the same.
    pub(crate) fn with_outcome(self, outcome: Outcome) -> Self {
        Self::Halfway { outcome, error: Box::new(self) }
    }

    /// The same where the last part of an act that is on chain was this, if there is one.
    pub(crate) fn after_part(self, last: Option<Option<B256>>) -> Self {
        match last {
            Some(transaction) => self.with_outcome(Outcome::PartlyDone { transaction }),
            None => self,
        }
    }

    /// The transaction that is on chain, or may come to be, although this is an error. An app looks it up, or calls
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

    /// What failed, without what became of the act.
    pub fn cause(&self) -> &Self {
        match self {
            Self::Halfway { error, .. } | Self::AndEarlier { error, .. } => error.cause(),
            other => other,
        }
    }

    /// Whether a transaction may still be mined although this was the answer.
    pub(crate) fn may_have_happened(&self) -> bool {
        match self {
            Self::Exists(_) | Self::Withheld { .. } | Self::Unconfirmed { .. } => true,
            Self::AndEarlier { error, .. } | Self::Halfway { error, .. } => error.may_have_happened(),
            _ => self.is_silence(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_that_nobody_names_is_not_named_zero() {
        for transaction in [None, Some(B256::repeat_byte(7))] {
            let after = std::time::Duration::from_secs(1);
            for error in [
                Error::StaleKeys.with_outcome(Outcome::KeysNotStored { transaction }),
                Error::StaleKeys.after_part(Some(transaction)),
                Error::Unconfirmed { transaction, service: "it".into(), after, why: None },
            ] {
                let told = error.to_string();
                assert_eq!(told.contains("0x"), transaction.is_some(), "{told}");
                assert_eq!(error.transaction(), transaction, "{told}");
                assert!(!told.contains("0x00") && !told.contains("  "), "{told}");
            }
        }
        assert!(matches!(Error::StaleKeys.after_part(None), Error::StaleKeys), "no part of it is done");
    }
}
