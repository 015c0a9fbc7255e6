//! Authors who do not follow the rules, and helpers for all tests of the client.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crate::{
    base::{
        builder::with_fresh_keys,
        cancel::Control,
        error::{Error, Result, kind::ErrorKind},
        record_ref::RecordRef,
    },
    client::Client,
    keys::keyrings,
    records::{
        details::Details,
        list::Content,
        source::Source,
        target::{self, FolderChoice, Target},
        write::{self, StoredRecord, metadata},
    },
    system::System,
};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Confidentiality;

mod asked;
mod batch;
mod blocks;
mod boards;
mod cancelled;
mod clock;
mod copies;
mod damaged;
mod delegates;
mod faulty;
mod floods;
mod halfway;
mod hoards;
mod invented;
mod lagging;
mod resume;
mod unpublished;
mod vanished;

async fn person(system: &System) -> Client {
    system.person().await.unwrap()
}

/// A record in the folder "blood", whose metadata name another folder.
async fn misnamed(lab: &Client, ana: &Client, name: &str, level: Confidentiality) -> RecordRef {
    let place = FolderChoice::Named("blood".into(), Confidentiality::N);
    let mut target = target::target(lab.person(), ana.address(), &place).await.unwrap();
    target.name = name.into();
    target.confidentiality = level;
    let mut source = Source::bytes("r", "r");
    let metadata = metadata(&target, &mut source, &Details::default(), Details::default()).unwrap();
    let stored = write::store(lab.person(), &target, &mut source, &metadata, None, &Control::default()).await.unwrap();
    register(lab, &target, stored).await
}

async fn register(lab: &Client, target: &Target, stored: StoredRecord) -> RecordRef {
    let patient = target.patient;
    let folder = target.folder.number();
    let ids = [B256::from(stored.id.0)];
    let call = lab.system().contract().add_records(patient, folder, &ids, target.key_changes);
    let record = lab.record(patient, stored.id);
    write::register_stored(lab.person(), target, &[stored], call, &Control::default()).await.unwrap();
    record
}

#[tokio::test]
async fn a_record_that_names_another_folder_opens_for_nobody() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let lab = person(&system).await;
    let lee = person(&system).await;
    ana.grant(lab.address()).folder("blood").contribute_only().await.unwrap();
    ana.grant(lee.address()).folder("blood").await.unwrap();
    let right = misnamed(&lab, &ana, " blood ", Confidentiality::N).await;
    assert_eq!(lee.open(&right).unlogged().await.unwrap().bytes, "r");
    for (name, level) in [("oncology", Confidentiality::N), ("blood", Confidentiality::V)] {
        let wrong = misnamed(&lab, &ana, name, level).await;
        for reader in [&ana, &lee] {
            let error = reader.open(&wrong).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
            let listed = reader.list().patient(ana.address()).await.unwrap();
            assert!(matches!(listed[0].content, Content::Unreadable { .. }), "{:?}", listed[0]);
        }
        assert_eq!(ana.grant(lee.address()).record(&wrong).await.unwrap_err().kind(), ErrorKind::Integrity);
    }
}

/// A record in Ana's folder "blood" whose manifest is made for Bob, and locked as such to the key of that folder: all
/// else is right, and the lock opens.
async fn made_for_another(lab: &Client, ana: &Client, bob: &Client) -> RecordRef {
    let place = FolderChoice::Named("blood".into(), Confidentiality::N);
    let mut target = target::target(lab.person(), ana.address(), &place).await.unwrap();
    let mut source = Source::bytes("r", "r");
    let metadata = metadata(&target, &mut source, &Details::default(), Details::default()).unwrap();
    target.patient = bob.address();
    let stored = write::store(lab.person(), &target, &mut source, &metadata, None, &Control::default()).await.unwrap();
    target.patient = ana.address();
    register(lab, &target, stored).await
}

#[tokio::test]
async fn a_manifest_made_for_another_patient_opens_for_nobody_whatever_else_is_right() {
    let system = System::in_memory().await.unwrap();
    let [ana, bob, lab, lee] =
        [person(&system).await, person(&system).await, person(&system).await, person(&system).await];
    ana.grant(lab.address()).folder("blood").contribute().await.unwrap();
    ana.grant(lee.address()).folder("blood").await.unwrap();
    let record = made_for_another(&lab, &ana, &bob).await;
    for reader in [&ana, &lab, &lee] {
        let error = reader.open(&record).await.unwrap_err();
        assert!(matches!(&error, Error::Integrity(reason) if reason.contains("patient")), "{error}");
        let listed = reader.list().patient(ana.address()).await.unwrap();
        assert!(matches!(listed[0].content, Content::Unreadable { .. }), "{:?}", listed[0]);
    }
    assert_eq!(ana.grant(lee.address()).record(&record).await.unwrap_err().kind(), ErrorKind::Integrity);
}

#[tokio::test]
async fn stale_write_is_repeated_at_most_three_times() {
    for (stale, succeeds) in [(0, true), (3, true), (4, false)] {
        let mut tries = 0;
        let mut attempt = || -> Result<()> {
            tries += 1;
            if tries > stale { Ok(()) } else { Err(Error::StaleKeys) }
        };
        let result: Result<()> = async { with_fresh_keys!(attempt()) }.await;
        assert_eq!((result.is_ok(), tries), (succeeds, stale.min(3) + 1));
    }
}

#[tokio::test]
async fn grantee_of_revoked_delegate_is_not_in_the_keyring() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let hospital = person(&system).await;
    let lee = person(&system).await;
    let kim = person(&system).await;
    ana.grant(hospital.address()).folder("ward").delegate().await.unwrap();
    hospital.grant(lee.address()).patient(ana.address()).folder("ward").await.unwrap();
    ana.grant(kim.address()).folder("ward").await.unwrap();
    assert!(ana.revoke(hospital.address()).await.unwrap().keys_moved);

    let journal = system.services.journals.of(ana.address()).await.unwrap();
    let folder = ana.person().keys().folder("ward", Confidentiality::N);
    let newest = *journal.folder(folder).keyring().unwrap();
    assert_eq!((newest.epoch, journal.folder(folder).keyrings.len()), (1, 1), "the first one was right");
    let ring = keyrings::keyring(ana.person(), ana.address(), folder, newest.digest, newest.epoch).await.unwrap();
    let holders: Vec<_> = ring.entries.iter().map(|entry| Address::from(entry.grantee.0)).collect();
    assert_eq!(holders, [kim.address()]);
}

#[tokio::test]
async fn client_waits_for_an_effect_and_names_the_transaction_if_it_does_not_show() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    let transaction = B256::repeat_byte(7);
    let start = tokio::time::Instant::now();
    let memory = system.memory().unwrap();
    memory.refuse(true);
    let late =
        ana.person().confirm(ana.address(), Some(transaction), |_| start.elapsed() > Duration::from_millis(2500));
    let (confirmed, ()) = tokio::join!(late, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        memory.refuse(false);
    });
    confirmed.unwrap();
    let error = ana.person().confirm(ana.address(), Some(transaction), |_| false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(matches!(error, Error::Unconfirmed { .. }) && error.to_string().contains(&transaction.to_string()));
}
