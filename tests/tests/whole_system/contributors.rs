//! Others who write into a patient's folders: what they can do, and what they cannot.

use std::time::Duration;

use hospital_record::{Client, ErrorKind, RecordRef, Source, alloy::sol_types::SolCall};
use hospital_record_contracts::IHospitalRecord::addRecordCall;
use hospital_record_core::{
    id::{Account, Folder, RecordId},
    record::{dag::Block, manifest::Manifest, metadata::Metadata},
    seal::{
        lock::{Lock, LockContext},
        ratchet::FolderState,
        stream::{self, ContentKey, StreamHeader},
    },
};
use hospital_record_tests::{
    faults,
    insider::{Insider, signed, word},
    proxy::{Gate, Proxy},
    world::World,
};

use crate::{keep, note, refused, store_of};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn laboratory_that_may_only_write_cannot_read_and_readers_can_at_once() {
    let world = World::shared().await;
    let (ana, lee, lab) = (world.person().await, world.registered().await, world.registered().await);
    ana.grant(lee.address()).folder("blood").await.unwrap();
    ana.grant(lab.address()).folder("blood").contribute_only().await.unwrap();

    let record = lab.add(note("result")).patient(ana.address()).folder("blood").await.unwrap().record;
    assert_eq!(lee.open(&record).await.unwrap().bytes, "result", "the patient is away");
    refused(lab.open(&record).await, ErrorKind::Denied);
    refused(lab.add(note("x")).patient(ana.address()).folder("other").await, ErrorKind::Denied);
    refused(lee.add(note("x")).patient(ana.address()).folder("blood").await, ErrorKind::Denied);

    let listed = &ana.list().await.unwrap()[0];
    assert_eq!((listed.author, listed.held_by_author_only), (lab.address(), true));
    assert_eq!(ana.sync().await.unwrap().copied, 1);
    assert!(!ana.list().await.unwrap()[0].held_by_author_only);
}

#[tokio::test]
async fn contributor_who_may_read_opens_what_others_added() {
    let world = World::shared().await;
    let (ana, mia) = (world.person().await, world.registered().await);
    let old = ana.add(note("old")).folder("blood").await.unwrap().record;
    ana.grant(mia.address()).folder("blood").contribute().await.unwrap();
    let new = mia.add(note("new")).patient(ana.address()).folder("blood").await.unwrap().record;
    assert_eq!(mia.open(&old).await.unwrap().bytes, "old");
    assert_eq!(mia.open(&new).await.unwrap().bytes, "new");
    let better = mia.replace(&new, note("better")).await.unwrap().record;
    assert_eq!(ana.open(&better).await.unwrap().bytes, "better");
    refused(mia.replace(&old, note("mine now")).await, ErrorKind::Denied);
}

#[tokio::test]
async fn contributor_locks_out_a_reader_whose_grant_has_expired() {
    let world = World::with_own_chain().await;
    let (ana, mia, lab, lee) =
        (world.person().await, world.registered().await, world.registered().await, Insider::new());
    world.anvil.fund(lee.address());
    lee.client(&world.system).register().await.unwrap();
    ana.grant(lee.address()).until(world.now() + DAY).await.unwrap();
    ana.grant(mia.address()).await.unwrap();
    ana.grant(lab.address()).contribute_only().await.unwrap();
    let store = store_of(&world);
    let before = lab.add(note("before")).patient(ana.address()).await.unwrap().record;
    assert!(lee.crack(&world.system, &*store, &before).await.is_some());

    world.advance(2 * DAY);
    let after = lab.add(note("after")).patient(ana.address()).await.unwrap().record;
    assert!(lee.crack(&world.system, &*store, &after).await.is_none(), "Ana has not been here since");
    assert_eq!(mia.open(&after).await.unwrap().bytes, "after");
    assert_eq!(ana.open(&after).await.unwrap().bytes, "after");

    ana.sync().await.unwrap();
    let last = lab.add(note("last")).patient(ana.address()).await.unwrap().record;
    let manifest = signed::<Manifest>(&world.system, &*store, last.id.into()).await;
    assert!(matches!(manifest.locks[..], [Lock::Folder { epoch: 1, .. }]), "the keys have rotated");
    assert!(lee.crack(&world.system, &*store, &last).await.is_none());
    assert_eq!(mia.open(&last).await.unwrap().bytes, "last");
}

