//! What the product is for, once from beginning to end.

use std::{
    fs,
    time::{Duration, SystemTime},
};

use hospital_record::{Card, ErrorKind, Event, History, HistoryEntry, Purpose, ledger::Event::RecordAccessed};
use hospital_record_tests::{data, world::World};

use crate::{note, refused};

#[tokio::test]
async fn patient_shares_records_with_a_doctor_and_takes_them_back() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.machine().await.client(world.funded().0));
    let samples = ["ct-chest.dcm", "lab-report.json", "discharge-letter.pdf"];

    let mut records = Vec::new();
    for sample in samples {
        records.push(ana.add(data::sample(sample)).folder("cardiology").await.unwrap().record);
    }
    let card: Card = lee.card().await.unwrap().to_string().parse().unwrap();
    ana.contacts().add("Dr Lee", &card).await.unwrap();
    ana.grant(&card).folder("cardiology").purpose(Purpose::TREAT).await.unwrap();

    for (record, sample) in records.iter().zip(samples) {
        let opened = lee.open(record).await.unwrap();
        assert_eq!(opened.bytes, fs::read(data::sample(sample)).unwrap());
        assert_eq!(opened.metadata.name, sample);
    }

    ana.revoke(lee.address()).await.unwrap();
    let later = ana.add(note("after")).folder("cardiology").await.unwrap().record;
    refused(lee.open(&records[0]).await, ErrorKind::Denied);
    refused(lee.open(&later).await, ErrorKind::Denied);
    assert_eq!(ana.open(&later).await.unwrap().bytes, "after");

    let history = world.machine().await.history(ana.address()).await.unwrap();
    assert_eq!(readings(&history).map(|entry| entry.by).collect::<Vec<_>>(), [lee.address(); 3]);
}

#[tokio::test]
async fn history_lists_every_act_in_order_and_is_proven_by_an_external_head() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let started = SystemTime::now();
    let record = ana.add(note("one")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    lee.open(&record).await.unwrap();
    ana.revoke(lee.address()).await.unwrap();

    let history = world.machine().await.history(ana.address()).await.unwrap();
    use Event::{AccessGranted, AccessRevoked, ProfileSet, RecordAdded};
    let events: Vec<Event> = history.entries.iter().map(|entry| entry.event).collect();
    let [
        ProfileSet { .. },
        RecordAdded { author, .. },
        AccessGranted { grantee, .. },
        RecordAccessed { reader, .. },
        AccessRevoked { grantee: ended, .. },
    ] = events[..]
    else {
        panic!("{history}")
    };
    assert_eq!([author, grantee, reader, ended], [ana.address(), lee.address(), lee.address(), lee.address()]);
    let begun = started - Duration::from_secs(60);
    assert!(history.entries.iter().all(|entry| entry.at.duration_since(begun).is_ok_and(|d| d.as_secs() < 600)));
    assert!(!history.completeness.is_proven(), "one provider alone proves nothing");

    let elsewhere = world.machine().await;
    let proven = elsewhere.history(ana.address()).trusted_head(history.head()).await.unwrap();
    assert!(proven.completeness.is_proven());
}

#[tokio::test]
async fn readings_name_their_purpose_unless_the_reader_keeps_quiet() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let record = ana.add(note("one")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    lee.open(&record).purpose(Purpose::ETREAT).await.unwrap();
    lee.open(&record).unlogged().await.unwrap();
    ana.open(&record).await.unwrap();

    let history = world.system.history(ana.address()).await.unwrap();
    let purposes = readings(&history).filter_map(|entry| match entry.event {
        RecordAccessed { purpose, .. } => Some(purpose),
        _ => None,
    });
    assert_eq!(purposes.collect::<Vec<_>>(), [Purpose::ETREAT], "a patient's own reading is nobody's business");
}

fn readings(history: &History) -> impl Iterator<Item = &HistoryEntry> {
    history.entries.iter().filter(|entry| matches!(entry.event, RecordAccessed { .. }))
}
