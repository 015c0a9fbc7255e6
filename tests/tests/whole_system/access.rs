//! Who may open what, and from when on no more.

use std::time::Duration;

use hospital_record::{
    Client, Confidentiality, Error, ErrorKind, HistoryEntry, Identity, Rights, Status, U256,
    grant::GrantScope,
    ledger::{Event, folder_scope},
};
use hospital_record_tests::{
    faults,
    insider::Insider,
    proxy::{Gate, Proxy},
    world::World,
};

use crate::{note, refused, store_of};

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn grant_ends_when_the_chains_clock_says_so() {
    let world = World::with_own_chain().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let record = ana.add(note("x")).await.unwrap().record;
    ana.grant(lee.address()).until(world.now() + DAY).await.unwrap();
    world.advance(DAY - Duration::from_secs(600));
    lee.open(&record).await.unwrap();

    world.advance(Duration::from_secs(601));
    refused(lee.open(&record).await, ErrorKind::Denied);
    refused(lee.open(&record).unlogged().await, ErrorKind::Denied);
    assert!(!ana.grants().list().await.unwrap()[0].live);
}

#[tokio::test]
async fn grant_on_one_record_opens_that_record_alone() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let shown = ana.add(note("shown")).await.unwrap().record;
    let hidden = ana.add(note("hidden")).await.unwrap().record;
    ana.grant(lee.address()).record(&shown).await.unwrap();

    assert_eq!(lee.open(&shown).await.unwrap().bytes, "shown");
    refused(lee.open(&hidden).await, ErrorKind::Denied);
    assert_eq!(ana.grants().list().await.unwrap()[0].scope, GrantScope::Record(shown));
    ana.revoke(lee.address()).record(&shown).await.unwrap();
    refused(lee.open(&shown).await, ErrorKind::Denied);
}

#[tokio::test]
async fn revoked_reader_holds_no_key_of_a_later_record() {
    let world = World::shared().await;
    let (ana, mia, lee) = (world.person().await, world.registered().await, Insider::new());
    world.anvil.fund(lee.address());
    lee.client(&world.system).register().await.unwrap();
    let store = store_of(&world);
    let before = ana.add(note("before")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    ana.grant(mia.address()).await.unwrap();
    assert!(lee.crack(&world.system, &*store, &before).await.is_some(), "the attack works where it should");

    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert_eq!(revoked.ended, 1);
    let after = ana.add(note("after")).await.unwrap().record;
    assert!(lee.crack(&world.system, &*store, &after).await.is_none());
    assert_eq!(mia.open(&before).await.unwrap().bytes, "before");
    assert_eq!(mia.open(&after).await.unwrap().bytes, "after", "who remains reads on");

    ana.grant(lee.address()).await.unwrap();
    assert_eq!(lee.client(&world.system).open(&after).await.unwrap().bytes, "after", "who is back reads all");
}

#[tokio::test]
async fn revocation_in_a_hurry_protects_the_next_record() {
    let world = World::shared().await;
    let (ana, mia, lee) = (world.person().await, world.registered().await, Insider::new());
    world.anvil.fund(lee.address());
    lee.client(&world.system).register().await.unwrap();
    ana.add(note("before")).await.unwrap();
    ana.grant(lee.address()).await.unwrap();
    ana.grant(mia.address()).await.unwrap();

    ana.revoke(lee.address()).in_a_hurry().await.unwrap();
    let after = ana.add(note("after")).await.unwrap().record;
    assert!(lee.crack(&world.system, &*store_of(&world), &after).await.is_none());
    assert_eq!(mia.open(&after).await.unwrap().bytes, "after");
}

#[tokio::test]
async fn two_devices_revoking_at_once_readmit_nobody() {
    // In a hurry, the phone names no keyring whose readers could be compared: what is dirty is told by the chain alone.
    for hurry in [false, true] {
        let ward = Devices::new().await;
        ward.revoke_at_once(hurry).await;
        ward.keys_have_moved().await;
        let after = ward.phone.add(note("after")).await.unwrap().record;
        let store = store_of(&ward.world);
        for person in [&ward.lee, &ward.mia] {
            assert!(person.crack(&ward.world.system, &*store, &after).await.is_none());
        }
        assert_eq!(ward.laptop.open(&after).await.unwrap().bytes, "after");
    }
}

/// One patient's phone and laptop, and two readers who know more than our client would tell them.
struct Devices {
    world: World,
    phone: Client,
    laptop: Client,
    /// Before the laptop.
    proxy: Proxy,
    lee: Insider,
    mia: Insider,
}

impl Devices {
    async fn new() -> Self {
        let world = World::shared().await;
        let (lee, mia) = (Insider::new(), Insider::new());
        for person in [&lee, &mia] {
            world.anvil.fund(person.address());
            person.client(&world.system).register().await.unwrap();
        }
        let (identity, _) = world.funded();
        let phone = world.machine().await.client(identity.clone());
        let proxy = world.proxy();
        let laptop = world.machine_behind(&proxy).await.client(identity);
        phone.grant(lee.address()).await.unwrap();
        phone.grant(mia.address()).await.unwrap();
        laptop.list().await.unwrap();
        Self { world, phone, laptop, proxy, lee, mia }
    }

    /// The laptop signs its revocation of Mia, with a keyring for Lee, and is held up until the phone has revoked Lee.
    async fn revoke_at_once(&self, hurry: bool) {
        let gate = Gate::default();
        self.proxy.rule(faults::hold("eth_sendRawTransaction", &gate, 1));
        let on_the_phone = async {
            while self.proxy.count("eth_sendRawTransaction") == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let revoke = self.phone.revoke(self.lee.address());
            let revoked = if hurry { revoke.in_a_hurry().await } else { revoke.await };
            gate.open();
            revoked
        };
        let (first, second) = tokio::join!(on_the_phone, async { self.laptop.revoke(self.mia.address()).await });
        assert_eq!(first.unwrap().keys_moved, !hurry);
        assert!(second.unwrap().keys_moved);
        assert!(self.phone.grants().list().await.unwrap().is_empty());
    }

    /// The laptop's keyring came too late and does not count; so the keys moved once more, before anybody adds.
    async fn keys_have_moved(&self) {
        let history = self.world.system.history(self.phone.address()).await.unwrap();
        let [.., lees, mias, last] = &history.entries[..] else { panic!("{history}") };
        let named =
            |entry: &HistoryEntry| matches!(entry.event, Event::AccessRevoked { keyring, .. } if !keyring.is_zero());
        assert!(
            matches!(lees.event, Event::AccessRevoked { grantee, .. } if grantee == self.lee.address()),
            "{history}"
        );
        assert!(matches!(mias.event, Event::AccessRevoked { .. }) && !named(mias), "{history}");
        assert!(matches!(last.event, Event::KeysRotated { .. }), "{history}");
    }
}

#[tokio::test]
async fn revoking_one_folder_leaves_the_others() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let heart = ana.add(note("heart")).folder("heart").await.unwrap().record;
    let skin = ana.add(note("skin")).folder("skin").await.unwrap().record;
    ana.grant(lee.address()).folder("heart").await.unwrap();
    ana.grant(lee.address()).folder("skin").await.unwrap();
    ana.revoke(lee.address()).folder("heart", Confidentiality::N).await.unwrap();
    refused(lee.open(&heart).await, ErrorKind::Denied);
    assert_eq!(lee.open(&skin).await.unwrap().bytes, "skin");
    refused(ana.revoke(lee.address()).folder("heart", Confidentiality::N).await, ErrorKind::NotFound);
}

