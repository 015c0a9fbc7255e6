//! An RPC provider may refuse service. Whatever it says, nobody is fooled about keys, rights or history.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hospital_record::{
    Client, Config, ErrorKind, Identity,
    alloy::{
        primitives::B256,
        sol_types::{SolCall, SolEvent},
    },
};
use hospital_record_contracts::IHospitalRecord::{
    AccessGranted, AccessRevoked, RecordAdded, canAccessCall, journalHeadOfCall, profileOfCall,
};
use hospital_record_tests::{faults, proxy::Proxy, world::World};
use serde_json::Value;

use crate::{note, refused};

fn selector<C: SolCall>() -> String {
    format!("0x{}", hex::encode(C::SELECTOR))
}

fn is_event(log: &Value, topic: B256) -> bool {
    log["topics"][0].as_str() == Some(&topic.to_string())
}

/// Ana with a history of profile, record, grant, revocation.
async fn with_a_history(world: &World) -> Client {
    let (ana, lee) = (world.person().await, world.registered().await);
    ana.add(note("x")).await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    ana.revoke(lee.address()).await.unwrap();
    ana
}

#[tokio::test]
async fn swapped_profile_gets_no_key() {
    let world = World::shared().await;
    let (lee, mallory) = (world.registered().await, world.registered().await);
    let card = lee.card().await.unwrap();
    let mallorys = mallory.card().await.unwrap().profile;
    let proxy = world.proxy();
    let identity = world.funded().0;
    let ana = world.machine_behind(&proxy).await.client(identity);
    ana.register().await.unwrap();

    proxy.rule(faults::forge_view(&selector::<profileOfCall>(), &mallorys.to_string()));
    refused(ana.grant(lee.address()).await, ErrorKind::Integrity);
    let error = ana.grant(&card).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::KeyChanged | ErrorKind::Integrity), "{error}");
    let error = ana.contacts().add("Dr Lee", &card).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::KeyChanged | ErrorKind::Integrity), "{error}");
    proxy.clear();
    assert!(ana.grants().list().await.unwrap().is_empty());

    // Once she knows Dr Lee's keys, another profile of the same provider is a changed key.
    ana.contacts().add("Dr Lee", &card).await.unwrap();
    proxy.rule(faults::forge_view(&selector::<profileOfCall>(), &mallorys.to_string()));
    refused(ana.grant(lee.address()).await, ErrorKind::KeyChanged);
}

#[tokio::test]
async fn hidden_event_is_missed() {
    let world = World::shared().await;
    let ana = with_a_history(&world).await;
    let proxy = world.proxy();
    for topic in [RecordAdded::SIGNATURE_HASH, AccessGranted::SIGNATURE_HASH, AccessRevoked::SIGNATURE_HASH] {
        let machine = world.machine_behind(&proxy).await;
        proxy.rule(faults::hide_logs(move |log| is_event(log, topic)));
        refused(machine.history(ana.address()).await, ErrorKind::Integrity);
        proxy.clear();
        assert_eq!(machine.history(ana.address()).await.unwrap().entries.len(), 4);
    }
}

#[tokio::test]
async fn changed_event_is_noticed() {
    let world = World::shared().await;
    let ana = with_a_history(&world).await;
    let proxy = world.proxy();
    let machine = world.machine_behind(&proxy).await;
    // The right was to read; now it says read and contribute.
    proxy.rule(faults::edit_logs(|mut logs| {
        for log in logs.iter_mut().filter(|log| is_event(log, AccessGranted::SIGNATURE_HASH)) {
            let data = log["data"].as_str().unwrap();
            log["data"] = format!("{}3{}", &data[..65], &data[66..]).into();
        }
        logs
    }));
    refused(machine.history(ana.address()).await, ErrorKind::Integrity);
    proxy.clear();
    proxy.rule(faults::edit_logs(|mut logs| {
        logs.reverse();
        logs
    }));
    assert_eq!(machine.history(ana.address()).await.unwrap().entries.len(), 4, "order is no matter of trust");
}

#[tokio::test]
async fn added_event_is_no_part_of_the_history() {
    let world = World::shared().await;
    let ana = with_a_history(&world).await;
    let proxy = world.proxy();
    let honest = world.system.history(ana.address()).await.unwrap();
    let (machine, mallory) = (world.machine_behind(&proxy).await, world.person().await);
    let (told, grantee) = (Arc::new(AtomicUsize::new(0)), mallory.address().into_word().to_string());
    let count = told.clone();
    // Her grant to Dr Lee once more, to somebody else.
    proxy.rule(faults::edit_logs(move |mut logs| {
        let granted = logs.iter().position(|log| is_event(log, AccessGranted::SIGNATURE_HASH));
        if let Some(place) = granted {
            let mut forged = logs[place].clone();
            forged["topics"][3] = grantee.as_str().into();
            logs.insert(place, forged);
            count.fetch_add(1, Ordering::Relaxed);
        }
        logs
    }));
    let history = machine.history(ana.address()).await.unwrap();
    assert!(told.load(Ordering::Relaxed) > 0, "the event was told");
    assert_eq!(history.entries, honest.entries);
}

