use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use cid::Cid;
use hospital_record::{
    ErrorKind, Event, Identity, Phrase, Source, System,
    store::{Blocks, Store, StoreError, StoreOptions, open},
};

use crate::person;

/// A store that can be switched off.
#[derive(Clone, Debug)]
struct Switch {
    store: Arc<dyn Store>,
    off: Arc<AtomicBool>,
}

impl Switch {
    fn on(&self) -> Result<&dyn Store, StoreError> {
        if self.off.load(Ordering::Relaxed) {
            return Err(StoreError::Unreachable { url: "switch:".into(), reason: "switched off".into(), source: None });
        }
        Ok(&*self.store)
    }
}

#[async_trait::async_trait]
impl Store for Switch {
    fn url(&self) -> &str {
        "switch:"
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.on()?.put(blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.on()?.get(cid).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.on()?.has(cid).await
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.on()?.pin(root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.on()?.unpin(root).await
    }
}

#[tokio::test]
async fn a_revocation_does_not_wait_for_a_store_that_is_down() {
    let off = Arc::new(AtomicBool::new(false));
    let switch = Switch { store: open("memory:", &StoreOptions::default()).unwrap(), off: off.clone() };
    let system = System::in_memory_with(switch).await.unwrap();
    let (identity, phrase) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let (ana, lee) = (system.client(identity), person(&system).await);
    ana.grant(lee.address()).await.unwrap();

    off.store(true, Ordering::Relaxed);
    // A new machine, so that nothing helps that was fetched before.
    let cold = system.forgetful().unwrap();
    let words = Phrase::parse(phrase.reveal()).unwrap();
    let ana = cold.client(Identity::from_phrase(&words, 0).unwrap());
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert_eq!((revoked.ended, revoked.keys_moved), (1, false));

    off.store(false, Ordering::Relaxed);
    let record = ana.add(Source::bytes("x", "after")).await.unwrap().record;
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
    let history = cold.history(ana.address()).await.unwrap();
    let moved = history.entries.iter().position(|entry| matches!(entry.event, Event::KeysRotated { .. }));
    let added = history.entries.iter().position(|entry| matches!(entry.event, Event::RecordAdded { .. }));
    assert!(moved.unwrap() < added.unwrap(), "the keys move before the next record");
}
