//! Handles that name another patient's record: refused with a reason, and nothing changes for anybody.

use hospital_record::{Client, ErrorKind, RecordRef};
use hospital_record_tests::world::World;

use crate::{note, refused};

/// Ana and Bob with a record each, and Lee who may read Ana's: the folder, and that one record.
struct Ward {
    world: World,
    ana: Client,
    bob: Client,
    lee: Client,
    anas: RecordRef,
    bobs: RecordRef,
}

impl Ward {
    async fn new() -> Self {
        let world = World::shared().await;
        let (ana, bob, lee) = (world.person().await, world.person().await, world.registered().await);
        let anas = ana.add(note("Ana's")).await.unwrap().record;
        let bobs = bob.add(note("Bob's")).await.unwrap().record;
        ana.grant(lee.address()).await.unwrap();
        ana.grant(lee.address()).record(&anas).await.unwrap();
        Self { world, ana, bob, lee, anas, bobs }
    }

    /// How often something happened to Ana and to Bob.
    async fn entries(&self) -> [usize; 2] {
        let mut entries = [0; 2];
        for (count, person) in entries.iter_mut().zip([&self.ana, &self.bob]) {
            *count = self.world.system.history(person.address()).await.unwrap().entries.len();
        }
        entries
    }
}

/// Tries every verb that takes a record; each must end with this error before anything is uploaded.
async fn all_verbs_refuse(ward: &Ward, record: &RecordRef, kind: ErrorKind) {
    let Ward { ana, lee, .. } = ward;
    let uploads = |_| panic!("something is uploaded");
    refused(ana.open(record).await, kind);
    refused(ana.open(record).unlogged().metadata().await, kind);
    refused(ana.replace(record, note("new")).progress(uploads).await, kind);
    refused(ana.reencrypt(record).await, kind);
    refused(ana.mark_entered_in_error(record).await, kind);
    refused(ana.grant(lee.address()).record(record).await, kind);
    refused(ana.revoke(lee.address()).record(record).await, kind);
}

#[tokio::test]
async fn another_patients_record_is_denied_to_every_verb() {
    let ward = Ward::new().await;
    let before = ward.entries().await;
    all_verbs_refuse(&ward, &ward.bobs, ErrorKind::Denied).await;
    assert_eq!(ward.entries().await, before);
    assert_eq!(ward.bob.open(&ward.bobs).await.unwrap().bytes, "Bob's");
}

#[tokio::test]
async fn another_patients_record_under_ones_own_name_is_not_found() {
    let ward = Ward::new().await;
    let before = ward.entries().await;
    let bobs = RecordRef { patient: ward.ana.address(), ..ward.bobs };
    all_verbs_refuse(&ward, &bobs, ErrorKind::NotFound).await;
    assert_eq!(ward.entries().await, before);
}

#[tokio::test]
async fn ones_own_record_under_another_patients_name_is_refused_and_its_grants_stay() {
    let ward = Ward::new().await;
    let Ward { ana, lee, anas, .. } = &ward;
    let before = ward.entries().await;
    let named = RecordRef { patient: ward.bob.address(), ..*anas };
    for refusal in [
        ana.open(&named).await.map(drop),
        ana.replace(&named, note("new")).await.map(drop),
        ana.reencrypt(&named).await.map(drop),
        ana.mark_entered_in_error(&named).await.map(drop),
    ] {
        refused(refusal, ErrorKind::NotFound);
    }
    // Nothing of these patients can be delegated.
    refused(ana.grant(lee.address()).record(&named).await, ErrorKind::NotFound);
    refused(ana.revoke(lee.address()).record(&named).await, ErrorKind::Denied);
    assert_eq!(ward.entries().await, before);
    assert_eq!(ana.grants().list().await.unwrap().len(), 2);
    assert_eq!(lee.open(anas).await.unwrap().bytes, "Ana's");
}

#[tokio::test]
async fn reader_can_neither_delegate_nor_end_access_nor_change_the_record() {
    let ward = Ward::new().await;
    let Ward { ana, bob, lee, anas, .. } = &ward;
    let before = ward.entries().await;
    refused(lee.grant(bob.address()).record(anas).await, ErrorKind::Denied);
    refused(lee.revoke(bob.address()).record(anas).await, ErrorKind::Denied);
    refused(lee.replace(anas, note("new")).progress(|_| panic!("something is uploaded")).await, ErrorKind::Denied);
    refused(lee.reencrypt(anas).await, ErrorKind::Denied);
    refused(lee.mark_entered_in_error(anas).await, ErrorKind::Denied);
    assert_eq!(ward.entries().await, before);
    assert_eq!(ana.open(anas).await.unwrap().bytes, "Ana's");
}
