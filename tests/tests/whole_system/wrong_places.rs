//! A chain, contract or store that is not there, or not the right one.

use std::time::Duration;

use hospital_record::{Card, Error, ErrorKind, RecordRef};
use hospital_record_tests::{anvil::Anvil, world::World};
use serde_json::json;

use crate::{note, refused};

/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:1";

#[tokio::test]
async fn chain_without_the_contract_is_refused() {
    let world = World::shared().await;
    let empty = Anvil::empty(31337);
    let error = refused(world.config_of(&empty.url(), &world.kubo.url()).connect().await, ErrorKind::WrongContract);
    assert!(error.to_string().contains(Anvil::contract()), "{error}");
}

#[tokio::test]
async fn contract_of_other_code_is_refused() {
    let world = World::shared().await;
    let anvil = Anvil::start();
    let code = anvil.rpc("eth_getCode", json!([Anvil::contract(), "latest"]));
    let code = code.as_str().unwrap();
    let connect = || world.config_of(&anvil.url(), &world.kubo.url()).connect();
    connect().await.unwrap();
    // One instruction at the end, one byte in the middle, something else altogether.
    let middle = code.len() / 2 / 2 * 2;
    let changed = format!(
        "{}{}{}",
        &code[..middle],
        if &code[middle..middle + 2] == "00" { "01" } else { "00" },
        &code[middle + 2..]
    );
    for other in [format!("{code}00"), changed, "0x00".into()] {
        anvil.rpc("anvil_setCode", json!([Anvil::contract(), other]));
        refused(connect().await, ErrorKind::WrongContract);
    }
}

#[tokio::test]
async fn records_and_cards_of_another_chain_are_refused() {
    let here = World::shared().await;
    let there = World::on_chain(777).await;
    let (ana, bob) = (here.person().await, there.person().await);
    let record = ana.add(note("x")).await.unwrap().record;
    refused(bob.open(&record).await, ErrorKind::Invalid);
    let card: Card = ana.card().await.unwrap();
    refused(bob.contacts().add("Ana", &card).await, ErrorKind::Invalid);
    refused(bob.grant(&card).await, ErrorKind::Invalid);
}

#[tokio::test]
async fn nothing_at_the_rpc_url_is_unreachable() {
    let world = World::shared().await;
    let config = world.config_of(NOWHERE, &world.kubo.url()).timeout(Duration::from_secs(2));
    refused(config.connect().await, ErrorKind::Unreachable);
}

#[tokio::test]
async fn chain_that_stops_is_an_error_in_time() {
    let world = World::with_own_chain().await;
    let system = world.config().timeout(Duration::from_secs(2)).connect().await.unwrap();
    let ana = system.client(world.funded().0);
    ana.register().await.unwrap();
    world.anvil.server().freeze();
    refused(ana.add(note("x")).await, ErrorKind::TimedOut);
    world.anvil.server().thaw();
    ana.add(note("x")).await.unwrap();
}

#[tokio::test]
async fn store_that_is_down_leaves_nothing_on_chain() {
    let world = World::shared().await;
    let store = NOWHERE.replace("http", "kubo+http");
    let config = world.config_of(&world.anvil.url(), &store).timeout(Duration::from_secs(2));
    let ana = config.connect().await.unwrap().client(world.funded().0);
    refused(ana.add(note("x")).await, ErrorKind::Unreachable);
    assert!(world.system.history(ana.address()).await.unwrap().entries.is_empty());
}

#[tokio::test]
async fn store_that_stops_answering_is_an_error_in_time() {
    let world = World::with_own_node().await;
    let system = world.config().timeout(Duration::from_secs(2)).connect().await.unwrap();
    let ana = system.client(world.funded().0);
    let record = ana.add(note("x")).await.unwrap().record;
    world.kubo.server().freeze();
    refused(ana.add(note("y")).await, ErrorKind::TimedOut);
    refused(ana.open(&record).await, ErrorKind::TimedOut);
    world.kubo.server().thaw();
    assert_eq!(ana.open(&record).await.unwrap().bytes, "x");
    ana.resume().await.unwrap();
    ana.add(note("y")).await.unwrap();
    assert_eq!(ana.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn record_that_nobody_added_is_not_found() {
    let world = World::shared().await;
    let (ana, bob) = (world.person().await, world.person().await);
    let record = ana.add(note("x")).await.unwrap().record;
    let bobs = RecordRef { patient: bob.address(), ..record };
    refused(bob.open(&bobs).await, ErrorKind::NotFound);
}

#[test]
fn malformed_records_and_cards_say_what_is_wrong() {
    let record = format!("hospital-record:31337:{0}:{0}:0x{1}", Anvil::contract(), "ab".repeat(32));
    record.parse::<RecordRef>().unwrap();
    let wrong = [
        String::new(),
        record.replace("hospital-record", "hospital"),
        record.replace("31337", "one"),
        record.replacen(Anvil::contract(), &Anvil::contract().to_uppercase(), 1),
        record.replacen(Anvil::contract(), "0x12", 1),
        record[..record.len() - 2].to_owned(),
        format!("{record}:more"),
    ];
    for text in wrong {
        assert_eq!(text.parse::<RecordRef>().unwrap_err().kind(), ErrorKind::Invalid, "{text}");
        assert_eq!(text.parse::<Card>().unwrap_err().kind(), ErrorKind::Invalid, "{text}");
    }
}

#[tokio::test]
async fn state_directory_is_held_to_the_first_chain_and_contract() {
    let world = World::with_own_chain().await;
    let state = tempfile::tempdir().unwrap();
    let config = |anvil: &Anvil| world.config_of(&anvil.url(), &world.kubo.url()).state_dir(state.path());
    let empty = Anvil::empty(777);
    refused(config(&empty).connect().await, ErrorKind::WrongContract);
    config(&world.anvil).connect().await.unwrap();
    let other = Anvil::of_chain(777);
    let error = refused(config(&other).connect().await, ErrorKind::WrongContract);
    let (file, contract) = (state.path().join("deployment.json"), Anvil::contract().parse().unwrap());
    assert!(
        matches!(&error, Error::OtherDeployment { file: named, pinned, found }
        if (named, pinned, found) == (&file, &(31337, contract), &(777, contract))),
        "{error}"
    );
    config(&world.anvil).connect().await.unwrap();
    // A person may mean it.
    std::fs::remove_file(file).unwrap();
    config(&other).connect().await.unwrap();
}

#[tokio::test]
async fn chain_that_was_named_is_the_only_one() {
    let world = World::shared().await;
    let connect = |id: u64| world.config_of(&world.anvil.url(), &world.kubo.url()).chain_id(id).connect();
    connect(31337).await.unwrap();
    let error = refused(connect(1).await, ErrorKind::WrongContract);
    assert!(error.to_string().contains("is on chain 31337, not 1"), "{error}");
}
