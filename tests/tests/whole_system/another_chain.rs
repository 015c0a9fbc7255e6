//! The provider is on another chain all of a sudden, or its chain begins anew: this is reported, nothing is sent there, and
//! nothing of it is believed afterwards.

use std::time::Duration;

use hospital_record::{Client, Confidentiality, Config, Error, ErrorKind, Identity, RecordRef};
use hospital_record_tests::{
    anvil::{Anvil, hex_number},
    door::Door,
    faults,
    proxy::Act,
    world::World,
};
use serde_json::{Value, json};

use crate::{note, refused};

const SEND: &str = "eth_sendRawTransaction";

/// Ana on a running system whose provider can change, and Lee who may read.
struct Ward {
    world: World,
    door: Door,
    config: Config,
    identity: Identity,
    ana: Client,
    lee: Client,
    record: RecordRef,
}

impl Ward {
    async fn new() -> Self {
        Self::that_waits(Duration::from_secs(5)).await
    }

    /// Acts give up after so long.
    async fn that_waits(timeout: Duration) -> Self {
        let world = World::with_own_chain().await;
        let door = Door::before(world.anvil.address());
        let rpc = format!("http://{}", door.address());
        let config = world.config_of(&rpc, &world.kubo.url()).timeout(timeout);
        let system = config.clone().connect().await.unwrap();
        let (identity, lee) = (world.funded().0, system.client(world.funded().0));
        let ana = system.client(identity.clone());
        lee.register().await.unwrap();
        let record = ana.add(note("kept")).await.unwrap().record;
        ana.grant(lee.address()).contribute().await.unwrap();
        Self { world, door, config, identity, ana, lee, record }
    }

    /// The provider answers from there now, where these people have money too.
    fn moves_to(&self, other: &Anvil) {
        for person in [&self.ana, &self.lee] {
            other.fund(person.address());
        }
        self.door.lead_to(other.address());
    }

    /// What looks at the chain, and what writes to it.
    async fn attempts(&self) -> Vec<(&'static str, Result<(), Error>)> {
        let Self { ana, lee, record, .. } = self;
        let patient = ana.address();
        vec![
            ("history", ana.system().history(patient).await.map(drop)),
            ("list", ana.list().await.map(drop)),
            ("grants", ana.grants().list().await.map(drop)),
            ("open", ana.open(record).await.map(drop)),
            ("open by a reader", lee.open(record).await.map(drop)),
            ("add", ana.add(note("new")).await.map(drop)),
            ("add for another", lee.add(note("result")).patient(patient).await.map(drop)),
            ("replace", ana.replace(record, note("newer")).await.map(drop)),
            ("grant", ana.grant(lee.address()).await.map(drop)),
            ("revoke", ana.revoke(lee.address()).await.map(drop)),
            ("rotate", ana.folders().rotate("personal", Confidentiality::N).await.map(drop)),
            ("mark entered in error", ana.mark_entered_in_error(record).await.map(drop)),
            ("sync", ana.sync().await.map(drop)),
        ]
    }

    /// Nobody sent anything there.
    fn sent_nothing_to(&self, other: &Anvil) {
        for person in [&self.ana, &self.lee] {
            let count = other.rpc("eth_getTransactionCount", json!([person.address(), "pending"]));
            assert_eq!(hex_number(&count), 0);
        }
    }

    /// The right chain is back: everything is as it was, for the running system and for one that finds its state.
    async fn comes_back(&self, before: &hospital_record::History) {
        self.door.lead_to(self.world.anvil.address());
        let again = self.config.clone().connect().await.unwrap();
        for ana in [&self.ana, &again.client(self.identity.clone())] {
            let history = ana.system().history(ana.address()).await.unwrap();
            assert_eq!(history.entries, before.entries);
            assert_eq!(ana.open(&self.record).await.unwrap().bytes, "kept");
            assert_eq!(ana.grants().list().await.unwrap().len(), 1);
            let resumed = ana.resume().await.unwrap();
            assert!(resumed.transaction.is_none() && resumed.finished.is_empty(), "{resumed:?}");
        }
        assert_eq!(self.lee.open(&self.record).await.unwrap().bytes, "kept");
        self.ana.add(note("after")).await.unwrap();
        assert_eq!(self.ana.list().await.unwrap().len(), 2);
    }
}

