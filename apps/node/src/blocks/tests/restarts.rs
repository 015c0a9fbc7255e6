//! A process that ends at any step: each future is dropped after every number of polls. What it did so far stays, as
//! after SIGKILL, and nothing after it runs.

use std::{pin::pin, task::Poll, time::Duration};

use futures::future::poll_fn;
use hospital_record::store::Block;

use super::stage::*;
use crate::clock::now;

/// The result, unless the future needs more polls.
async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        future.as_mut().poll(context).map(Some)
    })
    .await
}

/// Does something that ends after every number of polls, and then checks; returns the most polls that the whole took.
/// An answer of the database may be there at once or later, so the steps differ from round to round.
async fn at_each_step(
    stage: &Stage,
    act: impl AsyncFn(&Person, &[Block], usize) -> bool,
    check: impl AsyncFn(&Person, &[Block]),
) -> usize {
    let mut most = 0;
    for _ in 0..8 {
        let mut polls = 0;
        loop {
            polls += 1;
            let (person, blocks) = (stage.person().await, dag(&[5_000, 6_000]));
            let is_done = act(&person, &blocks, polls).await;
            // It waits for the writer, which may still be committing or rolling back.
            stage.room.0.rows.expire(0).await.unwrap();
            stage.check_books().await;
            check(&person, &blocks).await;
            stage.check_books().await;
            if is_done {
                break;
            }
        }
        most = most.max(polls);
    }
    most
}

async fn is_gone(stage: &Stage, person: &Person, blocks: &[Block]) {
    stage.room.tidy(now() + 2 * DAY.as_secs(), Duration::ZERO).await.unwrap();
    assert_eq!(stage.held(person).await, 0);
    assert!(stage.store.pins.lock().unwrap().is_empty());
    for block in blocks {
        assert!(!stage.serves(block).await && !stage.store.inner.has(&block.cid).await.unwrap());
    }
}

#[tokio::test]
async fn upload_that_ends_at_any_step_is_counted_and_can_be_repeated() {
    let stage = Stage::plain().await;
    let act = async |person: &Person, blocks: &[Block], polls: usize| {
        cut(stage.room.keep(person.account, blocks.to_vec()), polls).await.is_some()
    };
    let steps = at_each_step(&stage, &act, async |person: &Person, blocks: &[Block]| {
        for block in blocks {
            // Nothing is in the backing store that counts for nobody.
            let is_counted = stage.room.0.rows.size(&block.cid).await.unwrap().is_some();
            assert!(is_counted || !stage.store.inner.has(&block.cid).await.unwrap());
        }
        stage.put(person, blocks).await.check(200, "");
        stage.pin(person, &root(blocks)).await.check(200, "pinned");
        stage.unpin(person, &root(blocks)).await.check(200, "");
        is_gone(&stage, person, blocks).await;
    })
    .await;
    assert!(steps > 3, "{steps}");
    at_each_step(&stage, &act, async |person: &Person, blocks: &[Block]| is_gone(&stage, person, blocks).await).await;
}

#[tokio::test]
async fn pin_that_ends_at_any_step_can_be_repeated_or_is_undone() {
    let stage = Stage::plain().await;
    let act = async |person: &Person, blocks: &[Block], polls: usize| {
        stage.put(person, blocks).await.check(200, "");
        let pinning = stage.room.clone().pin(person.account, root(blocks), Default::default());
        cut(pinning, polls).await.is_some()
    };
    let steps = at_each_step(&stage, &act, async |person: &Person, blocks: &[Block]| {
        stage.pin(person, &root(blocks)).await.check(200, "pinned");
        assert_eq!(stage.held(person).await, pinned(blocks));
        stage.room.tidy(now() + 2 * DAY.as_secs(), Duration::ZERO).await.unwrap();
        for block in blocks {
            assert!(stage.serves(block).await, "a pin that was confirmed stays");
        }
        stage.unpin(person, &root(blocks)).await.check(200, "");
        is_gone(&stage, person, blocks).await;
    })
    .await;
    assert!(steps > 10, "{steps}");
    at_each_step(&stage, &act, async |person: &Person, blocks: &[Block]| {
        if !stage.room.0.rows.is_pinned(person.account, &root(blocks)).await.unwrap() {
            is_gone(&stage, person, blocks).await;
        }
        stage.unpin(person, &root(blocks)).await.check(200, "");
        is_gone(&stage, person, blocks).await;
    })
    .await;
}

#[tokio::test]
async fn unpin_and_tidy_that_end_at_any_step_are_finished_by_the_next() {
    let stage = Stage::plain().await;
    let pinned = async |person: &Person, blocks: &[Block]| {
        stage.put(person, blocks).await.check(200, "");
        stage.pin(person, &root(blocks)).await.check(200, "");
    };
    let unpin = async |person: &Person, blocks: &[Block], polls: usize| {
        pinned(person, blocks).await;
        cut(stage.room.unpin(person.account, root(blocks), Duration::from_secs(5)), polls).await.is_some()
    };
    let steps = at_each_step(&stage, &unpin, async |person: &Person, blocks: &[Block]| {
        stage.unpin(person, &root(blocks)).await.check(200, "");
        is_gone(&stage, person, blocks).await;
    })
    .await;
    assert!(steps > 8, "{steps}");
    at_each_step(&stage, &unpin, async |person: &Person, blocks: &[Block]| {
        stage.put(person, blocks).await.check(200, "");
        stage.pin(person, &root(blocks)).await.check(200, "pinned");
        assert!(stage.serves(&blocks[0]).await);
        stage.unpin(person, &root(blocks)).await.check(200, "");
        is_gone(&stage, person, blocks).await;
    })
    .await;
    let tidy = async |person: &Person, blocks: &[Block], polls: usize| {
        stage.put(person, blocks).await.check(200, "");
        cut(stage.room.tidy(now() + 2 * DAY.as_secs(), Duration::ZERO), polls).await.is_some()
    };
    at_each_step(&stage, &tidy, async |person: &Person, blocks: &[Block]| is_gone(&stage, person, blocks).await).await;
}