#[tokio::test]
async fn upload_that_a_revocation_overtakes_is_sealed_again() {
    let world = World::shared().await;
    let (ana, mia, lee) = (world.person().await, world.registered().await, Insider::new());
    world.anvil.fund(lee.address());
    lee.client(&world.system).register().await.unwrap();
    let (identity, _) = world.funded();
    let proxy = world.proxy();
    let lab = world.machine_behind(&proxy).await.client(identity);
    lab.register().await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    ana.grant(mia.address()).await.unwrap();
    ana.grant(lab.address()).contribute_only().await.unwrap();

    // The transaction is signed with the count of key changes it knows, and held up.
    proxy.forget_calls();
    let gate = Gate::default();
    proxy.rule(faults::hold("eth_sendRawTransaction", &gate, 1));
    let (added, revoked) = tokio::join!(async { lab.add(note("result")).patient(ana.address()).await }, async {
        while proxy.count("eth_sendRawTransaction") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let revoked = ana.revoke(lee.address()).await;
        gate.open();
        revoked
    },);
    revoked.unwrap();
    let record = added.unwrap().record;
    assert!(lee.crack(&world.system, &*store_of(&world), &record).await.is_none());
    assert_eq!(mia.open(&record).await.unwrap().bytes, "result");
    assert_eq!(ana.list().await.unwrap().len(), 1, "the refused attempt is nowhere");
}

/// Ana, and Mallory who may contribute to her folder "inbox", with one good record in it.
async fn with_mallory(world: &World) -> (Client, Insider, RecordRef) {
    let (ana, mallory) = (world.person().await, Insider::new());
    world.anvil.fund(mallory.address());
    mallory.client(&world.system).register().await.unwrap();
    ana.grant(mallory.address()).folder("inbox").contribute().await.unwrap();
    let good = ana.add(note("good")).folder("inbox").await.unwrap().record;
    (ana, mallory, good)
}

/// Registers an id in Ana's inbox as Mallory, past our client.
async fn register(world: &World, ana: &Client, mallory: &Insider, id: RecordId) -> RecordRef {
    let folder = inbox(world, ana).await;
    let contract = world.system.contract();
    let call = contract.add_records(ana.address(), folder.number(), &[word(id)], 0);
    assert!(mallory.send(&world.anvil, &call).is_some());
    ana.record(ana.address(), id)
}

async fn inbox(world: &World, ana: &Client) -> Folder {
    let journal = hospital_record::ledger::Journal::new(world.system.contract().clone());
    let (history, _) = journal.read(ana.address(), None).await.unwrap();
    let number = history.state().records.values().next().unwrap().state.folder;
    Folder::new(number).unwrap()
}

/// Ana sees `bad` as unreadable, and everything else as before.
async fn is_unreadable(ana: &Client, good: &RecordRef, bad: &RecordRef) {
    let listed = ana.list().await.unwrap();
    let of = |record: &RecordRef| listed.iter().find(|listed| listed.record == *record).unwrap();
    assert!(of(bad).metadata().is_none());
    assert_eq!(of(good).name(), "note.txt");
    assert!(ana.open(bad).await.is_err());
    assert_eq!(ana.open(good).await.unwrap().bytes, "good");
}

/// A manifest of Mallory's, with what a dishonest client would put into it.
async fn manifest(world: &World, mallory: &Insider, patient: &Client, folder: Folder, state: &FolderState) -> Block {
    let (key, header) = (ContentKey::random().unwrap(), StreamHeader::random().unwrap());
    let sealed = stream::seal(&key, b"bad").unwrap();
    let content = Block::leaf(sealed);
    let context = LockContext {
        deployment: world.system.deployment(),
        patient: Account(patient.address().into()),
        author: Account(mallory.address().into()),
        folder,
        epoch: state.epoch(),
        commitment: key.commitment(),
    };
    let manifest = Manifest {
        patient: context.patient,
        folder,
        content: content.cid,
        size: 3,
        header,
        commitment: key.commitment(),
        metadata: Metadata::default().seal(&key, &header).unwrap(),
        locks: vec![Lock::folder(&context, &state.public_key(), &key).unwrap()],
    };
    keep(world, content).await;
    let profile = world.system.contract().profile_of(mallory.address()).await.unwrap().unwrap();
    let block = manifest.sign(world.system.deployment(), profile.0.into(), &mallory.keys(&world.system)).unwrap();
    keep(world, block.clone()).await;
    block
}

