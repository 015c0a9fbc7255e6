//! Confirms acts: an act is done when the journal shows it.

use std::time::Duration;

use alloy::primitives::{Address, B256};

use crate::{
    acts::person::Person,
    base::error::{Error, Result, kind::ErrorKind},
    ledger::{EntryChain, PatientState, Receipt},
    platform::clock::{Instant, sleep},
};

/// The longest pause between two reads of the journal.
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
    /// Waits until the journal shows what a receipt claims. A receipt is the node's word, while the journal is
    /// hash-linked. The node may be behind its own receipt or not answer now, or there may be no such transaction.
    pub(crate) async fn confirm(
        &self,
        patient: Address,
        transaction: Option<B256>,
        shows: impl Fn(&PatientState) -> bool,
    ) -> Result<()> {
        self.confirm_in(patient, transaction, |history| shows(history.state())).await
    }

    /// The same for what only the entries show. It compares nothing with a clock, because the node may be behind.
    pub(crate) async fn confirm_in(
        &self,
        patient: Address,
        transaction: Option<B256>,
        shows: impl Fn(&EntryChain) -> bool,
    ) -> Result<()> {
        use ErrorKind::{Denied, Integrity, KeyChanged, Vanished, WrongContract};
        let start = Instant::now();
        let mut pause = Duration::from_millis(100);
        let timeout = self.timeout;
        let mut reason;
        loop {
            match self.journals.of(patient).await {
                Ok(journal) if shows(&journal.history) => return Ok(()),
                // The act is pending, so a refused question is asked again. These errors are permanent.
                Err(error) if matches!(error.kind(), Integrity | KeyChanged | WrongContract | Vanished | Denied) => {
                    return Err(self.unconfirmed(transaction, start.elapsed(), Some(error)));
                }
                Ok(_) => reason = None,
                Err(error) => reason = Some(error),
            }
            let remaining = timeout.saturating_sub(start.elapsed());
            if remaining.is_zero() {
                return Err(self.unconfirmed(transaction, timeout, reason));
            }
            sleep(pause.min(remaining)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Marks an error after an act was sent: the act may still be on chain.
    pub(crate) fn after<T>(&self, transaction: Option<B256>, result: Result<T>) -> Result<T> {
        result.map_err(|error| self.unconfirmed(transaction, Duration::ZERO, Some(error)))
    }

    fn unconfirmed(&self, transaction: Option<B256>, after: Duration, why: Option<Error>) -> Error {
        let service = self.ledger().name();
        let why = why.map(Box::new);
        Error::Unconfirmed { transaction, service, after, why }
    }
}
