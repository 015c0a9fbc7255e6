//! Lost machines, shared machines, interrupted work.

use std::time::Duration;

use hospital_record::{Client, Confidentiality, Config, ErrorKind, Identity, Source};
use hospital_record_tests::{
    data::{self, MIB},
    faults,
    proxy::Proxy,
    world::World,
};

use crate::{note, refused};

#[tokio::test]
async fn phrase_alone_restores_everything_on_a_new_machine() {
    let world = World::shared().await;
    let (identity, phrase) = world.funded();
    let old = world.machine().await.client(identity);
    let (lee, lab) = (world.registered().await, world.registered().await);
    let record = old.add(note("x")).folder("vaccinations").await.unwrap().record;
    old.contacts().add("Dr Lee", &lee.card().await.unwrap()).await.unwrap();
    old.grant(lee.address()).folder("vaccinations").await.unwrap();
    old.grant(lab.address()).folder("blood").contribute_only().name("St Mary lab").await.unwrap();
    lab.add(note("result")).patient(old.address()).folder("blood").await.unwrap();
    old.revoke(lee.address()).await.unwrap();
    old.grant(lee.address()).folder("vaccinations").await.unwrap();
    drop(old);

    let new = world.machine().await.client(Identity::from_phrase(&phrase, 0).unwrap());
    let listed = new.list().await.unwrap();
    let folders: Vec<_> = listed.iter().map(|listed| (listed.name(), listed.folder_name())).collect();
    assert_eq!(folders, [("note.txt", "blood"), ("note.txt", "vaccinations")]);
    assert_eq!(new.open(&record).await.unwrap().bytes, "x");
    let mut names: Vec<_> =
        new.grants().list().await.unwrap().into_iter().map(|grant| (grant.name.clone(), grant.scope_name())).collect();
    names.sort();
    let expected = [("Dr Lee", "folder vaccinations"), ("St Mary lab", "folder blood")];
    assert_eq!(names, expected.map(|(name, scope)| (Some(name.to_owned()), scope.to_owned())));

    let later = new.add(note("later")).folder("vaccinations").await.unwrap().record;
    assert_eq!(lee.open(&later).await.unwrap().bytes, "later");
}

#[tokio::test]
async fn parent_and_child_on_one_machine_do_not_see_each_others_records() {
    let world = World::shared().await;
    let (parent, phrase) = world.funded();
    let child = Identity::from_phrase(&phrase, 1).unwrap();
    world.anvil.fund(child.address());
    let machine = world.machine().await;
    let (parent, child) = (machine.client(parent), machine.client(child));
    let parents = parent.add(Source::bytes("parent.txt", "parent")).await.unwrap().record;
    let childs = child.add(Source::bytes("child.txt", "child")).await.unwrap().record;
    let names =
        async |client: &Client| client.list().await.unwrap().iter().map(|l| l.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&parent).await, ["parent.txt"]);
    assert_eq!(names(&child).await, ["child.txt"]);
    refused(parent.open(&childs).await, ErrorKind::Denied);
    refused(child.open(&parents).await, ErrorKind::Denied);

    child.grant(parent.address()).await.unwrap();
    assert_eq!(parent.open(&childs).await.unwrap().bytes, "child");
    parent.contacts().add("my child", &child.card().await.unwrap()).await.unwrap();
    assert!(child.contacts().list().await.unwrap().iter().all(|contact| contact.name != "my child"));
}

#[tokio::test]
async fn two_devices_of_one_person_see_the_same() {
    let world = World::shared().await;
    let (identity, _) = world.funded();
    let (phone, laptop) = (world.machine().await.client(identity.clone()), world.machine().await.client(identity));
    let first = phone.add(note("first")).await.unwrap().record;
    let second = laptop.add(note("second")).await.unwrap().record;
    let third = phone.add(note("third")).await.unwrap().record;
    let records = |listed: Vec<hospital_record::Listed>| listed.iter().map(|listed| listed.record).collect::<Vec<_>>();
    assert_eq!(records(laptop.list().await.unwrap()), [third, second, first]);
    assert_eq!(records(phone.list().await.unwrap()), [third, second, first]);
}

