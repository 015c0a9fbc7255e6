use std::time::Duration;

use hospital_record::{Card, Confidentiality, ErrorKind, Event, Purpose, Source};

use crate::{person, two};

#[tokio::test]
async fn a_reading_is_checked_logged_and_then_released() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "secret")).folder("cardiology").await.unwrap().record;
    ana.grant(lee.address()).folder("cardiology").purpose(Purpose::HRESCH).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "secret");
    let history = system.history(ana.address()).await.unwrap();
    let last = history.entries.last().unwrap();
    assert_eq!(last.by, lee.address());
    assert!(matches!(last.event, Event::RecordAccessed { purpose: Purpose::HRESCH, .. }));

    lee.open(&record).unlogged().await.unwrap();
    lee.open(&record).metadata().await.unwrap();
    assert_eq!(system.history(ana.address()).await.unwrap().entries.len(), history.entries.len());
}

#[tokio::test]
async fn revoked_reader_opens_neither_old_nor_later_records() {
    let (system, ana, lee) = two().await;
    let stays = person(&system).await;
    let before = ana.add(Source::bytes("before", "before")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    ana.grant(stays.address()).await.unwrap();
    lee.open(&before).await.unwrap();
    let revoked = ana.revoke(lee.address()).await.unwrap();
    assert!(revoked.keys_moved && revoked.left_out.is_empty() && revoked.ended == 1);
    let after = ana.add(Source::bytes("after", "after")).await.unwrap().record;
    for record in [before, after] {
        assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
        assert!(stays.open(&record).await.is_ok());
    }
    assert_eq!(ana.revoke(lee.address()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_reader_who_is_granted_again_opens_everything_again() {
    let (_, ana, lee) = two().await;
    ana.grant(lee.address()).await.unwrap();
    ana.revoke(lee.address()).await.unwrap();
    let record = ana.add(Source::bytes("x", "while away")).await.unwrap().record;
    ana.grant(lee.address()).await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "while away");
}

#[tokio::test]
async fn a_hurried_revocation_moves_the_keys_with_the_next_write() {
    let (system, ana, lee) = two().await;
    ana.grant(lee.address()).await.unwrap();
    let revoked = ana.revoke(lee.address()).in_a_hurry().await.unwrap();
    assert!(!revoked.keys_moved);
    ana.add(Source::bytes("x", "x")).await.unwrap();
    let history = system.history(ana.address()).await.unwrap();
    let rotated = history.entries.iter().position(|e| matches!(e.event, Event::KeysRotated { epoch: 1, .. }));
    let added = history.entries.iter().position(|e| matches!(e.event, Event::RecordAdded { .. }));
    assert!(rotated.unwrap() < added.unwrap());
}

#[tokio::test]
async fn after_an_expiry_the_keys_move_before_the_next_record() {
    let (system, ana, lee) = two().await;
    let soon = system.now().await.unwrap() + Duration::from_secs(100);
    ana.grant(lee.address()).until(soon).await.unwrap();
    system.advance(Duration::from_secs(200)).await.unwrap();
    ana.add(Source::bytes("x", "x")).await.unwrap();
    let history = system.history(ana.address()).await.unwrap();
    assert!(history.entries.iter().any(|e| matches!(e.event, Event::KeysRotated { epoch: 1, .. })));
}

#[tokio::test]
async fn two_devices_revoking_at_once_readmit_nobody() {
    let (system, ana, lee) = two().await;
    let (kim, stays) = (person(&system).await, person(&system).await);
    for reader in [&lee, &kim, &stays] {
        ana.grant(reader.address()).await.unwrap();
    }
    let other_device = ana.clone();
    let (one, two) =
        tokio::join!(ana.revoke(lee.address()).into_future(), other_device.revoke(kim.address()).into_future());
    assert!(one.unwrap().keys_moved && two.unwrap().keys_moved);
    let after = ana.add(Source::bytes("x", "after")).await.unwrap().record;
    assert!(lee.open(&after).await.is_err() && kim.open(&after).await.is_err());
    assert_eq!(stays.open(&after).await.unwrap().bytes, "after");
}

#[tokio::test]
async fn one_record_is_shared_without_its_folder() {
    let (_, ana, lee) = two().await;
    let shared = ana.add(Source::bytes("a", "shared")).await.unwrap().record;
    let other = ana.add(Source::bytes("b", "other")).await.unwrap().record;
    ana.grant(lee.address()).record(&shared).await.unwrap();
    assert_eq!(lee.open(&shared).await.unwrap().bytes, "shared");
    assert_eq!(lee.open(&other).await.unwrap_err().kind(), ErrorKind::Denied);
    assert_eq!(lee.list().patient(ana.address()).await.unwrap().len(), 1);
    ana.revoke(lee.address()).record(&shared).await.unwrap();
    assert_eq!(lee.open(&shared).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn folders_of_one_name_and_different_confidentiality_are_different() {
    let (_, ana, lee) = two().await;
    let mut records = Vec::new();
    for level in Confidentiality::ALL {
        records
            .push(ana.add(Source::bytes("x", level.code())).folder("f").confidentiality(level).await.unwrap().record);
    }
    ana.grant(lee.address()).folder("f").confidentiality(Confidentiality::R).await.unwrap();
    for (record, level) in records.iter().zip(Confidentiality::ALL) {
        assert_eq!(lee.open(record).await.is_ok(), level == Confidentiality::R, "{level}");
    }
    assert_eq!(ana.folders().list().await.unwrap().len(), 6);
}

#[tokio::test]
async fn the_purpose_that_is_logged_comes_from_a_live_grant() {
    let (system, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    let soon = system.now().await.unwrap() + Duration::from_secs(100);
    ana.grant(lee.address()).purpose(Purpose::HRESCH).until(soon).await.unwrap();
    ana.grant(lee.address()).record(&record).purpose(Purpose::PATRQT).await.unwrap();
    system.advance(Duration::from_secs(200)).await.unwrap();
    lee.open(&record).await.unwrap();
    let history = system.history(ana.address()).await.unwrap();
    let event = history.entries.last().unwrap().event;
    assert!(matches!(event, Event::RecordAccessed { purpose: Purpose::PATRQT, .. }), "{event:?}");
}

#[tokio::test]
async fn access_can_be_renounced_by_the_scope_in_the_list() {
    let (_, ana, lee) = two().await;
    let record = ana.add(Source::bytes("x", "x")).folder("f").await.unwrap().record;
    ana.grant(lee.address()).folder("f").confidentiality(Confidentiality::R).await.unwrap();
    ana.grant(lee.address()).record(&record).await.unwrap();
    let shared = lee.grants().received().await.unwrap().grants;
    let scopes: Vec<String> = shared.iter().map(|grant| grant.scope.to_string()).collect();
    assert_eq!(scopes, [format!("record {}", record.id), "folder f (R)".to_owned()]);
    assert_eq!(ana.grants().list().await.unwrap()[1].scope_name(), "folder f (R)");
    for grant in &shared {
        let done = lee.grants().renounce(ana.address(), grant.scope_id).await.unwrap();
        assert!(done.gas > 21_000 && done.transaction.is_some());
    }
    assert!(lee.grants().received().await.unwrap().grants.iter().all(|grant| !grant.live));
    assert_eq!(lee.open(&record).await.unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn grants_that_cannot_be_are_refused_in_words() {
    let (system, ana, lee) = two().await;
    assert_eq!(ana.grant(ana.address()).await.unwrap_err().kind(), ErrorKind::Invalid);
    let nobody = hospital_record::Identity::generate().unwrap().0;
    assert_eq!(ana.grant(nobody.address()).await.unwrap_err().kind(), ErrorKind::NotFound);
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    assert_eq!(ana.grant(lee.address()).record(&record).contribute().await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(system.history(ana.address()).await.unwrap().entries.len(), 2);
}

#[tokio::test]
async fn a_contact_is_known_by_name_and_a_card_survives_text() {
    let (_, ana, lee) = two().await;
    let card: Card = lee.card().await.unwrap().to_string().parse().unwrap();
    assert_eq!(card, lee.card().await.unwrap());
    ana.contacts().add("Dr Lee", &card).await.unwrap();
    ana.grant(&ana.contacts().find("Dr Lee").await.unwrap()).folder("cardiology").await.unwrap();
    let grants = ana.grants().list().await.unwrap();
    assert_eq!((grants[0].name.as_deref(), grants[0].scope_name().as_str()), (Some("Dr Lee"), "folder cardiology"));
    ana.contacts().remove("Dr Lee").await.unwrap();
    assert_eq!(ana.contacts().find("Dr Lee").await.unwrap_err().kind(), ErrorKind::NotFound);
    let shared = lee.grants().received().await.unwrap();
    assert_eq!((shared.grants.len(), shared.grants[0].patient), (1, ana.address()));
    assert_eq!(shared.grants[0].scope.to_string(), "folder cardiology");
}

#[tokio::test]
async fn a_card_with_other_keys_is_refused() {
    let (system, ana, lee) = two().await;
    let kim = person(&system).await;
    let forged = Card { profile: kim.card().await.unwrap().profile, ..lee.card().await.unwrap() };
    assert_eq!(ana.contacts().add("Dr Lee", &forged).await.unwrap_err().kind(), ErrorKind::KeyChanged);
}
