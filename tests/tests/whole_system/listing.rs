//! Listing again: what was verified once is not asked for again.

use hospital_record::{Source, System};
use hospital_record_tests::world::World;

/// Nothing listens there.
const NOBODY: &str = "kubo+http://127.0.0.1:9";

#[tokio::test]
async fn a_second_list_asks_only_for_what_is_new() {
    let world = World::shared().await;
    let (identity, _) = world.funded();
    let proxy = world.proxy();
    let disk = tempfile::tempdir().unwrap();
    let machine = |store: &str| System::builder().rpc(proxy.url()).store(store).state_dir(disk.path()).connect();
    let ana = machine(&world.kubo.url()).await.unwrap().client(identity.clone());
    ana.add_many((0..3).map(|n| Source::bytes(format!("{n}.txt"), "result"))).await.unwrap();
    assert_eq!(ana.list().await.unwrap().len(), 3);
    let head = world.system.contract().journal_head_of(ana.address(), None).await.unwrap();
    let verified = head[24..29].iter().fold(0, |block, byte| block << 8 | u64::from(*byte));

    proxy.forget_calls();
    let restarted = machine(NOBODY).await.unwrap().client(identity.clone());
    let listed = restarted.list().await.unwrap();
    assert!(listed.len() == 3 && listed.iter().all(|record| record.metadata().is_some()), "{listed:?}");
    assert_eq!(proxy.count("eth_getLogs"), 0, "no event is new");

    let elsewhere = world.machine().await.client(identity.clone());
    elsewhere.add(Source::bytes("new.txt", "new")).await.unwrap();
    proxy.forget_calls();
    let listed = machine(NOBODY).await.unwrap().client(identity.clone()).list().await.unwrap();
    let readable: Vec<bool> = listed.iter().map(|record| record.metadata().is_some()).collect();
    assert_eq!(readable, [false, true, true, true], "only the new one needs the store");
    let asked = proxy.params("eth_getLogs");
    assert_eq!(asked.len(), 1, "{asked:?}");
    let from = hospital_record_tests::anvil::hex_number(&asked[0][0]["fromBlock"]);
    assert!(from >= verified, "from block {from}, though all up to {verified} was known");
}