#[tokio::test]
async fn grants_show_account_rights_scope_and_end() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let card = lee.card().await.unwrap();
    ana.grant(&card).name("Dr Lee").folder("heart").no_end().await.unwrap();
    let grants = ana.grants().list().await.unwrap();
    let [grant] = &grants[..] else { panic!("{grants:?}") };
    assert_eq!((grant.grantee, grant.name.as_deref()), (lee.address(), Some("Dr Lee")));
    assert_eq!((grant.rights, grant.expires, grant.live), (Rights::READ, None, true));
    let shared = lee.grants().received().await.unwrap();
    assert_eq!(shared.grants.len(), 1);
    assert_eq!(shared.grants[0].patient, ana.address());
}

#[tokio::test]
async fn grantee_can_give_its_access_back() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let record = ana.add(note("x")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    let GrantScope::Folder { number, .. } = lee.grants().received().await.unwrap().grants[0].scope else { panic!() };
    lee.grants().renounce(ana.address(), folder_scope(number).into()).await.unwrap();
    refused(lee.open(&record).await, ErrorKind::Denied);
}

#[tokio::test]
async fn impossible_grants_are_refused_before_anything_is_sent() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, world.registered().await);
    let record = ana.add(note("x")).await.unwrap().record;
    refused(ana.grant(ana.address()).await, ErrorKind::Invalid);
    refused(ana.grant(world.person().await.address()).await, ErrorKind::NotFound);
    refused(ana.grant(lee.address()).until(world.now() - DAY).await, ErrorKind::Invalid);
    refused(ana.grant(lee.address()).record(&record).contribute().await, ErrorKind::Invalid);
    refused(lee.grant(ana.address()).record(&record).await, ErrorKind::Invalid);
    refused(lee.grant(world.registered().await.address()).record(&record).await, ErrorKind::Denied);
    refused(ana.revoke(lee.address()).await, ErrorKind::NotFound);
    assert!(ana.grants().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn account_without_ether_learns_how_much_it_needs() {
    let world = World::shared().await;
    let (ana, poor) = (world.person().await, world.system.client(Identity::generate().unwrap().0));
    let error = poor.add(note("x")).await.unwrap_err();
    let Error::Unfunded { account, needed } = error else { panic!("{error}") };
    assert_eq!(account, poor.address());
    world.anvil.set_balance(account, &format!("{:#x}", needed * U256::from(4)));
    poor.add(note("x")).await.unwrap();
    drop(ana);
}

#[tokio::test]
async fn replaced_record_is_superseded_and_reencrypted_one_opens_with_no_old_key() {
    let world = World::shared().await;
    let (ana, lee) = (world.person().await, Insider::new());
    world.anvil.fund(lee.address());
    lee.client(&world.system).register().await.unwrap();
    let first = ana.add(note("first")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    let second = ana.replace(&first, note("second")).await.unwrap().record;
    let listed = ana.list().await.unwrap();
    let status = |record| listed.iter().find(|listed| listed.record == record).unwrap().status;
    assert_eq!((status(first), status(second)), (Status::Superseded, Status::Current));

    ana.revoke(lee.address()).await.unwrap();
    let third = ana.reencrypt(&second).await.unwrap().record;
    assert_eq!(ana.open(&third).await.unwrap().bytes, "second");
    let store = store_of(&world);
    assert!(lee.crack(&world.system, &*store, &second).await.is_some());
    assert!(lee.crack(&world.system, &*store, &third).await.is_none());
}
