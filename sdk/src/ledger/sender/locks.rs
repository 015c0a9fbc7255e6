//! One mutex for each account that is sending now, and none for others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use alloy::primitives::Address;
use tokio::sync::OwnedMutexGuard;

/// With fewer entries, removing dead ones is not worth the time.
const SWEEP_FROM: usize = 64;

#[derive(Debug, Default, Clone)]
pub(super) struct Locks(Arc<Mutex<HashMap<Address, Weak<tokio::sync::Mutex<()>>>>>);

impl Locks {
    pub(super) async fn lock(&self, account: Address) -> OwnedMutexGuard<()> {
        self.of(account).lock_owned().await
    }

    fn of(&self, account: Address) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lock) = locks.get(&account).and_then(Weak::upgrade) {
            return lock;
        }
        if locks.len() >= SWEEP_FROM && locks.len() == locks.capacity() {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let lock = Arc::default();
        locks.insert(account, Arc::downgrade(&lock));
        lock
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn finished_accounts_leave_no_entry() {
        let locks = Locks::default();
        for n in 0..100_000_u64 {
            drop(locks.lock(Address::left_padding_from(&n.to_be_bytes())).await);
        }
        assert!(locks.0.lock().unwrap().len() < 256);
    }

    #[tokio::test]
    async fn account_is_locked_once_and_others_are_free() {
        let locks = Locks::default();
        let held = locks.lock(Address::ZERO).await;
        assert!(locks.of(Address::ZERO).try_lock().is_err());
        assert!(locks.of(Address::repeat_byte(1)).try_lock().is_ok());
        drop(held);
        assert!(locks.of(Address::ZERO).try_lock().is_ok());
    }
}