#[tokio::test]
async fn forged_head_opens_no_history() {
    let world = World::shared().await;
    let ana = with_a_history(&world).await;
    let proxy = world.proxy();
    let machine = world.machine_behind(&proxy).await;
    let head = machine.history(ana.address()).await.unwrap().head();

    let nonsense = B256::repeat_byte(7).to_string();
    let mut changed = head;
    changed.0[0] ^= 1;
    for forged in [nonsense, changed.to_string()] {
        forge_head(&proxy, &forged);
        let error = world.machine_behind(&proxy).await.history(ana.address()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
    }
    proxy.clear();
}

#[tokio::test]
async fn client_that_knows_a_later_head_notices_a_shortened_history() {
    let world = World::with_own_chain().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    ana.add(note("x")).await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    let proxy = world.proxy();
    let machine = world.machine_behind(&proxy).await;
    let early = machine.history(ana.address()).await.unwrap().head();
    ana.revoke(lee.address()).await.unwrap();
    let late = machine.history(ana.address()).await.unwrap().head();
    // Chains reorganise near their end; not as deep as this.
    world.anvil.mine(100);

    forge_head(&proxy, &early.to_string());
    refused(machine.history(ana.address()).await, ErrorKind::Integrity);
    let stranger = world.machine_behind(&proxy).await;
    refused(stranger.history(ana.address()).trusted_head(late).await, ErrorKind::Integrity);
    let history = stranger.history(ana.address()).await.unwrap();
    assert!(!history.completeness.is_proven(), "all that can be said is who told it");
}

#[tokio::test]
async fn reader_is_not_helped_by_a_provider_that_says_yes() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let (ana, identity) = (world.person().await, world.funded().0);
    let lee = world.machine_behind(&proxy).await.client(identity);
    lee.register().await.unwrap();
    let record = ana.add(note("x")).await.unwrap().record;
    proxy.rule(faults::forge_view(&selector::<canAccessCall>(), &B256::with_last_byte(1).to_string()));
    refused(lee.open(&record).unlogged().await, ErrorKind::Denied);
    assert!(lee.open(&record).await.is_err());
}

/// What Ana's history was before she granted, and how she connects: through the proxy, with a witness.
async fn with_a_witness(world: &World, proxy: &Proxy) -> (Identity, B256, Config) {
    let (identity, lee) = (world.funded().0, world.registered().await);
    let ana = world.system.client(identity.clone());
    ana.add(note("x")).await.unwrap();
    let early = world.system.history(ana.address()).await.unwrap().head();
    ana.grant(lee.address()).await.unwrap();
    let config = world.config_of(&proxy.url(), &world.kubo.url());
    (identity, early, config.witness(world.anvil.url()))
}

#[tokio::test]
async fn witness_exposes_a_provider_that_shows_an_older_state() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let (identity, early, config) = with_a_witness(&world, &proxy).await;
    let ana = identity.address();
    forge_head(&proxy, &early.to_string());
    let alone = world.machine_behind(&proxy).await;
    assert_eq!(alone.history(ana).await.unwrap().entries.len(), 2, "who has seen nothing newer believes it");

    let witnessed = config.connect().await.unwrap();
    let error = refused(witnessed.history(ana).await, ErrorKind::Integrity);
    assert!(error.to_string().contains("different histories"), "{error}");
    let client = witnessed.client(identity);
    refused(client.add(note("sealed to readers of then")).await, ErrorKind::Integrity);
    refused(client.list().await, ErrorKind::Integrity);
    proxy.clear();
    let history = witnessed.history(ana).await.unwrap();
    assert!(history.completeness.is_proven() && history.entries.len() == 3);
}

#[tokio::test]
async fn provider_that_lags_behind_its_witness_is_waited_for() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let (identity, early, config) = with_a_witness(&world, &proxy).await;
    let witnessed = config.connect().await.unwrap();
    let late = faults::forge_view(&selector::<journalHeadOfCall>(), &early.to_string());
    proxy.rule(faults::limited(2, late));
    let history = witnessed.history(identity.address()).await.unwrap();
    assert!(history.completeness.is_proven() && history.entries.len() == 3);
}

#[tokio::test]
async fn witness_is_believed_no_more_than_the_provider() {
    let world = World::shared().await;
    let proxy = world.proxy();
    let (identity, early, _) = with_a_witness(&world, &proxy).await;
    let config = || world.config().witness(proxy.url());
    let history = async || config().connect().await.unwrap().history(identity.address()).await;
    forge_head(&proxy, &B256::repeat_byte(7).to_string());
    refused(history().await, ErrorKind::Integrity);
    // What it does not know yet may be invented: it is waited for, and then nothing is believed.
    forge_head(&proxy, &early.to_string());
    refused(history().await, ErrorKind::Integrity);
    proxy.clear();
    proxy.rule(faults::status("eth_call", 403, usize::MAX));
    assert!(history().await.is_err(), "one that says nothing is no reason to go on without");
}

fn forge_head(proxy: &Proxy, head: &str) {
    proxy.clear();
    proxy.rule(faults::forge_view(&selector::<journalHeadOfCall>(), head));
}
