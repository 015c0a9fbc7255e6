//! A store that says that it keeps what it was given, and does not: it is noticed, and no revocation waits for it.

use std::sync::Arc;

use hospital_record::{
    Client, Confidentiality, ErrorKind, HistoryEntry, Identity, RecordRef, Source,
    ledger::{Event, Rights},
};
use hospital_record_core::id::Digest;
use hospital_record_tests::{
    data::{self, MIB},
    insider::Insider,
    liar::{Liar, Lie},
    world::World,
};

use crate::{lying_store::machine, note, refused, store_of};

/// A way to lie, and how it is called when it is noticed.
type Way = (fn(&Liar), ErrorKind);

const WAYS: [Way; 2] = [(Liar::swallow, ErrorKind::NotAvailable), (Liar::change, ErrorKind::Integrity)];

/// Ana on a store that is honest so far, and two who may read.
struct Ward {
    world: World,
    liar: Arc<Liar>,
    identity: Identity,
    ana: Client,
    mia: Client,
    lee: Insider,
    record: RecordRef,
}

impl Ward {
    async fn new() -> Self {
        let world = World::shared().await;
        let liar = Liar::before(store_of(&world));
        let identity = world.funded().0;
        let ana = machine(&world, vec![liar.clone()]).await.client(identity.clone());
        let (mia, lee) = (world.registered().await, Insider::new());
        world.anvil.fund(lee.address());
        lee.client(&world.system).register().await.unwrap();
        let record = ana.add(note("kept")).await.unwrap().record;
        for reader in [mia.address(), lee.address()] {
            ana.grant(reader).await.unwrap();
        }
        Self { world, liar, identity, ana, mia, lee, record }
    }

    async fn entries(&self) -> Vec<HistoryEntry> {
        self.world.system.history(self.ana.address()).await.unwrap().entries
    }

    /// The store is honest again: nothing half done is left, Lee is out, and Mia reads on.
    async fn goes_on(&self) {
        self.goes_on_after(0).await;
    }

    /// The same after so many records besides.
    async fn goes_on_after(&self, others: usize) {
        self.liar.repent();
        let resumed = self.ana.resume().await.unwrap();
        assert!(resumed.finished.is_empty() && resumed.transaction.is_none(), "{resumed:?}");
        let after = self.ana.add(note("after")).await.unwrap().record;
        assert!(self.lee.crack(&self.world.system, &*store_of(&self.world), &after).await.is_none());
        assert_eq!(self.mia.open(&after).await.unwrap().bytes, "after");
        assert_eq!(self.mia.open(&self.record).await.unwrap().bytes, "kept");
        assert_eq!(self.ana.list().await.unwrap().len(), 2 + others);
    }
}

#[tokio::test]
async fn write_that_is_not_kept_is_noticed_by_every_verb() {
    for (lie, kind) in WAYS {
        let ward = Ward::new().await;
        let Ward { world, ana, record, .. } = &ward;
        let (before, tom) = (ward.entries().await, world.registered().await);
        lie(&ward.liar);
        refused(ana.add(note("x")).await, kind);
        refused(ana.add(Source::bytes("large.bin", data::bytes("large", 2 * MIB))).await, kind);
        refused(ana.add_many([note("x"), note("y")]).await, kind);
        refused(ana.replace(record, note("new")).await, kind);
        refused(ana.reencrypt(record).await, kind);
        assert_eq!(ward.entries().await, before);
        // Keys are stored when their act is on chain.
        refused(ana.grant(tom.address()).await, kind);
        refused(ana.folders().rotate("personal", Confidentiality::N).await, kind);
        assert_eq!(ward.entries().await.len(), before.len() + 2);
        ward.liar.repent();
        ana.grant(tom.address()).await.unwrap();
        ana.revoke(ward.lee.address()).await.unwrap();
        ward.goes_on().await;
    }
}

#[tokio::test]
async fn revocation_takes_effect_although_its_keyring_is_not_kept() {
    for (lie, _) in WAYS {
        let ward = Ward::new().await;
        let lee = ward.lee.address();
        lie(&ward.liar);
        let revoked = ward.ana.revoke(lee).await.unwrap();
        assert_eq!((revoked.ended, revoked.keys_moved), (1, false), "what is not kept is not called moved");
        let last = ward.entries().await.last().unwrap().event;
        let ended = |event| matches!(event, Event::AccessRevoked { grantee, .. } if grantee == lee);
        assert!(ended(last), "{last:?}");
        refused(ward.lee.client(&ward.world.system).open(&ward.record).await, ErrorKind::Denied);
        let held = ward.ana.grants().list().await.unwrap();
        assert!(matches!(&held[..], [grant] if grant.grantee == ward.mia.address() && grant.rights == Rights::READ));
        ward.goes_on().await;
    }
}

#[tokio::test]
async fn keyring_that_is_lost_after_it_was_kept_is_made_anew_by_the_next_write() {
    let mut ward = Ward::new().await;
    assert!(ward.ana.revoke(ward.lee.address()).await.unwrap().keys_moved);
    let Event::AccessRevoked { keyring, .. } = ward.entries().await.last().unwrap().event else { panic!() };
    let lost = Digest(keyring.0).dag_cbor_cid();
    ward.liar.lie(move |cid, _| if *cid == lost { Lie::Missing } else { Lie::None });
    // A machine that does not remember it, and cannot know whether the chain's node has invented it.
    ward.ana = machine(&ward.world, vec![ward.liar.clone()]).await.client(ward.identity.clone());
    let added = ward.ana.add(note("meanwhile")).await.unwrap();
    assert_eq!(added.left_out, [ward.mia.address()], "keys are given by a grant of the patient's alone");
    ward.ana.mark_entered_in_error(&added.record).await.unwrap();
    ward.ana.grant(ward.mia.address()).await.unwrap();
    ward.goes_on_after(1).await;
    let rotated = |entry: &HistoryEntry| matches!(entry.event, Event::KeysRotated { .. });
    assert_eq!(ward.entries().await.iter().filter(|entry| rotated(entry)).count(), 1);
}