#[tokio::test]
async fn manifest_whose_lock_opens_with_no_key_is_listed_and_harms_nothing() {
    let world = World::shared().await;
    let (ana, mallory, good) = with_mallory(&world).await;
    let nobodys = FolderState::from_bytes(0, [7; 32]);
    let block = manifest(&world, &mallory, &ana, inbox(&world, &ana).await, &nobodys).await;
    let bad = register(&world, &ana, &mallory, block.digest().into()).await;
    is_unreadable(&ana, &good, &bad).await;
}

#[tokio::test]
async fn manifest_of_another_patient_is_listed_and_harms_nothing() {
    let world = World::shared().await;
    let (ana, mallory, good) = with_mallory(&world).await;
    let bob = world.person().await;
    let theirs = bob.add(note("of Bob")).await.unwrap().record;
    let bad = register(&world, &ana, &mallory, theirs.id).await;
    is_unreadable(&ana, &good, &bad).await;
}

#[tokio::test]
async fn id_without_a_manifest_is_listed_and_harms_nothing() {
    let world = World::shared().await;
    let (ana, mallory, good) = with_mallory(&world).await;
    let no_block = register(&world, &ana, &mallory, RecordId([9; 32])).await;
    is_unreadable(&ana, &good, &no_block).await;
    let garbage = Block::new(hospital_record_core::id::DAG_CBOR, &b"\xa0"[..]);
    keep(&world, garbage.clone()).await;
    let bad = register(&world, &ana, &mallory, garbage.digest().into()).await;
    is_unreadable(&ana, &good, &bad).await;
}

/// The id in the `addRecord` transaction that is held up.
fn pending_id(proxy: &Proxy) -> RecordId {
    let raw = proxy.params("eth_sendRawTransaction")[0][0].as_str().unwrap().to_owned();
    let selector = hex::encode(addRecordCall::SELECTOR);
    let id = raw.find(&selector).unwrap() + 8 + 2 * 64;
    format!("0x{}", &raw[id..id + 64]).parse().unwrap()
}

#[tokio::test]
async fn squatter_who_copies_a_pending_id_stops_nobody() {
    let world = World::shared().await;
    let (ana, mallory, good) = with_mallory(&world).await;
    let (mia_identity, _) = world.funded();
    let proxy = world.proxy();
    let mia = world.machine_behind(&proxy).await.client(mia_identity);
    mia.register().await.unwrap();
    ana.grant(mia.address()).folder("inbox").contribute().await.unwrap();

    proxy.forget_calls();
    let gate = Gate::default();
    proxy.rule(faults::hold("eth_sendRawTransaction", &gate, 1));
    let adding = mia.add(Source::bytes("mine.txt", "mine")).patient(ana.address()).folder("inbox");
    let (added, squatted) = tokio::join!(async { adding.await }, async {
        while proxy.count("eth_sendRawTransaction") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let id = pending_id(&proxy);
        let squatted = register(&world, &ana, &mallory, id).await;
        gate.open();
        squatted
    });
    let record = added.unwrap().record;
    assert_eq!(record, squatted, "the same id twice, by two authors");
    assert_eq!(ana.open(&record).await.unwrap().bytes, "mine");
    assert_eq!(ana.open(&good).await.unwrap().bytes, "good");
    let listed = ana.list().await.unwrap();
    let authors: Vec<_> =
        listed.iter().filter(|l| l.record == record).map(|l| (l.author, l.metadata().is_some())).collect();
    assert!(authors.contains(&(mia.address(), true)) && authors.contains(&(mallory.address(), false)));
}
