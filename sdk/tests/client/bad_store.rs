use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hospital_record::{ErrorKind, Event, Identity, Phrase, Source, store::StoreError};

use crate::{
    hooked::{Hook, Question},
    person,
};

/// A store that can be switched off.
#[derive(Clone, Debug, Default)]
struct Switch(Arc<AtomicBool>);

#[async_trait::async_trait]
impl Hook for Switch {
    async fn before(&self, _: Question<'_>) -> Result<(), StoreError> {
        match self.0.load(Ordering::Relaxed) {
            true => Err(StoreError::Unreachable { url: "switch:".into(), reason: "switched off".into(), source: None }),
            false => Ok(()),
        }
    }
}

#[tokio::test]
async fn a_revocation_does_not_wait_for_a_store_that_is_down() {
    let switch = Switch::default();
    let system = switch.system().await;
    let (identity, phrase) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let (ana, lee) = (system.client(identity), person(&system).await);
    ana.grant(lee.address()).await.unwrap();

    switch.0.store(true, Ordering::Relaxed);
    // A new machine, so that nothing helps that was fetched before.
    let cold = system.forgetful().unwrap();
    let words = Phrase::parse(phrase.reveal()).unwrap();
    let ana = cold.client(Identity::from_phrase(&words, 0).unwrap());
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert_eq!((revoked.ended, revoked.keys_moved), (1, false));

    switch.0.store(false, Ordering::Relaxed);
    let record = ana.add(Source::bytes("x", "after")).await.unwrap().record;
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
    let history = cold.history(ana.address()).await.unwrap();
    let moved = history.entries.iter().position(|entry| matches!(entry.event, Event::KeysRotated { .. }));
    let added = history.entries.iter().position(|entry| matches!(entry.event, Event::RecordAdded { .. }));
    assert!(moved.unwrap() < added.unwrap(), "the keys move before the next record");
}
