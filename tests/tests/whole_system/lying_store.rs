//! A store may refuse service. Whatever it says, nothing wrong comes out.

use std::sync::Arc;

use bytes::Bytes;
use cid::Cid;
use hospital_record::{
    Client, ErrorKind, RecordRef, Source, System,
    ledger::{Contract, EthereumLedger, EthereumOptions},
    store::Store,
};
use hospital_record_tests::{
    data::{self, MIB},
    liar::{Liar, Lie},
    world::World,
};

use crate::{note, refused, store_of};

/// A machine on this world's chain with these stores.
pub(crate) async fn machine(world: &World, stores: Vec<Arc<dyn Store>>) -> System {
    let ledger = EthereumLedger::connect(&world.anvil.url(), EthereumOptions::default()).unwrap();
    System::of(Arc::new(ledger), Contract::ADDRESS, stores).await.unwrap()
}

/// Ana on a machine whose store lies when the test demands it, and a record of hers of three blocks.
async fn ana_and_a_liar(world: &World) -> (Client, Arc<Liar>, RecordRef) {
    let liar = Liar::before(store_of(world));
    let (identity, _) = world.funded();
    let ana = machine(world, vec![liar.clone()]).await.client(identity.clone());
    let record = ana.add(Source::bytes("scan.bin", data::bytes("scan", 3 * MIB))).await.unwrap().record;
    // Another machine, which remembers no block.
    (machine(world, vec![liar.clone()]).await.client(identity), liar, record)
}

fn flipped(bytes: &Bytes, at: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes.into()
}

/// What a store makes of a block.
type MakeLie = fn(&Bytes) -> Lie;

#[tokio::test]
async fn wrong_truncated_and_dropped_blocks_are_noticed_wherever_they_are() {
    let world = World::shared().await;
    let lies: [(ErrorKind, MakeLie); 5] = [
        (ErrorKind::Integrity, |truth| Lie::Bytes(flipped(truth, 0))),
        (ErrorKind::Integrity, |truth| Lie::Bytes(flipped(truth, truth.len() - 1))),
        (ErrorKind::Integrity, |truth| Lie::Bytes(truth.slice(..truth.len() - 1))),
        (ErrorKind::Integrity, |_| Lie::Bytes(Bytes::new())),
        (ErrorKind::NotAvailable, |_| Lie::Missing),
    ];
    let (ana, liar, record) = ana_and_a_liar(&world).await;
    let large = |cid: &Cid| cid.codec() == 0x55;
    for (kind, lie) in lies {
        // In the content alone: everything up to the manifest is right.
        liar.lie(move |cid, truth| if large(cid) { lie(truth) } else { Lie::None });
        refused(ana.open(&record).await, kind);
        // In the tree above the content.
        liar.lie(move |cid, truth| if cid.codec() == 0x70 { lie(truth) } else { Lie::None });
        refused(ana.open(&record).await, kind);
        liar.lie(|_, _| Lie::None);
        assert!(ana.open(&record).await.unwrap().bytes == data::bytes("scan", 3 * MIB));
    }
}

#[tokio::test]
async fn a_file_that_fails_in_the_middle_never_appears() {
    let world = World::shared().await;
    let (ana, liar, record) = ana_and_a_liar(&world).await;
    let last = Arc::new(std::sync::Mutex::new(0));
    liar.lie(move |cid, truth| {
        let mut seen = last.lock().unwrap();
        *seen += usize::from(cid.codec() == 0x55);
        if *seen > 2 { Lie::Bytes(flipped(truth, 9)) } else { Lie::None }
    });
    let folder = tempfile::tempdir().unwrap();
    refused(ana.open(&record).to_file(folder.path().join("scan.bin")).await, ErrorKind::Integrity);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_old_keyring_is_not_taken_for_the_new_one() {
    let world = World::shared().await;
    let liar = Liar::before(store_of(&world));
    let (ana, lee, tom) = (world.person().await, world.registered().await, world.registered().await);
    let mia_identity = world.funded().0;
    let mia = world.system.client(mia_identity.clone());
    mia.register().await.unwrap();
    for reader in [&lee, &tom, &mia] {
        ana.grant(reader.address()).await.unwrap();
    }
    let keyring = async |revoked: &Client| {
        ana.revoke(revoked.address()).await.unwrap();
        let journal = hospital_record::ledger::Journal::new(world.system.contract().clone());
        let (history, _) = journal.read(ana.address(), None).await.unwrap();
        match history.entries().last().unwrap().event {
            hospital_record::ledger::Event::AccessRevoked { keyring, .. } => keyring,
            other => panic!("{other:?}"),
        }
    };
    let (old, new) = (keyring(&lee).await, keyring(&tom).await);
    let record = ana.add(note("x")).await.unwrap().record;

    let cid =
        |digest: hospital_record::alloy::primitives::B256| hospital_record_core::id::Digest(digest.0).dag_cbor_cid();
    let (old, new) = (store_of(&world).get(&cid(old)).await.unwrap(), cid(new));
    liar.lie(move |cid, _| if *cid == new { Lie::Bytes(old.clone()) } else { Lie::None });
    let mia = machine(&world, vec![liar.clone()]).await.client(mia_identity);
    refused(mia.open(&record).await, ErrorKind::Integrity);
    liar.lie(|_, _| Lie::None);
    assert_eq!(mia.open(&record).await.unwrap().bytes, "x");
}

#[tokio::test]
async fn second_store_gives_what_the_first_lies_about() {
    let world = World::shared().await;
    let liar = Liar::before(store_of(&world));
    let identity = world.funded().0;
    let record = world.system.client(identity.clone()).add(note("x")).await.unwrap().record;
    liar.lie(|_, truth| Lie::Bytes(flipped(truth, 0)));
    let ana = machine(&world, vec![liar, store_of(&world)]).await.client(identity);
    assert_eq!(ana.open(&record).await.unwrap().bytes, "x");
}

#[tokio::test]
async fn record_that_a_store_discards_is_not_registered() {
    let world = World::shared().await;
    let liar = Liar::before(store_of(&world));
    let system = machine(&world, vec![liar.clone()]).await;
    let ana = system.client(world.funded().0);
    ana.register().await.unwrap();
    liar.swallow();
    refused(ana.add(note("x")).await, ErrorKind::NotAvailable);
    refused(ana.add(Source::bytes("large.bin", data::bytes("large", 2 * MIB))).await, ErrorKind::NotAvailable);
    let history = world.system.history(ana.address()).await.unwrap();
    assert_eq!(history.entries.len(), 1, "the profile alone");
}
