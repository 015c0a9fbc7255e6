use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use axum::{body::Body, http::Request};
use futures::StreamExt;
use hospital_record::store::Store;

use super::stage::*;
use crate::{
    blocks::{jobs::State, problem::Problem, room::Patience, rows::BELOW_A_PIN},
    clock::now,
};

const AT_ONCE: Duration = Duration::ZERO;

/// When all that is not pinned is old.
fn tomorrow() -> u64 {
    now() + 2 * DAY.as_secs()
}

#[tokio::test]
async fn pinned_dag_stays_and_the_rest_is_swept() {
    let (stage, blocks, loose) = (Stage::plain().await, dag(&[1 << 20, 5_000, 1]), leaf(9_000));
    let ana = stage.person().await;
    stage.put(&ana, &blocks).await.check(200, "");
    stage.put(&ana, std::slice::from_ref(&loose)).await.check(200, "");
    let bytes: usize = blocks.iter().map(|block| block.bytes.len()).sum();
    let answer = format!(r#"{{"status":"pinned","blocks":4,"bytes":{bytes}}}"#);
    for _ in 0..2 {
        stage.pin(&ana, &root(&blocks)).await.check(200, &answer);
    }
    stage.room.tidy(now(), Duration::from_secs(3600)).await.unwrap();
    assert!(stage.serves(&loose).await, "a day is not over");
    stage.room.tidy(tomorrow(), AT_ONCE).await.unwrap();
    assert!(!stage.serves(&loose).await && !stage.store.inner.has(&loose.cid).await.unwrap());
    for block in &blocks {
        assert!(stage.serves(block).await);
    }
    assert_eq!(stage.held(&ana).await, pinned(&blocks));
    stage.check_books().await;
    stage.unpin(&ana, &root(&blocks)).await.check(200, r#"{"status":"unpinned"}"#);
    stage.unpin(&ana, &root(&blocks)).await.check(200, r#"{"status":"unpinned"}"#);
    assert!(stage.serves(&blocks[0]).await, "it was put today");
    stage.room.tidy(tomorrow(), AT_ONCE).await.unwrap();
    assert!(!stage.serves(&blocks[0]).await && !stage.store.inner.has(&blocks[0].cid).await.unwrap());
    assert_eq!(stage.held(&ana).await, 0);
    assert_eq!(stage.room.0.rows.numbers().await.unwrap(), Default::default());
}

#[tokio::test]
async fn unpinning_of_one_account_leaves_the_pins_of_others() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let (ana, bea, eve) = (stage.person().await, stage.person().await, stage.person().await);
    let root = root(&blocks);
    stage.put(&ana, &blocks).await.check(200, "");
    stage.pin(&ana, &root).await.check(200, "pinned");
    stage.pin(&bea, &root).await.check(200, "pinned");
    stage.unpin(&eve, &root).await.check(200, "unpinned");
    stage.unpin(&ana, &root).await.check(200, "unpinned");
    stage.room.tidy(tomorrow(), AT_ONCE).await.unwrap();
    for block in &blocks {
        assert!(stage.serves(block).await, "another account holds it");
    }
    assert_eq!((stage.held(&ana).await, stage.held(&bea).await), (0, pinned(&blocks)));
    stage.check_books().await;
    stage.unpin(&bea, &root).await.check(200, "unpinned");
    assert!(!stage.serves(&blocks[0]).await, "it never put them");
    stage.room.tidy(tomorrow(), AT_ONCE).await.unwrap();
    assert!(!stage.store.inner.has(&blocks[0].cid).await.unwrap());
    stage.check_books().await;
}

#[tokio::test]
async fn unpinning_leaves_what_another_pin_of_the_account_reaches() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let ana = stage.person().await;
    let above = list(&[root(&blocks), blocks[0].cid, blocks[0].cid]);
    stage.put(&ana, &blocks).await.check(200, "");
    stage.put(&ana, std::slice::from_ref(&above)).await.check(200, "");
    stage.pin(&ana, &root(&blocks)).await.check(200, "\"blocks\":3");
    stage.pin(&ana, &above.cid).await.check(200, "\"blocks\":4");
    stage.unpin(&ana, &root(&blocks)).await.check(200, "");
    stage.room.tidy(tomorrow(), AT_ONCE).await.unwrap();
    for block in blocks.iter().chain([&above]) {
        assert!(stage.serves(block).await, "below another pin");
    }
    assert_eq!(stage.held(&ana).await, counts(&blocks) + counts(&[above]) + 4 * BELOW_A_PIN);
    stage.check_books().await;
}

#[tokio::test]
async fn missing_block_is_named_and_nothing_is_pinned() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let ana = stage.person().await;
    let root = root(&blocks);
    stage.pin(&ana, &root).await.check(404, &format!("\"missing\":\"{root}\""));
    stage.put(&ana, &blocks[1..]).await.check(200, "");
    let missing = format!("\"missing\":\"{}\"", blocks[0].cid);
    stage.pin(&ana, &root).await.check(404, &missing);
    // What only the backing store has is not held.
    stage.store.inner.put(futures::stream::iter([Ok(blocks[0].clone())]).boxed()).await.unwrap();
    stage.pin(&ana, &root).await.check(404, &missing);
    assert!(!stage.serves(&blocks[0]).await);
    let head = Request::head(format!("/ipfs/{}?format=raw", blocks[0].cid)).body(Body::empty()).unwrap();
    assert_eq!(stage.call(head).await.status, 404);
    assert_eq!(stage.held(&ana).await, counts(&blocks[1..]));
    stage.put(&ana, &blocks[..1]).await.check(200, "");
    stage.pin(&ana, &root).await.check(200, "pinned");
    for (path, status) in [("nothing", 400), ("", 404), ("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", 404)] {
        let answer = stage.call(ana.request("PUT", &format!("/v1/pins/{path}"))).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
    }
    stage.check_books().await;
}

