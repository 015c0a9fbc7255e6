#![allow(clippy::unwrap_used)]

use hospital_record::store::Block;

use super::*;

const NOW: u64 = 1_800_000_000;

async fn rows(folder: &tempfile::TempDir) -> Rows {
    let database = Database::open(folder.path()).await.unwrap();
    Rows::new(database, Quota { account: 1 << 40, total: 1 << 40 }, Duration::from_secs(100))
}

fn blocks(count: u32) -> Vec<Measured> {
    (0..count).map(|number| (Block::leaf(number.to_be_bytes().to_vec()).cid, 4)).collect()
}

#[tokio::test]
async fn many_blocks_are_counted_pinned_and_released_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let (rows, ana) = (rows(&folder).await, Address::repeat_byte(1));
    let blocks = blocks(3 * CHUNK as u32 + 1);
    let (count, root) = (blocks.len() as u64, blocks[0].0);
    rows.put(ana, &blocks, NOW).await.unwrap();
    assert_eq!(rows.held(ana).await.unwrap(), count * LEAST);
    rows.want(ana, &root, NOW).await.unwrap();
    for _ in 0..2 {
        rows.cover(ana, &root, &blocks).await.unwrap();
        assert_eq!(rows.held(ana).await.unwrap(), count * (LEAST + BELOW_A_PIN));
    }
    assert!(rows.pinned(ana, &root, (count, 4 * count), NOW).await.unwrap());
    while rows.expire(NOW + 1_000).await.unwrap() {}
    let numbers = Numbers { accounts: 1, blocks: count, held: count * (LEAST + BELOW_A_PIN), pinned: 4 * count };
    assert_eq!(rows.numbers().await.unwrap(), numbers);
    assert!(rows.end(ana, &root, NOW + 50).await.unwrap());
    assert_eq!(rows.held(ana).await.unwrap(), count * LEAST, "they were put less than 100 s ago");
    assert_eq!(rows.unfinished(NOW).await.unwrap(), [(ana, root)]);
    rows.forget(ana, &root).await.unwrap();
    while rows.expire(NOW + 99).await.unwrap() {}
    assert_eq!(rows.held(ana).await.unwrap(), count * LEAST);
    while rows.expire(NOW + 100).await.unwrap() {}
    assert_eq!(rows.numbers().await.unwrap(), Numbers::default());
}

#[tokio::test]
async fn quota_refuses_all_of_an_upload_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(folder.path()).await.unwrap();
    let quota = Quota { account: 1000 * LEAST, total: 1 << 40 };
    let (rows, ana) = (Rows::new(database, quota, Duration::from_secs(100)), Address::repeat_byte(1));
    let blocks = blocks(1001);
    assert!(matches!(rows.put(ana, &blocks, NOW).await, Err(RowsError::AccountFull)));
    assert_eq!(rows.numbers().await.unwrap(), Numbers::default());
    rows.put(ana, &blocks[1..], NOW).await.unwrap();
    rows.put(ana, &blocks[1..], NOW).await.unwrap();
    assert!(matches!(rows.put(ana, &blocks[..1], NOW).await, Err(RowsError::AccountFull)));
}

#[tokio::test]
async fn rows_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (ana, blocks) = (Address::repeat_byte(1), blocks(3));
    let first = rows(&folder).await;
    first.put(ana, &blocks, NOW).await.unwrap();
    drop(first);
    let again = rows(&folder).await;
    assert_eq!(again.size(&blocks[2].0).await.unwrap(), Some(4));
    assert_eq!(again.held(ana).await.unwrap(), 3 * LEAST);
}

#[tokio::test]
async fn quota_that_was_lowered_still_lets_blocks_go() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows(&folder).await;
    let (ana, blocks) = (Address::repeat_byte(1), blocks(3));
    rows.put(ana, &blocks, NOW).await.unwrap();
    rows.want(ana, &blocks[0].0, NOW).await.unwrap();
    rows.cover(ana, &blocks[0].0, &blocks).await.unwrap();
    let lower = Rows { quota: Quota { account: 1, total: 1 }, ..rows };
    lower.put(ana, &blocks, NOW).await.unwrap();
    lower.cover(ana, &blocks[0].0, &blocks).await.unwrap();
    assert!(lower.end(ana, &blocks[0].0, NOW).await.unwrap());
    lower.forget(ana, &blocks[0].0).await.unwrap();
    while lower.expire(NOW + 1_000).await.unwrap() {}
    assert_eq!(lower.numbers().await.unwrap(), Numbers::default());
}
