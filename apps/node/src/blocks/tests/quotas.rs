use super::stage::*;
use crate::blocks::rows::{BELOW_A_PIN, LEAST, Quota};

async fn limited(account: u64, total: u64) -> Stage {
    Stage::new(Options { quota: Quota { account, total }, ..Options::default() }).await
}

#[tokio::test]
async fn quota_is_exact_to_the_byte() {
    let blocks = [leaf(10_000), leaf(5_000), leaf(1)];
    let needed = counts(&blocks);
    assert_eq!(needed, 15_000 + LEAST);
    for (quota, status) in [(needed, 200), (needed - 1, 507)] {
        let stage = limited(quota, 1 << 40).await;
        let ana = stage.person().await;
        stage.put(&ana, &blocks[..2]).await.check(200, "");
        stage.put(&ana, &blocks[2..]).await.check(status, if status == 200 { "" } else { "quota of this account" });
        stage.put(&ana, &blocks[..2]).await.check(200, "");
        assert_eq!(stage.store.inner.has(&blocks[2].cid).await.unwrap(), status == 200);
        assert_eq!(stage.held(&ana).await, if status == 200 { needed } else { 15_000 });
        stage.check_books().await;
        let at_once = limited(quota, 1 << 40).await;
        let bea = at_once.person().await;
        assert_eq!(at_once.put(&bea, &blocks).await.status.as_u16(), status);
        assert_eq!(at_once.held(&bea).await, if status == 200 { needed } else { 0 });
    }
}

#[tokio::test]
async fn quota_of_all_counts_a_shared_block_once() {
    let stage = limited(30_000, 30_000).await;
    let (ana, bea) = (stage.person().await, stage.person().await);
    let blocks = [leaf(10_000), leaf(10_000), leaf(10_000), leaf(1)];
    stage.put(&ana, &blocks[..3]).await.check(200, "");
    stage.put(&bea, &blocks[..3]).await.check(200, "");
    let full = stage.put(&bea, &blocks[3..]).await;
    full.check(507, "quota of this account");
    let other = limited(40_000, 30_000).await;
    let (ana, bea) = (other.person().await, other.person().await);
    other.put(&ana, &blocks[..3]).await.check(200, "");
    other.put(&bea, &blocks[3..]).await.check(507, "this node is full");
    assert_eq!(other.held(&bea).await, 0);
    other.check_books().await;
}

#[tokio::test]
async fn uploads_at_once_do_not_exceed_the_quota_together() {
    for _ in 0..5 {
        let stage = limited(10_000, 1 << 40).await;
        let ana = stage.person().await;
        let [one, two, three] = [leaf(6_000), leaf(6_000), leaf(6_000)].map(|block| [block]);
        let answers = futures::join!(stage.put(&ana, &one), stage.put(&ana, &two), stage.put(&ana, &three));
        let mut statuses = [answers.0, answers.1, answers.2].map(|answer| answer.status.as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 507, 507]);
        assert_eq!(stage.held(&ana).await, 6_000);
        stage.check_books().await;
    }
}

#[tokio::test]
async fn pin_counts_its_rows_and_is_undone_when_the_quota_is_used_up() {
    let blocks = dag(&[10_000, 10_000, 3]);
    let needed = pinned(&blocks);
    for (quota, status) in [(needed, 200), (needed - 1, 507)] {
        let stage = limited(quota, 1 << 40).await;
        let ana = stage.person().await;
        stage.put(&ana, &blocks).await.check(200, "");
        assert_eq!(stage.pin(&ana, &root(&blocks)).await.status.as_u16(), status);
        stage.check_books().await;
        assert_eq!(stage.held(&ana).await, if status == 200 { needed } else { counts(&blocks) });
        assert_eq!(stage.room.0.rows.unfinished(u64::MAX / 2).await.unwrap(), []);
        assert_eq!(stage.store.pins.lock().unwrap().len(), usize::from(status == 200));
        // What a pin holds that the account never put counts for it too.
        let bea = stage.person().await;
        assert_eq!(stage.pin(&bea, &root(&blocks)).await.status.as_u16(), status);
        assert_eq!(stage.held(&bea).await, if status == 200 { needed } else { 0 });
        stage.check_books().await;
    }
}

#[tokio::test]
async fn pins_over_pins_count_each_row() {
    let stage = limited(100_000, 1 << 40).await;
    let ana = stage.person().await;
    let mut below = leaf(1);
    let mut pins = 0;
    stage.put(&ana, std::slice::from_ref(&below)).await.check(200, "");
    // A chain of n pins has n * n / 2 rows.
    loop {
        let above = list(&[below.cid]);
        if stage.put(&ana, std::slice::from_ref(&above)).await.status != 200 {
            break;
        }
        if stage.pin(&ana, &above.cid).await.status != 200 {
            break;
        }
        pins += 1;
        below = above;
        assert!(pins * pins / 2 * BELOW_A_PIN <= 100_000, "{pins}");
    }
    assert!(pins > 5, "{pins}");
    assert!(stage.held(&ana).await <= 100_000);
    stage.check_books().await;
}

#[tokio::test]
async fn full_or_absent_store_is_an_answer_and_not_a_loss() {
    let stage = Stage::plain().await;
    let (ana, blocks) = (stage.person().await, dag(&[5_000, 6_000]));
    stage.fails(DOWN);
    let down = stage.put(&ana, &blocks).await;
    down.check(503, "try again later");
    assert!(down.header("retry-after").parse::<u64>().unwrap() > 0 && !down.text().contains("plug"), "{}", down.text());
    assert!(stage.room.health().await.unwrap_err().contains("does not answer"));
    stage.fails(NOTHING);
    assert_eq!(stage.room.health().await, Ok(()));
    stage.put(&ana, &blocks).await.check(200, "");
    stage.pin(&ana, &root(&blocks)).await.check(200, "");
    stage.fails(FULL);
    stage.put(&ana, &[leaf(10)]).await.check(507, "this node is full");
    stage.fails(NOTHING);
    stage.put(&ana, &[leaf(10)]).await.check(507, "this node is full");
    assert!(stage.serves(&blocks[0]).await, "reading goes on");
    stage.fails(DOWN);
    assert_eq!(stage.get(&format!("/ipfs/{}?format=raw", blocks[0].cid)).await.status, 503);
    stage.pin(&ana, &root(&blocks)).await.check(503, "try again later");
    stage.fails(NOTHING);
    stage.check_books().await;
    assert!(stage.serves(&blocks[0]).await);
    let metrics = stage.room.metrics().await;
    for line in ["blocks_accounts 1", "blocks_pinned_bytes 11", "reason=\"node_full\"} 2", "reason=\"unavailable\"} 2"]
    {
        assert!(metrics.contains(line), "{line} {metrics}");
    }
}