#[tokio::test]
async fn block_that_the_backing_store_lost_is_missing_until_it_is_put_again() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let ana = stage.person().await;
    stage.put(&ana, &blocks).await.check(200, "");
    stage.store.inner.sweep(AT_ONCE).await.unwrap();
    assert!(!stage.serves(&blocks[0]).await);
    stage.pin(&ana, &root(&blocks)).await.check(404, "missing");
    stage.put(&ana, &blocks).await.check(200, "");
    stage.pin(&ana, &root(&blocks)).await.check(200, "pinned");
    stage.check_books().await;
}

#[tokio::test]
async fn long_pin_reports_progress_and_goes_on_without_its_caller() {
    let patience = Patience { pin: Duration::from_millis(150), ..Patience::new() };
    let stage = Stage::new(Options { patience, ..Options::default() }).await;
    let ana = stage.person().await;
    let mut blocks = vec![leaf(10)];
    for _ in 0..20 {
        blocks.push(list(&[root(&blocks)]));
    }
    stage.put(&ana, &blocks).await.check(200, "");
    stage.fails(SLOW);
    let mut seen = vec![0];
    loop {
        let answer = stage.pin(&ana, &root(&blocks)).await;
        let text: serde_json::Value = serde_json::from_str(&answer.text()).unwrap();
        if answer.status == 200 {
            assert_eq!((&text["status"], &text["blocks"]), (&"pinned".into(), &21.into()));
            break;
        }
        assert_eq!((answer.status.as_u16(), &text["status"]), (202, &"working".into()));
        let blocks = text["blocks"].as_u64().unwrap();
        assert!(blocks >= *seen.last().unwrap() && seen.len() < 40, "{seen:?} {blocks}");
        seen.push(blocks);
    }
    assert!(seen.len() > 3, "{seen:?}");
    stage.check_books().await;
}

#[tokio::test]
async fn unpinning_during_a_pin_ends_without_a_pin() {
    let patience = Patience { pin: Duration::from_millis(30), ..Patience::new() };
    let blocks = dag(&[5_000]);
    for wait in [0, 40, 80, 130, 150, 170, 190, 210, 240] {
        let stage = Stage::new(Options { patience, ..Options::default() }).await;
        let ana = stage.person().await;
        stage.put(&ana, &blocks).await.check(200, "");
        stage.fails(SLOW);
        let _ = stage.pin(&ana, &root(&blocks)).await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        stage.unpin(&ana, &root(&blocks)).await.check(200, "unpinned");
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert!(stage.store.pins.lock().unwrap().is_empty(), "{wait}");
        assert_eq!(stage.held(&ana).await, counts(&blocks), "{wait}");
        stage.check_books().await;
    }
}

