//! What was stored and never registered, on a node that keeps only what the chain names.

use std::{path::Path, thread, time::Duration};

use hospital_record::{Client, Confidentiality, Identity, Source, System, store::Block};
use hospital_record_tests::{anvil::Anvil, data, node::Node};

use crate::restored::{Machine, books, person, put};

/// A member of a board, whose blocks are on this node too.
async fn somebody(node: &Node, home: &Path) -> Client {
    let system = System::builder().join(node.url()).state_dir(home).connect().await.unwrap();
    let client = system.client(Identity::generate().unwrap().0);
    client.register().await.unwrap();
    client
}

/// The bytes under pins. Blocks without a pin go by themselves.
fn pinned(node: &Node) -> Option<String> {
    books(node).into_iter().find(|line| line.contains("pinned_bytes"))
}

#[tokio::test]
async fn pins_that_the_chain_does_not_name_end_and_all_others_stay() {
    let (machine, anvil) = (Machine::new(), Anvil::start());
    let mut node = machine.starts_on(&anvil);
    let homes = [(); 4].map(|()| tempfile::tempdir().unwrap());
    let ana = person(&node, &homes[0], Identity::generate().unwrap().0).await;
    let [kim, eva, lee] = [
        somebody(&node, homes[1].path()).await,
        somebody(&node, homes[2].path()).await,
        somebody(&node, homes[3].path()).await,
    ];
    let record = ana.add(Source::bytes("a.txt", "before")).folder("ward").await.unwrap().record;
    let board = kim.boards().create(2, &[kim.address(), eva.address()]).await.unwrap().board;
    ana.boards().grant(&board).folder("ward").await.unwrap();
    ana.grant(lee.address()).folder("ward").await.unwrap();
    lee.open(&record).await.unwrap();
    // The new keys are dealt to the board, and only the keyring names this deal.
    ana.revoke(lee.address()).folder("ward", Confidentiality::N).await.unwrap();
    let later = ana.add(Source::bytes("b.txt", "after")).folder("ward").await.unwrap().record;
    let kept = pinned(&node);
    put(&node, &Block::new(0x55, data::bytes("never registered", 300_000))).await;
    assert_ne!(pinned(&node), kept);

    node.stop();
    let state = node.state().to_owned();
    machine.goes_on(&mut node, state, &["--unnamed", "1", "--unpinned", "1"]);
    // Ages count from the newest block: what a provider that lags does not know yet is not unnamed.
    let with_stray = pinned(&node);
    thread::sleep(Duration::from_secs(4));
    assert!(pinned(&node) == with_stray && with_stray != kept);
    anvil.mine(1);
    let mut rounds = 0;
    while pinned(&node) != kept {
        assert!(rounds < 600, "{:?} and not {kept:?}: {}", pinned(&node), node.log());
        thread::sleep(Duration::from_millis(100));
        rounds += 1;
    }
    thread::sleep(Duration::from_secs(3));
    assert_eq!(pinned(&node), kept);
    for record in [&record, &later] {
        ana.open(record).await.unwrap();
    }
    kim.boards().open_case(&board, ana.address()).to(lee.address()).reason("at night").await.unwrap();
}
