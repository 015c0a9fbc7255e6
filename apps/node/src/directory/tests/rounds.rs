//! Vouches end and come back.

use std::time::{Duration, UNIX_EPOCH};

use hospital_record::directory::Query;

use super::stage::*;
use crate::{clock::now, directory::rows::Numbers};

/// Rounds count in seconds.
async fn a_second() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

#[tokio::test]
async fn listing_is_hidden_while_nobody_vouches_for_its_account() {
    let stage = Stage::new().await;
    let (lee, kim) = (stage.doctor().await, stage.doctor().await);
    stage.publish(&lee, "Dr Lee").await;
    stage.publish(&kim, "Dr Kim").await;
    let vouches = stage.hospital.vouches();
    vouches.withdraw(lee.address(), "practitioner").await.unwrap();
    a_second().await;
    stage.room.check_due(0).await.unwrap();
    assert_eq!(stage.names("").await, ["Dr Kim"]);
    assert_eq!(stage.get(&format!("/v1/directory/{}", lee.address())).await.status, 404);
    assert_eq!(stage.rows.numbers(now()).await.unwrap(), Numbers { listed: 1, hidden: 1 });
    vouches.give(lee.address(), "practitioner").await.unwrap();
    a_second().await;
    stage.room.check_due(0).await.unwrap();
    assert_eq!(stage.names("").await, ["Dr Kim", "Dr Lee"]);
}

#[tokio::test]
async fn listing_is_shown_no_longer_than_its_vouch_and_the_last_answer_of_the_chain() {
    let stage = Stage::new().await;
    let (lee, kim) = (stage.doctor().await, stage.doctor().await);
    let began = now();
    let end = UNIX_EPOCH + Duration::from_secs(began + 300);
    stage.hospital.vouches().give(lee.address(), "practitioner").until(end).await.unwrap();
    stage.publish(&lee, "Dr Lee").await;
    stage.publish(&kim, "Dr Kim").await;
    let shown = async |at: u64| stage.rows.search(HOST, &Query::new(), at).await.unwrap().listings.len();
    assert_eq!((shown(began + 299).await, shown(began + 300).await), (2, 1));
    assert_eq!((shown(began + 599).await, shown(began + 605).await), (1, 0));
}

#[tokio::test]
async fn directory_that_cannot_check_vouches_says_so() {
    let stage = Stage::unchecked(9).await;
    let answer = stage.get("/v1/directory").await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers.contains_key("retry-after"), "{:?}", answer.headers);
    stage.room.check_due(300).await.unwrap();
    assert_eq!(stage.get("/v1/directory").await.status, 200);
}

#[tokio::test]
async fn hidden_listing_is_removed_after_a_month_and_a_withdrawal_is_forgotten_after_an_hour() {
    const DAY: u64 = 86_400;
    let stage = Stage::new().await;
    let (lee, kim) = (stage.doctor().await, stage.doctor().await);
    stage.publish(&lee, "Dr Lee").await;
    stage.publish(&kim, "Dr Kim").await;
    stage.hospital.vouches().withdraw(lee.address(), "practitioner").await.unwrap();
    a_second().await;
    stage.room.check_due(0).await.unwrap();
    let began = now();
    assert_eq!(stage.rows.sweep(began + 30 * DAY - 60).await.unwrap(), 0);
    assert_eq!(stage.rows.sweep(began + 30 * DAY).await.unwrap(), 1);
    stage.delete(kim.address(), Some(&kim)).await;
    assert_eq!(stage.rows.sweep(now() + 3500).await.unwrap(), 0);
    assert_eq!(stage.rows.sweep(now() + 3601).await.unwrap(), 1);
}

#[tokio::test]
async fn listing_that_was_published_during_a_round_is_not_hidden_by_its_older_answer() {
    let stage = Stage::new().await;
    let lee = stage.doctor().await;
    stage.publish(&lee, "Dr Lee").await;
    stage.rows.checked(&[(lee.address(), None)], now() - 5, now()).await.unwrap();
    assert_eq!(stage.names("").await, ["Dr Lee"]);
    stage.rows.checked(&[(lee.address(), None)], now() + 5, now() + 5).await.unwrap();
    assert_eq!(stage.names("").await, Vec::<String>::new());
}
