//! Transactions under way, kept where they survive the process.

use std::{
    fs::TryLockError,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::{Address, B256, Bytes};
use async_trait::async_trait;

use crate::{
    cache::{Cache, OUTBOX},
    ledger::{LedgerError, Outbox, OutboxGuard, Pending},
};

/// In the state directory: one row an account, and one lock file an account, so that two programs of one person do not
/// use the same nonce.
pub(crate) struct DiskOutbox {
    cache: Cache,
    folder: PathBuf,
    chain: u64,
}

impl DiskOutbox {
    pub(crate) fn new(cache: Cache, folder: &Path, chain: u64) -> Self {
        Self { cache, folder: folder.into(), chain }
    }

    fn key(&self, account: Address) -> Vec<u8> {
        [&self.chain.to_be_bytes()[..], account.as_slice()].concat()
    }
}

impl std::fmt::Debug for DiskOutbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DiskOutbox").field(&self.folder).finish()
    }
}

#[async_trait]
impl Outbox for DiskOutbox {
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError> {
        let file = crate::file::private(&self.folder.join(format!("{}-{account}.lock", self.chain))).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Box::new(file)),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        let row = self.cache.get(OUTBOX, self.key(account)).await.map_err(failed)?;
        row.map(|row| decode(account, &row).ok_or_else(|| failed("a kept transaction is malformed"))).transpose()
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        let (nonce, refused) = (pending.nonce.to_be_bytes(), [u8::from(pending.refused)]);
        let row = [pending.transaction.as_slice(), &nonce, &refused, &pending.raw].concat();
        self.cache.put(OUTBOX, self.key(pending.account), row).await.map_err(failed)
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        self.cache.remove(OUTBOX, self.key(account)).await.map_err(failed)
    }
}

fn decode(account: Address, row: &[u8]) -> Option<Pending> {
    let (transaction, rest) = row.split_first_chunk::<32>()?;
    let (nonce, rest) = rest.split_first_chunk::<8>()?;
    let ([refused @ (0 | 1)], raw) = rest.split_first_chunk()? else { return None };
    let (transaction, nonce, refused) = (B256::from(*transaction), u64::from_be_bytes(*nonce), *refused == 1);
    Some(Pending { account, transaction, nonce, raw: Bytes::copy_from_slice(raw), refused })
}

fn failed(error: impl std::fmt::Display) -> LedgerError {
    LedgerError::Outbox { reason: error.to_string() }
}
