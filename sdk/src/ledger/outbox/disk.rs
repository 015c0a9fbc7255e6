//! An outbox on disk, which survives the process.

use std::path::{Path, PathBuf};
#[cfg(not(target_family = "wasm"))]
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes};
use async_trait::async_trait;

#[cfg(not(target_family = "wasm"))]
use crate::platform::clock::sleep;
use crate::{
    ledger::{LedgerError, Outbox, OutboxGuard, Pending, Sent, SentBytes},
    platform::cache::{Cache, OUTBOX, SENT},
};

/// An outbox in the state directory. Each account has a row and a lock file, so that two programs of one person do not
/// use the same nonce.
pub(crate) struct DiskOutbox {
    cache: Cache,
    /// The folder of the lock files; `None` if this is the only process.
    folder: Option<PathBuf>,
    chain: u64,
}

impl DiskOutbox {
    pub(crate) fn new(cache: Cache, folder: Option<&Path>, chain: u64) -> Self {
        Self { cache, folder: folder.map(Into::into), chain }
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

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Outbox for DiskOutbox {
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError> {
        #[cfg(not(target_family = "wasm"))]
        if let Some(folder) = &self.folder {
            return locked(&folder.join(format!("{}-{account}.lock", self.chain))).await;
        }
        let _ = account;
        Ok(Box::new(()))
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        let row = self.cache.get(OUTBOX, self.key(account)).await.map_err(failed)?;
        row.map(|row| decode(account, &row).ok_or_else(|| malformed("transaction"))).transpose()
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        self.cache.put(OUTBOX, self.key(pending.account), encode(pending)).await.map_err(failed)
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        self.cache.remove(OUTBOX, self.key(account)).await.map_err(failed)
    }

    async fn keep(&self, sent: &Sent) -> Result<(), LedgerError> {
        let kept = self.rows(sent.account).await?;
        let order = match kept.iter().find(|(_, known)| known.id == sent.id) {
            Some((key, _)) => key.clone(),
            None => self.place_behind(sent.account, &kept),
        };
        let pending = self.load(sent.account).await?.filter(|pending| pending.transaction == sent.id);
        let gone = pending.map(|pending| self.key(pending.account)).into_iter().collect();
        let changes = [(SENT, Vec::new(), vec![(order, encode_sent(sent))]), (OUTBOX, gone, Vec::new())];
        self.cache.write_all(changes.into()).await.map_err(failed)
    }

    async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError> {
        Ok(self.rows(account).await?.into_iter().map(|(_, sent)| sent).collect())
    }

    async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError> {
        let kept = self.rows(account).await?;
        let gone = kept.into_iter().filter(|(_, sent)| sent.id == id).map(|(key, _)| key).collect();
        self.cache.write(SENT, gone, Vec::new()).await.map_err(failed)
    }
}

impl DiskOutbox {
    /// The sent acts of the account, with the keys of their rows.
    async fn rows(&self, account: Address) -> Result<Vec<(Vec<u8>, Sent)>, LedgerError> {
        let rows = self.cache.rows(SENT, self.key(account)).await.map_err(failed)?;
        let sent =
            |(key, row): (Vec<u8>, Vec<u8>)| Ok((key, decode_sent(account, &row).ok_or_else(|| malformed("act"))?));
        rows.into_iter().map(sent).collect()
    }

    fn place_behind(&self, account: Address, kept: &[(Vec<u8>, Sent)]) -> Vec<u8> {
        let last = kept.last().and_then(|(key, _)| key.last_chunk::<8>());
        let next = last.map_or(0, |last| u64::from_be_bytes(*last).saturating_add(1));
        [&self.key(account)[..], &next.to_be_bytes()].concat()
    }
}

/// Waits until this process has locked the file.
#[cfg(not(target_family = "wasm"))]
async fn locked(path: &Path) -> Result<OutboxGuard, LedgerError> {
    let file = crate::platform::file::private(path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Box::new(file)),
            Err(std::fs::TryLockError::WouldBlock) => sleep(Duration::from_millis(20)).await,
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// hash, nonce, refused, length of the note, note, bytes
fn encode(pending: &Pending) -> Vec<u8> {
    let Pending { transaction, nonce, refused, note, raw, .. } = pending;
    [transaction.as_slice(), &nonce.to_be_bytes(), &[u8::from(*refused)], &with_length(note), raw].concat()
}

fn decode(account: Address, row: &[u8]) -> Option<Pending> {
    let (transaction, rest) = row.split_first_chunk::<32>()?;
    let (nonce, rest) = rest.split_first_chunk::<8>()?;
    let ([refused @ (0 | 1)], rest) = rest.split_first_chunk()? else { return None };
    let (note, raw) = split_note(rest)?;
    let (transaction, nonce, refused) = (B256::from(*transaction), u64::from_be_bytes(*nonce), *refused == 1);
    Some(Pending { account, transaction, nonce, raw: Bytes::copy_from_slice(raw), refused, note })
}

/// id, kind, nonce or contract, length of the note, note, bytes
fn encode_sent(sent: &Sent) -> Vec<u8> {
    let (head, bytes) = match &sent.bytes {
        SentBytes::Transaction { nonce, raw } => ([&[0][..], &nonce.to_be_bytes()].concat(), raw),
        SentBytes::Request { to, data } => ([&[1][..], to.as_slice()].concat(), data),
    };
    [sent.id.as_slice(), &head, &with_length(&sent.note), bytes].concat()
}

fn decode_sent(account: Address, row: &[u8]) -> Option<Sent> {
    let (id, rest) = row.split_first_chunk::<32>()?;
    let (kind, rest) = rest.split_first()?;
    let (note, bytes) = match kind {
        0 => {
            let (nonce, rest) = rest.split_first_chunk::<8>()?;
            let (note, raw) = split_note(rest)?;
            (note, SentBytes::Transaction { nonce: u64::from_be_bytes(*nonce), raw: Bytes::copy_from_slice(raw) })
        }
        1 => {
            let (to, rest) = rest.split_first_chunk::<20>()?;
            let (note, data) = split_note(rest)?;
            (note, SentBytes::Request { to: Address::from(*to), data: Bytes::copy_from_slice(data) })
        }
        _ => return None,
    };
    Some(Sent { account, id: B256::from(*id), bytes, note })
}

fn with_length(note: &Bytes) -> Vec<u8> {
    [&(note.len() as u32).to_be_bytes()[..], note].concat()
}

fn split_note(bytes: &[u8]) -> Option<(Bytes, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (note, rest) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
    Some((Bytes::copy_from_slice(note), rest))
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> LedgerError {
    LedgerError::Outbox { reason: error.to_string(), source: Some(error.into()) }
}

fn malformed(what: &str) -> LedgerError {
    LedgerError::Outbox { reason: format!("a saved {what} is malformed"), source: None }
}
