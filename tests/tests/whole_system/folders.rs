//! Folders: their names, their confidentiality, what is shared with them.

use std::collections::BTreeSet;

use hospital_record::{Client, Confidentiality, ErrorKind, Event, Source};
use hospital_record_tests::world::World;

use crate::{note, refused};

/// What the chain calls the folders of somebody's records.
async fn numbers(world: &World, patient: &Client) -> BTreeSet<u64> {
    let history = world.system.history(patient.address()).await.unwrap();
    let folder = |event| match event {
        Event::RecordAdded { folder, .. } => Some(folder),
        _ => None,
    };
    history.entries.iter().filter_map(|entry| folder(entry.event)).collect()
}

#[tokio::test]
async fn folders_of_every_confidentiality_are_apart() {
    use Confidentiality::{L, M, N, R, U, V};
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let mut records = Vec::new();
    for level in [U, L, M, N, R, V] {
        let added = ana.add(note("x")).folder("psychiatry").confidentiality(level).await.unwrap();
        records.push((level, added));
    }
    assert_eq!(numbers(&world, &ana).await.len(), 6, "one name, six folders");

    ana.grant(lee.address()).folder("psychiatry").confidentiality(R).await.unwrap();
    for (level, added) in &records {
        let opened = lee.open(&added.record).await;
        if *level == R {
            assert_eq!(opened.unwrap().metadata.confidentiality, R);
        } else {
            refused(opened, ErrorKind::Denied);
        }
    }
}

#[tokio::test]
async fn folder_name_is_the_same_in_every_spelling_of_unicode() {
    let world = World::shared().await;
    let ana = world.person().await;
    ana.add(note("x")).folder("Kardiologie Zürich").await.unwrap();
    ana.add(note("y")).folder("  Kardiologie Zu\u{308}rich ").await.unwrap();
    assert_eq!(numbers(&world, &ana).await.len(), 1);
    assert_eq!(ana.list().folder("Kardiologie Zürich").await.unwrap().len(), 2);
}

#[tokio::test]
async fn names_of_files_come_back_as_they_were() {
    let world = World::shared().await;
    let ana = world.person().await;
    let names = [
        "Überweisung – 中村さん 🫀.pdf",
        "../../etc/passwd",
        "..",
        "/",
        "CON",
        "line\nbreak\r\u{1b}[2J",
        "\u{202e}fdp.exe",
        "with\0zero",
        " ",
    ];
    let sources = names.map(|name| Source::bytes(name, name));
    let added = ana.add_many(sources).folder("naïve/../folder").await.unwrap();
    let listed = ana.list().await.unwrap();
    assert_eq!(listed.len(), names.len());
    for (name, added) in names.iter().zip(&added) {
        let opened = ana.open(&added.record).await.unwrap();
        assert_eq!((opened.metadata.name.as_str(), &opened.bytes[..]), (*name, name.as_bytes()));
        assert!(listed.iter().any(|listed| listed.record == added.record && listed.name() == *name));
    }
}

#[tokio::test]
async fn list_is_newest_first_and_by_folder() {
    let world = World::shared().await;
    let ana = world.person().await;
    for (text, folder) in [("1", "a"), ("2", "b"), ("3", "a")] {
        ana.add(Source::bytes(text, text)).folder(folder).await.unwrap();
    }
    let names = |listed: Vec<hospital_record::Listed>| listed.iter().map(|l| l.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(ana.list().await.unwrap()), ["3", "2", "1"]);
    assert_eq!(names(ana.list().folder("a").await.unwrap()), ["3", "1"]);
    assert!(ana.list().folder("c").await.unwrap().is_empty());
}

#[tokio::test]
async fn reader_of_a_folder_lists_that_folder_alone() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let shared = ana.add(note("x")).folder("shared").await.unwrap().record;
    let private = ana.add(note("y")).folder("private").await.unwrap().record;
    ana.grant(lee.address()).folder("shared").await.unwrap();
    let listed = lee.list().patient(ana.address()).await.unwrap();
    assert_eq!(listed.iter().map(|listed| (listed.record, listed.name())).collect::<Vec<_>>(), [(shared, "note.txt")]);
    refused(lee.open(&private).await, ErrorKind::Denied);
    refused(lee.list().patient(world.person().await.address()).folder("shared").await, ErrorKind::Denied);
}