#[tokio::test]
async fn pin_that_was_given_up_before_its_turn_pins_nothing() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000]));
    let (ana, root) = (stage.person().await, root(&blocks));
    stage.put(&ana, &blocks).await.check(200, "");
    let turn = stage.room.root(&root, DAY).await.unwrap();
    let job = Arc::new(State::default());
    let pinning = stage.room.clone().pin(ana.account, root, job.clone());
    let giving_up = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(job.seen.load(Relaxed), 2, "it waits for its turn");
        job.is_given_up.store(true, Relaxed);
        drop(turn);
    };
    assert_eq!(futures::join!(pinning, giving_up).0, Err(Problem::Unavailable));
    assert!(stage.store.pins.lock().unwrap().is_empty());
}

#[tokio::test]
async fn pins_and_unpins_of_one_root_at_once_end_in_order() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let root = root(&blocks);
    let people = [stage.person().await, stage.person().await, stage.person().await];
    stage.put(&people[0], &blocks).await.check(200, "");
    stage.pin(&people[0], &root).await.check(200, "");
    for _ in 0..10 {
        futures::join!(
            stage.pin(&people[1], &root),
            stage.unpin(&people[1], &root),
            stage.pin(&people[2], &root),
            stage.unpin(&people[2], &root),
        );
        stage.check_books().await;
        assert!(stage.store.pins.lock().unwrap().contains(&root.to_string()), "the first account still wants it");
    }
}

#[tokio::test]
async fn unpin_while_the_backing_store_is_down_is_finished_later() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let ana = stage.person().await;
    stage.put(&ana, &blocks).await.check(200, "");
    stage.pin(&ana, &root(&blocks)).await.check(200, "");
    stage.fails(DOWN);
    stage.unpin(&ana, &root(&blocks)).await.check(200, "unpinned");
    assert_eq!(stage.store.pins.lock().unwrap().len(), 1);
    stage.fails(NOTHING);
    stage.check_books().await;
    stage.room.tidy(now(), Duration::from_secs(3600)).await.unwrap();
    assert!(stage.store.pins.lock().unwrap().is_empty());
    stage.pin(&ana, &root(&blocks)).await.check(200, "pinned");
    stage.check_books().await;
}

#[tokio::test]
async fn tidying_spares_a_pin_that_was_finished_meanwhile() {
    let (stage, blocks) = (Stage::plain().await, dag(&[5_000, 6_000]));
    let (ana, root) = (stage.person().await, root(&blocks));
    stage.put(&ana, &blocks).await.check(200, "");
    let rows = &stage.room.0.rows;
    rows.want(ana.account, &root, 5).await.unwrap();
    let turn = stage.room.root(&root, DAY).await.unwrap();
    let tidying = stage.room.tidy(now(), Duration::from_secs(3600));
    let finishing = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let below: Vec<_> = blocks.iter().map(|block| (block.cid, block.bytes.len() as u64)).collect();
        rows.cover(ana.account, &root, &below).await.unwrap();
        stage.store.pin(&root).await.unwrap();
        assert!(rows.pinned(ana.account, &root, (3, 11_000), now()).await.unwrap());
        drop(turn);
    };
    let (tidied, ()) = futures::join!(tidying, finishing);
    tidied.unwrap();
    assert!(rows.is_pinned(ana.account, &root).await.unwrap());
    assert_eq!(stage.held(&ana).await, pinned(&blocks));
    stage.check_books().await;
}

#[tokio::test]
async fn uploads_and_sweeps_wait_for_each_other() {
    let patience = Patience { place: Duration::from_millis(200), ..Patience::new() };
    let stage = Stage::new(Options { patience, ..Options::default() }).await;
    let (ana, block) = (stage.person().await, leaf(5_000));
    let sweep = stage.room.0.sweeping.write().await;
    stage.put(&ana, std::slice::from_ref(&block)).await.check(503, "try again");
    assert!(!stage.store.inner.has(&block.cid).await.unwrap());
    drop(sweep);
    let upload = stage.room.0.sweeping.read().await;
    let tidying = stage.room.tidy(tomorrow(), AT_ONCE);
    assert!(tokio::time::timeout(Duration::from_millis(300), tidying).await.is_err());
    drop(upload);
    stage.put(&ana, std::slice::from_ref(&block)).await.check(200, "");
    stage.room.tidy(tomorrow(), AT_ONCE).await.unwrap();
    assert!(!stage.store.inner.has(&block.cid).await.unwrap());
}
