//! What was signed and is not finished yet: it outlives the process.

pub(crate) mod disk;

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::eip2718::Decodable2718,
    primitives::{Address, B256, Bytes},
};
use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::ledger::{error::LedgerError, types::Call};

/// A signed transaction that may or may not have reached the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Who signed.
    pub account: Address,
    /// Hash of the transaction.
    pub transaction: B256,
    /// The nonce it uses.
    pub nonce: u64,
    /// The signed bytes (EIP-2718), sent and sent again as they are.
    pub raw: Bytes,
    /// The provider that was given it refused it, and the caller was told: it is not handed over again, but who has it
    /// can have it mined until its nonce is used. The next act of the account uses it.
    pub refused: bool,
    /// What the caller wants to know of it later. Without a note it is forgotten once it is mined.
    pub note: Bytes,
}

/// What was carried out, and may have to be sent again while its block is not final: a reorganisation can drop it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Whose act it is.
    pub account: Address,
    /// Hash of the transaction, or of the request that others carried.
    pub id: B256,
    /// What to send again, as it was sent.
    pub bytes: SentBytes,
    /// What the caller wanted to know of it.
    pub note: Bytes,
}

/// The bytes of an act, in the form in which they left this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SentBytes {
    /// A transaction of the account.
    Transaction {
        /// The nonce it uses.
        nonce: u64,
        /// The signed bytes (EIP-2718).
        raw: Bytes,
    },
    /// A signed request that anybody can carry: the call that they make.
    Request {
        /// The contract.
        to: Address,
        /// Selector and arguments.
        data: Bytes,
    },
}

impl Sent {
    /// The call that it is, or that whoever carries it makes.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`] when the kept bytes are no transaction.
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
    /// What the transaction calls.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`] when the kept bytes are no transaction.
    pub fn call(&self) -> Result<Call, LedgerError> {
        call_in(self.account, &self.raw)
    }
}

fn call_in(account: Address, raw: &Bytes) -> Result<Call, LedgerError> {
    let unreadable = |reason: String| LedgerError::Outbox {
        reason: format!("a kept transaction is damaged: {reason}"),
        source: None,
    };
    let envelope = TxEnvelope::decode_2718(&mut raw.as_ref()).map_err(|error| unreadable(error.to_string()))?;
    let to = envelope.to().ok_or_else(|| unreadable("it calls nobody".into()))?;
    Ok(Call { from: Some(account), to, data: envelope.input().clone() })
}

/// Held while a transaction of an account is under way; dropping it lets the next one in.
pub type OutboxGuard = Box<dyn Send + Sync>;

/// Keeps at most one [`Pending`] transaction per account where it survives a crash, and what was [`Sent`] until it is
/// released.
///
/// [`Outbox::save`] must not return before the bytes are safe: they are broadcast next.
#[async_trait]
pub trait Outbox: Send + Sync + Debug {
    /// Waits until no other process sends for `account`, and keeps others out while the guard lives.
    async fn lock(&self, account: Address) -> Result<OutboxGuard, LedgerError>;

    /// What is kept for `account`.
    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError>;

    /// Keeps it, in the place of what was there.
    async fn save(&self, pending: &Pending) -> Result<(), LedgerError>;

    /// Forgets the pending transaction of `account`.
    async fn clear(&self, account: Address) -> Result<(), LedgerError>;

    /// Keeps what was sent, behind all that the account sent before. Its pending transaction is forgotten in the same
    /// step, where this is it.
    async fn keep(&self, sent: &Sent) -> Result<(), LedgerError>;

    /// What `account` sent and nobody released, in the order in which it was sent.
    async fn sent(&self, account: Address) -> Result<Vec<Sent>, LedgerError>;

    /// Forgets something that was sent.
    async fn release(&self, account: Address, id: B256) -> Result<(), LedgerError>;
}

/// An outbox for programs that need nothing to survive them.
#[derive(Debug, Default, Clone)]
pub struct MemoryOutbox {
    pending: Arc<Mutex<HashMap<Address, Pending>>>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

#[async_trait]
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
