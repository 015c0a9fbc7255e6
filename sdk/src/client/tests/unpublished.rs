//! Keys reach a store after their act is on chain, and never before.

use std::sync::atomic::Ordering::Relaxed;

use alloy::primitives::B256;
use hospital_record_core::id::Confidentiality;

use crate::{
    base::error::{Error, kind::ErrorKind},
    client::{
        Client,
        tests::{
            faulty::{Fault, Faulty},
            person,
        },
    },
    ledger::{Event, SubmitError},
    records::source::Source,
    system::System,
};

/// Ana, whose folder Lee and Kim may read, on a store that counts.
async fn stage() -> (Faulty, System, Client, Client, Client) {
    let faulty = Faulty::new();
    let system = System::in_memory_with(faulty.clone()).await.unwrap();
    let ana = person(&system).await;
    let lee = person(&system).await;
    let kim = person(&system).await;
    ana.grant(lee.address()).await.unwrap();
    ana.grant(kim.address()).await.unwrap();
    faulty.puts.store(0, Relaxed);
    (faulty, system, ana, lee, kim)
}

#[tokio::test]
async fn no_keys_are_stored_for_an_act_that_is_not_on_chain() {
    let (faulty, system, ana, lee, kim) = stage().await;
    let tom = person(&system).await;
    faulty.puts.store(0, Relaxed);
    let refuse = || system.memory().unwrap().refuse_next_submission(SubmitError::Rejected("no".into()));
    refuse();
    ana.revoke(lee.address()).await.unwrap_err();
    refuse();
    ana.folders().rotate("personal", Confidentiality::N).await.unwrap_err();
    refuse();
    ana.grant(tom.address()).await.unwrap_err();
    assert_eq!(faulty.puts.load(Relaxed), 0);
    // So the next revoked account finds no keys of the following epoch.
    assert!(ana.revoke(kim.address()).await.unwrap().keys_moved);
    assert_eq!(faulty.puts.load(Relaxed), 1);
}

#[tokio::test]
async fn every_keyring_in_the_store_is_in_the_history_when_two_devices_revoke_at_once() {
    let (faulty, system, ana, lee, kim) = stage().await;
    let other = ana.clone();
    let both = tokio::join!(ana.revoke(lee.address()).into_future(), other.revoke(kim.address()).into_future());
    assert!(both.0.unwrap().keys_moved && both.1.unwrap().keys_moved);
    let named = |event: &Event| match event {
        Event::AccessRevoked { keyring, .. } => *keyring != B256::ZERO,
        Event::KeysRotated { .. } => true,
        _ => false,
    };
    let entries = system.history(ana.address()).await.unwrap().entries;
    assert_eq!(faulty.puts.load(Relaxed), entries.iter().filter(|entry| named(&entry.event)).count());
    let zero = |event: &Event| matches!(event, Event::AccessRevoked { keyring: B256::ZERO, .. });
    assert!(entries.iter().any(|entry| zero(&entry.event)), "one was for an outdated count");
}

#[tokio::test]
async fn keys_that_cannot_be_stored_after_their_act_are_reported_and_made_again() {
    let (faulty, system, ana, lee, kim) = stage().await;
    let record = ana.add(Source::bytes("x", "before")).await.unwrap().record;
    let tom = person(&system).await;
    let assert_halfway = |error: Error| assert!(matches!(&error, Error::Halfway { .. }), "{error}");
    faulty.becomes(Fault::FullAfter(1));
    assert_halfway(ana.grant(tom.address()).await.unwrap_err());
    faulty.becomes(Fault::FullAfter(1));
    assert_halfway(ana.folders().rotate("personal", Confidentiality::N).await.unwrap_err());
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert_eq!((revoked.ended, revoked.keys_moved), (1, false));
    for reader in [&tom, &kim] {
        assert_eq!(reader.open(&record).await.unwrap_err().kind(), ErrorKind::NotAvailable, "not yet");
    }

    faulty.becomes(Fault::None);
    ana.grant(tom.address()).await.unwrap();
    let after = ana.add(Source::bytes("x", "after")).await.unwrap().record;
    for reader in [&tom, &kim] {
        assert!(reader.open(&record).await.is_ok() && reader.open(&after).await.is_ok());
    }
    assert_eq!(lee.open(&after).await.unwrap_err().kind(), ErrorKind::Denied);
    let epochs = ana.system().services.journals.of(ana.address()).await.unwrap();
    let folder = ana.person().keys().folder("personal", Confidentiality::N);
    assert_eq!(epochs.folder(folder).epoch, 3, "one rotation mended it");
}
