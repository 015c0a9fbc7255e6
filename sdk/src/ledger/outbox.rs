//! Signed transactions that are not finished yet. They outlive the process.

pub(crate) mod disk;

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::eip2718::Decodable2718,
    primitives::{Address, B256, Bytes},
};
use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::{
    base::task::{MaybeSend, MaybeSync},
    ledger::{error::LedgerError, types::Call},
};

/// A signed transaction that may or may not have reached the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The account that signed.
    pub account: Address,
    /// Hash of the transaction.
    pub transaction: B256,
    /// The nonce it uses.
    pub nonce: u64,
    /// The signed bytes (EIP-2718), which are sent and resent unchanged.
    pub raw: Bytes,
    /// The provider refused it, and the caller got that error, so it is not sent again. Anyone who holds it can still
    /// have it mined until its nonce is used. The next act of the account uses that nonce.
    pub refused: bool,
    /// The caller's note for later. Without a note the transaction is removed once it is mined.
    pub note: Bytes,
}

/// An act that took effect. While its block is not final, it may have to be sent again, because a reorg can drop it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The actor.
    pub account: Address,
    /// Hash of the transaction, or of the request that others sent.
    pub id: B256,
    /// The bytes to send again, unchanged.
    pub bytes: SentBytes,
    /// The caller's note.
    pub note: Bytes,
}

/// The bytes of an act, as they left this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentBytes {
    /// A transaction of the account.
    Transaction {
        /// The nonce it uses.
        nonce: u64,
        /// The signed bytes (EIP-2718).
        raw: Bytes,
    },
    /// The call of a signed request, which any account can send.
    Request {
        /// The contract.
        to: Address,
        /// Selector and arguments.
        data: Bytes,
    },
}

impl Sent {
    /// The call of the transaction, or the call that carries the request.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`] if the saved bytes are not a transaction.
    pub fn call(&self) -> Result<Call, LedgerError> {
        match &self.bytes {
            SentBytes::Transaction { raw, .. } => call_in(self.account, raw),
            SentBytes::Request { to, data } => Ok(Call { from: None, to: *to, data: data.clone() }),
        }
    }
}

impl From<&Pending> for Sent {
    fn from(pending: &Pending) -> Self {
        let bytes = SentBytes::Transaction { nonce: pending.nonce, raw: pending.raw.clone() };
        Self { account: pending.account, id: pending.transaction, bytes, note: pending.note.clone() }
    }
}

impl Pending {
    /// The call of the transaction.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`] if the saved bytes are not a transaction.
    pub fn call(&self) -> Result<Call, LedgerError> {
        call_in(self.account, &self.raw)
    }
}

fn call_in(account: Address, raw: &Bytes) -> Result<Call, LedgerError> {
    let unreadable = |reason: String| LedgerError::Outbox {
        reason: format!("a saved transaction is damaged: {reason}"),
        source: None,
    };
    let envelope = TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|error| unreadable(error.to_string()))?;
    let to = envelope.to().ok_or_else(|| unreadable("it calls no account".into()))?;
    Ok(Call { from: Some(account), to, data: envelope.input().clone() })
}

/// The lock of an account while its transaction is in progress. Dropping it releases the lock.
pub type OutboxGuard = Box<dyn MaybeSend>;

/// Storage that survives a crash. It keeps at most one [`Pending`] transaction for each account, and each [`Sent`] act
/// until it is released.
///
/// [`Outbox::save`] must not return before the bytes are durable: they are broadcast next.
#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
pub trait Outbox: MaybeSend + MaybeSync + Debug {
    /// Waits until no other process sends for `account`, and locks the account until the guard is dropped.
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError>;

    /// Loads the pending transaction of `account`.
    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError>;

    /// Saves a pending transaction and replaces the previous one.
    async fn save(&self, pending: &Pending) -> Result<(), LedgerError>;

    /// Removes the pending transaction of `account`.
    async fn clear(&self, account: Address) -> Result<(), LedgerError>;

    /// Appends a sent act to those of its account. If it is the account's pending transaction, that is removed in the
    /// same step.
    async fn keep(&self, sent: &Sent) -> Result<(), LedgerError>;

    /// The sent acts of `account` that are not released, in the order of sending.
    async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError>;

    /// Removes a sent act.
    async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError>;
}

/// An outbox in memory, for programs that need nothing after they end.
#[derive(Debug, Default, Clone)]
pub struct MemoryOutbox {
    pending: Arc<Mutex<HashMap<Address, Pending>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Outbox for MemoryOutbox {
    async fn lock(&self, _account: Address) -> Result<OutboxGuard, LedgerError> {
        Ok(Box::new(()))
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        Ok(self.pending.lock().await.get(&account).cloned())
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        self.pending.lock().await.insert(pending.account, pending.clone());
        Ok(())
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        self.pending.lock().await.remove(&account);
        Ok(())
    }

    async fn keep(&self, sent: &Sent) -> Result<(), LedgerError> {
        let mut kept = self.sent.lock().await;
        if !kept.iter().any(|known| (known.account, known.id) == (sent.account, sent.id)) {
            kept.push(sent.clone());
        }
        let mut pending = self.pending.lock().await;
        if pending.get(&sent.account).is_some_and(|pending| pending.transaction == sent.id) {
            pending.remove(&sent.account);
        }
        Ok(())
    }

    async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError> {
        Ok(self.sent.lock().await.iter().filter(|sent| sent.account == account).cloned().collect())
    }

    async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError> {
        self.sent.lock().await.retain(|sent| (sent.account, sent.id) != (account, id));
        Ok(())
    }
}
