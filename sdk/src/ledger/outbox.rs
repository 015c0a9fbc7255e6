//! What was signed and is not finished yet: it outlives the process.

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use alloy::{
    consensus::{Transaction, TxEnvelope},
    eips::eip2718::Decodable2718,
    primitives::{Address, B256, Bytes},
};
use async_trait::async_trait;
use tokio::sync::Mutex;

use super::{Call, LedgerError};

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
}

impl Pending {
    /// What the transaction calls.
    ///
    /// # Errors
    /// [`LedgerError::Outbox`] when the kept bytes are no transaction.
    pub fn call(&self) -> Result<Call, LedgerError> {
        let unreadable =
            |reason: String| LedgerError::Outbox { reason: format!("a kept transaction is damaged: {reason}") };
        let envelope =
            TxEnvelope::decode_2718(&mut self.raw.as_ref()).map_err(|error| unreadable(error.to_string()))?;
        let to = envelope.to().ok_or_else(|| unreadable("it calls nobody".into()))?;
        Ok(Call { from: Some(self.account), to, data: envelope.input().clone() })
    }
}

/// Held while a transaction of an account is under way; dropping it lets the next one in.
pub type OutboxGuard = Box<dyn Send + Sync>;

/// Keeps at most one [`Pending`] transaction per account where it survives a crash.
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

    /// Forgets what is kept for `account`.
    async fn clear(&self, account: Address) -> Result<(), LedgerError>;
}

/// An outbox for programs that need nothing to survive them.
#[derive(Debug, Default, Clone)]
pub struct MemoryOutbox(Arc<Mutex<HashMap<Address, Pending>>>);

#[async_trait]
impl Outbox for MemoryOutbox {
    async fn lock(&self, _account: Address) -> Result<OutboxGuard, LedgerError> {
        Ok(Box::new(()))
    }

    async fn load(&self, account: Address) -> Result<Option<Pending>, LedgerError> {
        Ok(self.0.lock().await.get(&account).cloned())
    }

    async fn save(&self, pending: &Pending) -> Result<(), LedgerError> {
        self.0.lock().await.insert(pending.account, pending.clone());
        Ok(())
    }

    async fn clear(&self, account: Address) -> Result<(), LedgerError> {
        self.0.lock().await.remove(&account);
        Ok(())
    }
}
