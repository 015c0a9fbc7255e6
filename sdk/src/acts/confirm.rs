//! An act is done when the journal shows it.

use std::time::Duration;

use alloy::primitives::{Address, B256};
use tokio::time::Instant;

use crate::{
    acts::person::Person,
    base::error::{Error, Result, kind::ErrorKind},
    ledger::{History, PatientState, Receipt},
};

/// Between two looks whether a transaction has taken effect.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// An act that is on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Confirmed {
    /// Hash of the transaction; `None` where a relay carried it and nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction; 0 where nobody says which one it was.
    pub gas: u64,
    /// Number of its block, where it is known.
    pub block: Option<u64>,
}

impl From<Receipt> for Confirmed {
    fn from(receipt: Receipt) -> Self {
        Self { transaction: Some(receipt.transaction), gas: receipt.gas_used, block: Some(receipt.block) }
    }
}

impl Person {
    /// Waits until the journal shows what a receipt claims: a receipt is the node's word, the journal is linked. Perhaps
    /// the node is behind its own receipt or cannot be asked just now, perhaps there is no such transaction.
    pub(crate) async fn confirm(
        &self,
        patient: Address,
        transaction: Option<B256>,
        shows: impl Fn(&PatientState) -> bool,
    ) -> Result<()> {
        self.confirm_in(patient, transaction, |history| shows(history.state())).await
    }

    /// The same for what only the entries tell. No look compares with a clock: the node that told it may be behind.
    pub(crate) async fn confirm_in(
        &self,
        patient: Address,
        transaction: Option<B256>,
        shows: impl Fn(&History) -> bool,
    ) -> Result<()> {
        use ErrorKind::{Denied, Integrity, KeyChanged, Vanished, WrongContract};
        let start = Instant::now();
        let mut pause = Duration::from_millis(100);
        let after = self.timeout();
        let mut why;
        loop {
            match self.journals().of(patient).await {
                Ok(journal) if shows(&journal.history) => return Ok(()),
                // It is on its way: a question that is refused is asked again. What is wrong stays wrong.
                Err(error) if matches!(error.kind(), Integrity | KeyChanged | WrongContract | Vanished | Denied) => {
                    return Err(self.unconfirmed(transaction, start.elapsed(), Some(error)));
                }
                Ok(_) => why = None,
                Err(error) => why = Some(error),
            }
            let left = after.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(self.unconfirmed(transaction, after, why));
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What is looked up after an act: where that fails, the act was sent all the same.
    pub(crate) fn after<T>(&self, transaction: Option<B256>, looked: Result<T>) -> Result<T> {
        looked.map_err(|error| self.unconfirmed(transaction, Duration::ZERO, Some(error)))
    }

    fn unconfirmed(&self, transaction: Option<B256>, after: Duration, why: Option<Error>) -> Error {
        let service = self.ledger().name();
        let why = why.map(Box::new);
        Error::Unconfirmed { transaction, service, after, why }
    }
}
