//! An RPC provider may refuse service. Whatever it says, nobody is fooled about keys, rights or history.

use hospital_record::{
    Client, ErrorKind,
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
    let error = ana.add_contact("Dr Lee", &card).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::KeyChanged | ErrorKind::Integrity), "{error}");
    proxy.clear();
    assert!(ana.grants().await.unwrap().is_empty());

    // Once she knows Dr Lee's keys, another profile of the same provider is a changed key.
    ana.add_contact("Dr Lee", &card).await.unwrap();
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
    let machine = world.machine_behind(&proxy).await;
    proxy.rule(faults::edit_logs(|mut logs| {
        let forged = logs.iter().find(|log| is_event(log, RecordAdded::SIGNATURE_HASH)).cloned();
        logs.extend(forged.map(|mut log| {
            log["data"] = log["data"].as_str().unwrap().replace('a', "b").into();
            log
        }));
        logs
    }));
    match machine.history(ana.address()).await {
        Ok(history) => assert_eq!(history.entries.len(), 4),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Integrity, "{error}"),
    }
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
async fn shortened_history_is_noticed_by_who_knows_more() {
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

fn forge_head(proxy: &Proxy, head: &str) {
    proxy.clear();
    proxy.rule(faults::forge_view(&selector::<journalHeadOfCall>(), head));
}
