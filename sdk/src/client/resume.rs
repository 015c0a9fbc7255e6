//! What was interrupted: found, and finished or removed.

use std::time::Duration;

use alloy::primitives::{Address, B256};
use hospital_record_core::id::RecordId;

use super::{Client, pending::Pending};
use crate::{
    Error, Result,
    ledger::{Settled, record_key},
    store::StoreError,
};

/// Blocks that no pin holds are swept when they are older: longer than any upload takes.
const SWEEP_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What [`Client::resume`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resumed {
    /// A transaction that was under way and has taken effect.
    pub transaction: Option<B256>,
    /// Records whose registration was finished, now or before.
    pub finished: Vec<RecordId>,
    /// Uploads that could not be finished and were removed: add these files again.
    pub removed: usize,
    /// Blocks that nothing held any more.
    pub swept: u64,
}

impl Client {
    /// Finishes what an earlier call or program left behind: a signed transaction is followed to its end, a stored
    /// record is registered, and what can no longer be registered is let go of.
    pub async fn resume(&self) -> Result<Resumed> {
        let mut resumed = Resumed { transaction: self.settle().await?, ..Resumed::default() };
        for pending in self.unfinished().await? {
            if self.finish(&pending).await? {
                resumed.finished.push(pending.id());
            } else {
                resumed.removed += 1;
            }
            self.forget(pending.id()).await?;
        }
        resumed.swept = self.system().stores().own().sweep(SWEEP_AFTER).await?;
        Ok(resumed)
    }

    /// Follows a signed transaction to its end. One that can never be mined is signed anew: its nonce was taken by
    /// another device, and what it was meant to do has not happened.
    async fn settle(&self) -> Result<Option<B256>> {
        match self.system().sender().resume(self.address()).await? {
            None => Ok(None),
            Some(Settled::Mined(receipt)) => Ok(Some(receipt.transaction)),
            Some(Settled::Failed { error, .. }) => Err(error.into()),
            Some(Settled::Lost { call, .. }) => match self.send(call).await {
                Ok(receipt) => Ok(Some(receipt.transaction)),
                // A record with keys from before: its upload is looked at next.
                Err(Error::StaleKeys) => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Whether the record is on chain in the end.
    async fn finish(&self, pending: &Pending) -> Result<bool> {
        let (patient, id) = (pending.patient(), B256::from(pending.id().0));
        let (contract, own) = (self.system().contract(), self.system().stores().own());
        if contract.record_of(patient, record_key(self.address(), id)).await?.is_some() {
            return Ok(true);
        }
        let root = pending.id().cid();
        let registered = match own.pin(&root).await {
            Ok(()) => self.send_pending(pending, patient, id).await,
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => return Err(error.into()),
        };
        match registered {
            Ok(true) | Err(Error::Exists(_)) => Ok(true),
            Ok(false) | Err(Error::StaleKeys | Error::Denied(_) | Error::NotFound(_)) => {
                own.unpin(&root).await.map(|()| false).map_err(Error::from)
            }
            Err(error) => Err(error),
        }
    }

    async fn send_pending(&self, pending: &Pending, patient: Address, id: B256) -> Result<bool> {
        let contract = self.system().contract();
        let call = match pending.replaces() {
            Some(key) => contract.replace(patient, key, id, pending.key_changes),
            None => contract.add_records(patient, pending.folder, &[id], pending.key_changes),
        };
        self.send(call).await.map(|_| true)
    }
}
