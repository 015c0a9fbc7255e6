use std::time::Duration;

use hospital_record::{ErrorKind, Source};

use crate::{person, two};

#[tokio::test]
async fn a_contribution_opens_for_the_patient_and_all_readers_at_once() {
    let (system, ana, lee) = two().await;
    let lab = person(&system).await;
    ana.grant(lee.address()).folder("blood").await.unwrap();
    ana.grant(lab.address()).folder("blood").contribute_only().await.unwrap();
    let result = lab.add(Source::bytes("r.json", "{}")).patient(ana.address()).folder("blood").await.unwrap();
    assert_eq!(lee.open(&result.record).await.unwrap().bytes, "{}");
    assert_eq!(ana.open(&result.record).await.unwrap().bytes, "{}");
    assert_eq!(lab.open(&result.record).await.unwrap_err().kind(), ErrorKind::Denied);

    assert!(ana.list().await.unwrap()[0].held_by_author_only);
    assert_eq!(ana.sync().await.unwrap().copied, 1);
    assert!(!ana.list().await.unwrap()[0].held_by_author_only);
    assert_eq!(ana.sync().await.unwrap(), Default::default(), "a second time there is nothing to do");
}

#[tokio::test]
async fn a_contributor_follows_the_keys_after_a_revocation() {
    let (system, ana, lee) = two().await;
    let (lab, stays) = (person(&system).await, person(&system).await);
    ana.grant(lab.address()).folder("blood").contribute_only().await.unwrap();
    ana.grant(lee.address()).folder("blood").await.unwrap();
    ana.grant(stays.address()).folder("blood").await.unwrap();
    ana.revoke(lee.address()).await.unwrap();
    let result = lab.add(Source::bytes("r", "r")).patient(ana.address()).folder("blood").await.unwrap();
    assert_eq!(stays.open(&result.record).await.unwrap().bytes, "r");
    assert_eq!(lee.open(&result.record).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn after_an_expiry_a_contributor_locks_for_the_live_readers_alone() {
    let (system, ana, lee) = two().await;
    let (lab, stays) = (person(&system).await, person(&system).await);
    let soon = system.now().await.unwrap() + Duration::from_secs(100);
    ana.grant(lab.address()).folder("blood").contribute().await.unwrap();
    ana.grant(lee.address()).folder("blood").until(soon).await.unwrap();
    ana.grant(stays.address()).folder("blood").await.unwrap();
    system.advance(Duration::from_secs(200)).await.unwrap();
    let result = lab.add(Source::bytes("r", "r")).patient(ana.address()).folder("blood").await.unwrap();
    assert_eq!(stays.open(&result.record).await.unwrap().bytes, "r");
    assert_eq!(ana.open(&result.record).await.unwrap().bytes, "r");
    assert_eq!(lab.open(&result.record).await.unwrap().bytes, "r");
    assert_eq!(lee.open(&result.record).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(ana.sync().await.unwrap().rotated, 1);
}

#[tokio::test]
async fn nobody_writes_without_the_right() {
    let (_, ana, lee) = two().await;
    let denied = lee.add(Source::bytes("x", "x")).patient(ana.address()).folder("blood").await;
    assert_eq!(denied.unwrap_err().kind(), ErrorKind::Denied);
    ana.grant(lee.address()).folder("blood").await.unwrap();
    let denied = lee.add(Source::bytes("x", "x")).patient(ana.address()).folder("blood").await;
    assert_eq!(denied.unwrap_err().kind(), ErrorKind::Denied, "a reader is no contributor");
    assert!(ana.list().await.unwrap().is_empty());
}
