//! Contributors who add more than a patient's store should hold.

use hospital_record_core::id::RecordId;

use crate::{
    base::record_ref::RecordRef,
    client::{Client, tests::person},
    records::{copy::Synced, source::Source},
    system::System,
};

const KIB: usize = 1 << 10;
const FOLDER: &str = "blood";

/// Ana, and two laboratories that may add to her folder.
struct Hoard {
    ana: Client,
    labs: [Client; 2],
}

impl Hoard {
    async fn new() -> Self {
        let system = System::in_memory().await.unwrap();
        let ana = person(&system).await;
        let labs = [person(&system).await, person(&system).await];
        for lab in &labs {
            ana.grant(lab.address()).folder(FOLDER).contribute_only().await.unwrap();
        }
        Self { ana, labs }
    }

    async fn add(&self, lab: usize, kib: usize) -> RecordRef {
        let source = Source::bytes("r", vec![7; kib * KIB]);
        self.labs[lab].add(source).patient(self.ana.address()).folder(FOLDER).await.unwrap().record
    }

    async fn copied(&self) -> Vec<RecordId> {
        let listed = self.ana.list().await.unwrap().into_iter();
        listed.filter(|listed| !listed.held_by_author_only).map(|listed| listed.record.id).collect()
    }
}

fn sizes(synced: &Synced) -> Vec<u64> {
    synced.too_large.iter().map(|record| record.size >> 10).collect()
}

#[tokio::test]
async fn contributor_cannot_fill_the_store_or_keep_others_out() {
    let hoard = Hoard::new().await;
    let mut added = Vec::new();
    for kib in [300, 100, 200] {
        added.push(hoard.add(0, kib).await);
    }
    let other = hoard.add(1, 10).await;
    // Each takes 64 KiB more, for its manifest.
    let most = 500 << 10;
    let synced = hoard.ana.sync().most_of_one(most).await.unwrap();
    assert_eq!((synced.copied, sizes(&synced)), (3, vec![364]), "{synced:?}");
    assert_eq!((synced.too_large[0].record, synced.too_large[0].author), (added[0], hoard.labs[0].address()));
    let mut copied = hoard.copied().await;
    copied.sort_unstable();
    let mut smaller = [added[1].id, added[2].id, other.id];
    smaller.sort_unstable();
    assert_eq!(copied, smaller);

    // Earlier copies count towards the limit.
    let late = hoard.add(0, 80).await;
    let synced = hoard.ana.sync().most_of_one(most).await.unwrap();
    assert_eq!((synced.copied, sizes(&synced)), (0, vec![144, 364]));
    let synced = hoard.ana.sync().most_of_one(most).take(&late).await.unwrap();
    assert_eq!((synced.copied, sizes(&synced)), (1, vec![364]), "a named record is copied");
    let synced = hoard.ana.sync().await.unwrap();
    assert_eq!((synced.copied, sizes(&synced)), (1, vec![]), "more is allowed");
}

#[tokio::test]
async fn authors_together_do_not_take_more_than_is_allowed_in_all() {
    let hoard = Hoard::new().await;
    for kib in [100, 200, 300] {
        for lab in [0, 1] {
            hoard.add(lab, kib).await;
        }
    }
    let synced = hoard.ana.sync().most(900 << 10).await.unwrap();
    assert_eq!((synced.copied, sizes(&synced)), (4, vec![364, 364]));
    assert!(hoard.ana.sync().most(900 << 10).await.unwrap().copied == 0);
}
