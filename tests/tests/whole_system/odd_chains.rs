//! Chains on which gas is free or blocks are small, and nodes that lack methods or lag.

use std::{collections::BTreeSet, time::Duration, time::Instant};

use hospital_record::{ErrorKind, Identity, Source};
use hospital_record_tests::{anvil::Anvil, faults, world::World};

use crate::{note, refused};

#[tokio::test]
async fn nobody_needs_ether_where_gas_is_free() {
    let world = World::on(Anvil::for_free()).await;
    let system = world.machine().await;
    let [ana, lee] = [0, 1].map(|_| system.client(Identity::generate().unwrap().0));
    lee.register().await.unwrap();
    let record = ana.add(note("x")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "x");
    ana.revoke(lee.address()).await.unwrap();
    assert!(ana.balance().await.unwrap().is_zero());
}

#[tokio::test]
async fn list_is_split_by_what_a_block_takes_before_anything_is_uploaded() {
    let world = World::with_own_chain().await;
    let ana = world.registered().await;
    world.anvil.set_block_gas(2_500_000);
    let notes = (0..100).map(|n| Source::bytes(format!("{n}.txt"), "result"));
    let added = ana.add_many(notes).await.unwrap();
    let transactions: BTreeSet<_> = added.iter().map(|added| added.transaction).collect();
    assert_eq!((added.len(), transactions.len()), (100, 3));

    world.anvil.set_block_gas(150_000);
    let error = refused(ana.add(note("x")).await, ErrorKind::Refused);
    assert!(error.to_string().contains("150000 gas"), "{error}");
}

#[tokio::test]
async fn node_without_the_newer_methods_is_enough() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let ana = world.machine_behind(&proxy).await.client(world.funded().0);
    for method in ["eth_feeHistory", "eth_maxPriorityFeePerGas"] {
        proxy.rule(faults::lacks(method));
        ana.add(note("x")).await.unwrap();
    }
    assert!(proxy.count("eth_gasPrice") > 0);
}

#[tokio::test]
async fn node_that_is_a_block_behind_is_asked_again() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let ana = world.machine_behind(&proxy).await.client(world.funded().0);
    ana.register().await.unwrap();
    for words in ["header not found", "unknown block", "block range extends beyond current head block", "not here"] {
        for method in ["eth_call", "eth_getLogs"] {
            proxy.rule(faults::refuse(method, -32000, words, 2));
        }
        ana.add(note("x")).await.unwrap();
        proxy.clear();
    }
    assert_eq!(ana.list().await.unwrap().len(), 4);
}

#[tokio::test]
async fn wrong_rpc_is_reported_at_once() {
    let world = World::shared().await;
    let (empty, other) = (Anvil::empty(31337), Anvil::empty(777));
    for (url, kind, cause) in [
        ("http://127.0.0.1:1".to_owned(), ErrorKind::Unreachable, "Connection refused"),
        ("http://no-such-host.invalid".to_owned(), ErrorKind::Unreachable, "dns error"),
        (format!("http://{}", world.kubo.url().rsplit('/').next().unwrap()), ErrorKind::Unreachable, "HTTP status 404"),
        (other.url(), ErrorKind::WrongContract, "chain 777"),
        (empty.url(), ErrorKind::WrongContract, "no contract"),
    ] {
        let started = Instant::now();
        let config = world.config_of(&url, &world.kubo.url()).chain_id(31337);
        let error = refused(config.connect().await, kind);
        assert!(started.elapsed() < Duration::from_secs(2), "{url}: {:?}", started.elapsed());
        assert!(error.to_string().contains(cause), "{error}");
    }
}