#[tokio::test]
async fn upload_that_is_dropped_leaves_nothing_pinned() {
    let world = World::with_own_node().await;
    let system = world.config().connect().await.unwrap();
    let ana = system.client(world.funded().0);
    ana.register().await.unwrap();
    let blocks = || world.kubo.ipfs(&["refs", "local"]).iter().filter(|byte| **byte == b'\n').count();
    world.kubo.collect_garbage();
    let (before, held) = (world.kubo.pinned(), blocks());

    let (mut writer, reader) = tokio::io::duplex(MIB);
    let adding = ana.add(Source::reader("endless.bin", reader));
    let piece = data::bytes("endless", 4 * MIB);
    tokio::select! {
        added = adding => panic!("{added:?}"),
        // A node keeps what it was sent in batches of many megabytes.
        _ = async {
            while blocks() == held {
                tokio::io::AsyncWriteExt::write_all(&mut writer, &piece).await.unwrap();
            }
        } => {}
    }
    let resumed = ana.resume().await.unwrap();
    assert_eq!((resumed.finished.len(), resumed.removed.len()), (0, 0), "it was no record yet");
    assert_eq!(world.kubo.pinned(), before);
    world.kubo.collect_garbage();
    assert_eq!(blocks(), held, "the node lets go of what came");
    assert!(ana.list().await.unwrap().is_empty());
    ana.add(note("x")).await.unwrap();
}

#[tokio::test]
async fn add_that_was_sent_and_not_awaited_is_finished_by_the_next_run() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let config = world.config_of(&proxy.url(), &world.kubo.url());
    let identity = world.funded().0;
    let ana = config.clone().connect().await.unwrap().client(identity.clone());
    ana.register().await.unwrap();
    proxy.forget_calls();
    proxy.rule(faults::lose_answers("eth_sendRawTransaction", 1));
    proxy.rule(faults::stall("eth_getTransactionReceipt"));
    tokio::select! {
        added = async { ana.add(note("x")).await } => panic!("{added:?}"),
        _ = async {
            while proxy.count("eth_sendRawTransaction") == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        } => {}
    }
    drop(ana);
    proxy.clear();

    let again = config.connect().await.unwrap().client(identity);
    again.resume().await.unwrap();
    let listed = again.list().await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(again.open(&listed[0].record).await.unwrap().bytes, "x");
    again.add(note("y")).await.unwrap();
}

/// Somebody whose add was interrupted when its manifest was pinned and nothing was sent: how to connect again, and
/// the pin.
async fn interrupted_before_it_was_sent(world: &World, proxy: &Proxy) -> (Config, Identity, String) {
    let config = world.config_of(&proxy.url(), &world.kubo.url());
    let identity = world.funded().0;
    let ana = config.clone().connect().await.unwrap().client(identity.clone());
    ana.add(note("before")).await.unwrap();
    let before = world.kubo.pinned();
    proxy.forget_calls();
    proxy.rule(faults::stall("eth_estimateGas"));
    tokio::select! {
        added = async { ana.add(note("x")).await } => panic!("{added:?}"),
        _ = async {
            while proxy.count("eth_estimateGas") == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        } => {}
    }
    let pinned = world.kubo.pinned();
    let new: Vec<_> = pinned.difference(&before).cloned().collect();
    assert_eq!(new.len(), 1, "a manifest, which holds the content");
    proxy.clear();
    (config, identity, new[0].clone())
}

#[tokio::test]
async fn add_that_was_stored_and_never_sent_is_finished_by_the_next_run() {
    let world = World::with_own_node().await;
    let proxy = world.proxy();
    let (config, identity, pin) = interrupted_before_it_was_sent(&world, &proxy).await;
    let again = config.connect().await.unwrap().client(identity);
    let resumed = again.resume().await.unwrap();
    assert_eq!((resumed.finished.len(), resumed.removed.len()), (1, 0));
    let listed = again.list().await.unwrap();
    assert_eq!((listed.len(), listed[0].record.id), (2, resumed.finished[0]));
    assert_eq!(again.open(&listed[0].record).await.unwrap().bytes, "x");
    assert!(world.kubo.pinned().contains(&pin));
}

#[tokio::test]
async fn add_that_was_never_sent_and_whose_keys_moved_is_removed_by_the_next_run() {
    let world = World::with_own_node().await;
    let proxy = world.proxy();
    let (config, identity, pin) = interrupted_before_it_was_sent(&world, &proxy).await;
    let elsewhere = world.machine().await.client(identity.clone());
    elsewhere.folders().rotate("personal", Confidentiality::default()).await.unwrap();
    let again = config.connect().await.unwrap().client(identity);
    let resumed = again.resume().await.unwrap();
    assert_eq!((resumed.finished.len(), resumed.removed.len()), (0, 1));
    let removed = &resumed.removed[0];
    assert!(removed.name.is_some() && removed.reason.contains("keys of its folder have moved on"), "{removed:?}");
    assert_eq!(again.list().await.unwrap().len(), 1, "the one before");
    assert!(!world.kubo.pinned().contains(&pin), "nothing holds it");
}
