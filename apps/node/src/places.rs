//! How much goes on at a time, in all and for one key: an account, a network address, a root.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// With so many keys, those that hold nothing are forgotten.
const REMEMBERED: usize = 1000;

#[derive(Debug)]
pub(crate) struct Places<K> {
    all: Arc<Semaphore>,
    each: usize,
    own: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// Held while it goes on.
#[expect(dead_code, reason = "held, never read")]
#[derive(Debug)]
pub(crate) struct Place {
    own: OwnedSemaphorePermit,
    all: OwnedSemaphorePermit,
}

impl<K: Hash + Eq> Places<K> {
    pub(crate) fn new(all: usize, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), each, own: Mutex::default() }
    }

    /// One at a time for each key.
    pub(crate) fn one_for_each() -> Self {
        Self::new(Semaphore::MAX_PERMITS, 1)
    }

    /// Waits for a place; `None` if there is none in time. The key's own place comes first, so that the waiting requests
    /// of one key keep no others out.
    pub(crate) async fn take(&self, key: K, patience: Duration) -> Option<Place> {
        let own = self.own(key);
        let taking = async {
            let own = own.acquire_owned().await.ok()?;
            let all = self.all.clone().acquire_owned().await.ok()?;
            Some(Place { own, all })
        };
        timeout(patience, taking).await.ok().flatten()
    }

    fn own(&self, key: K) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() >= REMEMBERED {
            own.retain(|_, places| Arc::strong_count(places) > 1);
        }
        own.entry(key).or_insert_with(|| Arc::new(Semaphore::new(self.each))).clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;
    const SOON: Duration = Duration::from_secs(5);

    #[tokio::test]
    async fn one_key_has_its_places_and_returns_them() {
        let places = Places::new(3, 2);
        let (first, _second) = (places.take(1, SOON).await.unwrap(), places.take(1, SOON).await.unwrap());
        assert!(places.take(1, AT_ONCE).await.is_none());
        let _other = places.take(2, SOON).await.unwrap();
        assert!(places.take(3, AT_ONCE).await.is_none(), "three in all");
        drop(first);
        assert!(places.take(3, SOON).await.is_some());
    }

    #[tokio::test]
    async fn keys_that_hold_nothing_are_forgotten_and_held_ones_are_not() {
        let places = Places::one_for_each();
        let held = places.take(0, SOON).await.unwrap();
        for key in 1..=3 * REMEMBERED {
            drop(places.take(key, SOON).await.unwrap());
        }
        assert!(places.own.lock().unwrap().len() <= REMEMBERED + 1);
        assert!(places.take(0, AT_ONCE).await.is_none());
        drop(held);
    }
}
