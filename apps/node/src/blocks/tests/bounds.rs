//! What one account, or one block of an attacker, can cost.

use std::time::Duration;

use hospital_record::store::Block;

use super::stage::*;
use crate::blocks::room::Patience;

#[tokio::test]
async fn one_root_has_a_bounded_number_of_blocks_below_it() {
    let (stage, mut levels) = (Stage::plain().await, Vec::new());
    let ana = stage.person().await;
    for level in 0..7_u32 {
        let leaves = (0..40_000_u32).map(|number| Block::leaf((level * 40_000 + number).to_be_bytes().to_vec()).cid);
        levels.push(list(&leaves.collect::<Vec<_>>()));
    }
    let top = list(&levels.iter().map(|level| level.cid).collect::<Vec<_>>());
    stage.put(&ana, &levels).await.check(200, "");
    stage.put(&ana, std::slice::from_ref(&top)).await.check(200, "");
    stage.pin(&ana, &top.cid).await.check(413, "more than 262144 blocks below one root");
    stage.check_books().await;
}

#[tokio::test]
async fn pins_of_one_account_at_a_time_are_bounded() {
    let patience = Patience { pin: Duration::from_millis(10), ..Patience::new() };
    let stage = Stage::new(Options { patience, ..Options::default() }).await;
    let (ana, bea, blocks) = (stage.person().await, stage.person().await, (0..33).map(leaf).collect::<Vec<_>>());
    stage.put(&ana, &blocks).await.check(200, "");
    stage.fails(SLOW);
    let many = futures::future::join_all((0..64).map(|number| {
        let root = leaf(100 + number).cid;
        let stage = &stage;
        let ana = &ana;
        async move { stage.pin(ana, &root).await.status.as_u16() }
    }))
    .await;
    assert!(many.contains(&429) && many.iter().all(|status| [202, 404, 429].contains(status)), "{many:?}");
    let other = stage.pin(&bea, &blocks[0].cid).await.status.as_u16();
    assert!([200, 202].contains(&other), "{other}");
}

#[tokio::test]
async fn block_of_an_attacker_neither_crashes_nor_stalls_a_pin() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let nested = Block::new(0x71, vec![0x81; 2 << 20]);
    let claims = Block::new(0x71, vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let noise = Block::new(0x71, vec![0xff; 10_000]);
    let file = Block::new(0x70, vec![0xff; 10_000]);
    let foreign = Block::new(0x71, [&[0xd8, 0x2a, 0x46, 0x00, 0x01, 0x55, 0x00, 0x01, 0x07][..]].concat());
    for block in [nested, claims, noise, file] {
        stage.put(&ana, std::slice::from_ref(&block)).await.check(200, "");
        stage.pin(&ana, &block.cid).await.check(422, "block ");
        assert_eq!(stage.get(&format!("/ipfs/{}?format=raw", block.cid)).await.status, 200);
    }
    stage.put(&ana, std::slice::from_ref(&foreign)).await.check(200, "");
    let status = stage.pin(&ana, &foreign.cid).await.status.as_u16();
    assert!([404, 422].contains(&status), "{status}");
    let many: Vec<_> = (0..40_000_u32).map(|number| Block::leaf(number.to_be_bytes().to_vec()).cid).collect();
    let wide = list(&many);
    stage.put(&ana, std::slice::from_ref(&wide)).await.check(200, "");
    stage.pin(&ana, &wide.cid).await.check(404, "missing");
    stage.check_books().await;
}