/// Every attempt ends with an error of one of these kinds, and leaves nothing behind.
async fn all_refuse(ward: &Ward, other: &Anvil, kinds: &[ErrorKind]) {
    let before = ward.ana.system().history(ward.ana.address()).await.unwrap();
    ward.moves_to(other);
    for (name, done) in ward.attempts().await {
        let kind = done.map_err(|error| (error.kind(), error));
        assert!(matches!(&kind, Err((kind, _)) if kinds.contains(kind)), "{name}: {kind:?}");
    }
    ward.sent_nothing_to(other);
    ward.comes_back(&before).await;
}

#[tokio::test]
async fn chain_with_another_id_is_noticed_by_every_verb_and_gets_nothing() {
    let other = Anvil::of_chain(777);
    // As if the newest blocks were another version of ours.
    other.mine(20);
    let ward = Ward::new().await;
    all_refuse(&ward, &other, &[ErrorKind::WrongContract]).await;

    ward.moves_to(&other);
    let unknown = Identity::generate().unwrap().0.address();
    refused(ward.ana.system().history(unknown).await, ErrorKind::WrongContract);
}

#[tokio::test]
async fn chain_without_the_contract_is_noticed_by_every_verb_and_gets_nothing() {
    all_refuse(&Ward::new().await, &Anvil::empty(31337), &[ErrorKind::WrongContract]).await;
}

#[tokio::test]
async fn chain_that_begins_anew_under_its_old_id_is_no_reorganisation() {
    let ward = Ward::new().await;
    ward.world.anvil.mine(100);
    let other = Anvil::start();
    other.mine(200);
    all_refuse(&ward, &other, &[ErrorKind::Integrity, ErrorKind::NotFound]).await;
}

#[tokio::test]
async fn signed_transaction_is_not_given_up_because_another_chain_does_not_know_it() {
    let ward = Ward::that_waits(Duration::from_secs(1)).await;
    ward.world.anvil.set_automine(false);
    refused(ward.ana.add(note("late")).await, ErrorKind::TimedOut);
    let other = Anvil::of_chain(777);
    ward.moves_to(&other);
    refused(ward.ana.resume().await, ErrorKind::WrongContract);
    refused(ward.ana.add(note("another")).await, ErrorKind::WrongContract);
    ward.sent_nothing_to(&other);

    ward.door.lead_to(ward.world.anvil.address());
    ward.world.anvil.set_automine(true);
    let resumed = ward.ana.resume().await.unwrap();
    assert!(resumed.transaction.is_some(), "{resumed:?}");
    assert_eq!((resumed.finished.len(), resumed.removed.len()), (1, 0), "{resumed:?}");
    assert_eq!(ward.ana.list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn transaction_that_is_under_way_when_the_chain_changes_is_kept() {
    let (ward, other) = (Ward::new().await, Anvil::of_chain(777));
    let proxy = ward.world.proxy();
    proxy.rule(faults::lose_answers(SEND, 1));
    proxy.rule(faults::on("eth_getTransactionReceipt", |_| Act::Answer(Value::Null)));
    ward.door.lead_to(proxy.url().trim_start_matches("http://"));
    let (added, ()) = tokio::join!(async { ward.ana.add(note("late")).await }, async {
        while proxy.count(SEND) == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ward.moves_to(&other);
    });
    let error = refused(added, ErrorKind::WrongContract);
    assert!(error.may_have_happened(), "{error}");

    ward.door.lead_to(ward.world.anvil.address());
    let resumed = ward.ana.resume().await.unwrap();
    assert!(resumed.transaction.is_some(), "{resumed:?}");
    assert_eq!((resumed.finished.len(), resumed.removed.len()), (1, 0), "{resumed:?}");
    assert_eq!(ward.ana.list().await.unwrap().len(), 2);
}
