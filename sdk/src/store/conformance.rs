//! The conformance suite of [`Store`]. It panics at the first check that a store fails.
//!
//! ```no_run
//! # async fn example() -> Result<(), hospital_record::store::StoreError> {
//! use hospital_record::store::{StoreOptions, conformance::conformance, open};
//!
//! conformance(open("kubo+http://127.0.0.1:5001", &StoreOptions::default())?).await;
//! # Ok(())
//! # }
//! ```
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test suite reports by panics")]

mod liar;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cid::Cid;
use futures::{StreamExt, TryStreamExt, future, stream};
use hospital_record_core::{id::DAG_CBOR, record::dag::DagBuilder};
use ipld_core::ipld::Ipld;

use crate::{
    base::task::{FutureInBox, StreamInBox},
    store::{conformance::liar::Liar, dag::MAX_BLOCK, error::StoreError, seam::Store},
};

use hospital_record_core::record::dag::Block;

/// Runs the suite. Nobody else may use the store meanwhile: the suite sweeps every block that is not pinned.
///
/// Pass a store from [`open`](crate::store::open) or [`checked`](crate::store::checked). Some checks wait until the
/// store gives up on a block that does not exist, so a short timeout makes the suite faster.
pub async fn conformance(store: Arc<dyn Store>) {
    let suite = [
        blocks_come_back(&*store, &*store).in_box(),
        nothing_can_be_put(&*store).in_box(),
        a_block_may_be_put_twice(&*store).in_box(),
        an_absent_block_is_not_found(&*store).in_box(),
        a_pin_of_an_absent_block_fails(&*store).in_box(),
        a_pin_holds_a_whole_dag(&*store).in_box(),
        a_pin_of_an_incomplete_dag_fails(&*store).in_box(),
        pins_and_unpins_may_be_repeated(&*store).in_box(),
        an_unpinned_dag_stays_where_another_pin_reaches(&*store).in_box(),
        an_error_among_the_blocks_ends_the_put(&*store).in_box(),
        puts_run_side_by_side(&*store).in_box(),
        a_wrong_block_does_not_get_in(&*store).in_box(),
        a_wrong_block_does_not_get_out(&*store, store.clone()).in_box(),
        many_blocks_stream(&*store, &*store, 16).in_box(),
    ];
    for check in suite {
        check.await;
    }
}

/// Runs what a read-only store can pass: what is put into `writer` is read from `reader`, such as a gateway before a node.
/// The same conditions hold as for [`conformance`].
pub async fn read_only(reader: Arc<dyn Store>, writer: Arc<dyn Store>) {
    let suite = [
        blocks_come_back(&*writer, &*reader).in_box(),
        an_absent_block_is_not_found(&*reader).in_box(),
        a_write_is_refused(&*reader).in_box(),
        a_wrong_block_does_not_get_out(&*writer, reader.clone()).in_box(),
        many_blocks_stream(&*writer, &*reader, 16).in_box(),
    ];
    for check in suite {
        check.await;
    }
}

/// Puts, pins and reads back one file of this many blocks of 1 MiB. It makes the blocks while it sends them.
async fn many_blocks_stream(writer: &dyn Store, reader: &dyn Store, mebibytes: u64) {
    let mut leaves = Vec::new();
    let blocks = stream::iter(0..mebibytes).map(|_| Ok(random(1 << 20))).inspect_ok(|block| leaves.push(block.cid));
    assert_eq!(writer.put(blocks.in_box()).await.unwrap(), mebibytes);
    let node = node(&leaves.iter().map(|cid| (*cid, 1 << 20)).collect::<Vec<_>>());
    put(writer, std::slice::from_ref(&node)).await;
    writer.pin(&node.cid).await.unwrap();
    let sizes = stream::iter(leaves).map(|cid| async move { reader.get(&cid).await.map(|bytes| bytes.len()) });
    let sizes: Vec<usize> = sizes.buffer_unordered(8).try_collect().await.unwrap();
    assert_eq!(sizes, vec![1 << 20; usize::try_from(mebibytes).unwrap()]);
    writer.unpin(&node.cid).await.unwrap();
}

async fn blocks_come_back(writer: &dyn Store, reader: &dyn Store) {
    let sizes = [0, 1, 127, 128, 1 << 16, 1 << 20, MAX_BLOCK];
    let blocks: Vec<Block> = sizes.into_iter().map(random).chain(dag().1).collect();
    assert_eq!(put(writer, &blocks).await, blocks.len() as u64);
    for block in &blocks {
        assert!(reader.has(&block.cid).await.unwrap(), "has {}", block.cid);
        assert_eq!(reader.get(&block.cid).await.unwrap(), block.bytes, "{}", block.cid);
    }
}

async fn nothing_can_be_put(store: &dyn Store) {
    assert_eq!(store.put(stream::empty().in_box()).await.unwrap(), 0);
}

async fn a_block_may_be_put_twice(store: &dyn Store) {
    let block = random(1000);
    assert_eq!(put(store, &[block.clone(), block.clone()]).await, 2, "a put counts every block");
    assert_eq!(put(store, std::slice::from_ref(&block)).await, 1);
    assert_eq!(store.get(&block.cid).await.unwrap(), block.bytes);
}

async fn an_absent_block_is_not_found(store: &dyn Store) {
    let absent = random(32).cid;
    assert!(!store.has(&absent).await.unwrap());
    let error = store.get(&absent).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { cid } if cid == absent), "{error}");
}

async fn a_pin_of_an_absent_block_fails(store: &dyn Store) {
    let error = store.pin(&random(32).cid).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
}

async fn a_write_is_refused(store: &dyn Store) {
    let block = random(32);
    let written = [
        store.put(stream::iter([Ok(block.clone())]).in_box()).await.map(drop),
        store.pin(&block.cid).await,
        store.unpin(&block.cid).await,
    ];
    assert!(written.iter().all(|result| matches!(result, Err(StoreError::Refused { .. }))), "{written:?}");
}

async fn a_pin_holds_a_whole_dag(store: &dyn Store) {
    let (root, blocks) = dag();
    let loose = random(100);
    put(store, &blocks).await;
    put(store, std::slice::from_ref(&loose)).await;
    store.pin(&root.cid).await.unwrap();
    store.sweep(Duration::from_secs(3600)).await.unwrap();
    assert!(store.has(&loose.cid).await.unwrap(), "a sweep keeps recent blocks");
    let removed = store.sweep(Duration::ZERO).await.unwrap();
    assert!(removed == 0 || !store.has(&loose.cid).await.unwrap(), "a sweep removes unpinned blocks");
    for block in &blocks {
        assert_eq!(store.get(&block.cid).await.unwrap(), block.bytes, "a pinned block stays");
    }
    store.unpin(&root.cid).await.unwrap();
    if store.sweep(Duration::ZERO).await.unwrap() > 0 {
        assert!(!store.has(&root.cid).await.unwrap(), "a sweep removes a block that is no longer pinned");
    }
}

async fn a_pin_of_an_incomplete_dag_fails(store: &dyn Store) {
    let (root, blocks) = dag();
    let (missing, rest) = blocks.split_first().unwrap();
    put(store, rest).await;
    let error = store.pin(&root.cid).await.unwrap_err();
    assert!(matches!(error, StoreError::NotFound { cid } if cid == missing.cid), "{error}");
    put(store, &blocks).await;
    store.pin(&root.cid).await.expect("a complete DAG can be pinned");
    store.unpin(&root.cid).await.unwrap();
}

async fn pins_and_unpins_may_be_repeated(store: &dyn Store) {
    let (root, blocks) = dag();
    put(store, &blocks).await;
    for _ in 0..2 {
        store.pin(&root.cid).await.unwrap();
    }
    for _ in 0..2 {
        store.unpin(&root.cid).await.unwrap();
    }
    store.unpin(&random(32).cid).await.expect("unpinning succeeds without a pin");
}

async fn an_unpinned_dag_stays_where_another_pin_reaches(store: &dyn Store) {
    let (root, blocks) = dag();
    let above = envelope(&root);
    put(store, &blocks).await;
    put(store, std::slice::from_ref(&above)).await;
    store.pin(&root.cid).await.unwrap();
    store.pin(&above.cid).await.unwrap();
    store.unpin(&root.cid).await.unwrap();
    store.sweep(Duration::ZERO).await.unwrap();
    assert!(store.has(&blocks[0].cid).await.unwrap());
    store.unpin(&above.cid).await.unwrap();
}

async fn an_error_among_the_blocks_ends_the_put(store: &dyn Store) {
    let (root, blocks) = dag();
    let broken = || Err(StoreError::Input("the file vanished".into()));
    let blocks = stream::iter(blocks).map(Ok).chain(stream::once(future::ready(broken()))).chain(stream::pending());
    let error = store.put(blocks.in_box()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Input(cause) if cause.to_string() == "the file vanished"), "{error}");
    let error = store.put(stream::iter([broken()]).in_box()).await.unwrap_err();
    assert!(matches!(error, StoreError::Input(_)), "{error}");
    store.sweep(Duration::ZERO).await.unwrap();
    store.unpin(&root.cid).await.unwrap();
}

async fn puts_run_side_by_side(store: &dyn Store) {
    let dags: Vec<_> = (0..6).map(|_| dag()).collect();
    let same = random(100_000);
    future::join_all(dags.iter().map(|(root, blocks)| {
        let same = &same;
        async move {
            put(store, std::slice::from_ref(same)).await;
            put(store, blocks).await;
            store.pin(&root.cid).await.unwrap();
        }
    }))
    .await;
    assert_eq!(store.get(&same.cid).await.unwrap(), same.bytes);
    for (root, blocks) in &dags {
        assert_eq!(store.get(&blocks[0].cid).await.unwrap(), blocks[0].bytes);
        store.unpin(&root.cid).await.unwrap();
    }
}

async fn a_wrong_block_does_not_get_in(store: &dyn Store) {
    let honest = random(500);
    let wrong = Block { cid: honest.cid, bytes: random(500).bytes };
    assert_integrity(store.put(stream::iter([Ok(wrong)]).in_box()).await);
    assert!(!store.has(&honest.cid).await.unwrap());
    let large = Block::leaf(vec![0; MAX_BLOCK + 1]);
    assert_integrity(store.put(stream::iter([Ok(large)]).in_box()).await);
}

async fn a_wrong_block_does_not_get_out(writer: &dyn Store, reader: Arc<dyn Store>) {
    let honest = random(500);
    put(writer, std::slice::from_ref(&honest)).await;
    let lying = crate::store::checked(Arc::new(Liar(reader)));
    assert_integrity(lying.get(&honest.cid).await);
}

fn assert_integrity<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Integrity { .. })), "{result:?}");
}

async fn put(store: &dyn Store, blocks: &[Block]) -> u64 {
    store.put(stream::iter(blocks.to_vec()).map(Ok).in_box()).await.unwrap()
}

/// A block that no store has, unless it is empty.
fn random(size: usize) -> Block {
    let mut bytes = vec![0; size];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    Block::leaf(bytes)
}

/// A dag-cbor root over a dag-pb node over three leaves, and all five blocks with the last leaf first.
fn dag() -> (Block, Vec<Block>) {
    let leaves = [1 << 20, 1 << 20, 7].map(random);
    let node = node(&leaves.each_ref().map(|leaf| (leaf.cid, leaf.bytes.len() as u64)));
    let root = envelope(&node);
    let [first, second, last] = leaves;
    (root.clone(), vec![last, first, second, node, root])
}

/// The single node over fewer than 1024 leaves.
fn node(leaves: &[(Cid, u64)]) -> Block {
    let mut builder = DagBuilder::new();
    for (cid, size) in leaves {
        builder.push_leaf(*cid, *size).expect("leaves of 1 MiB");
    }
    builder.finish().expect("some leaves").blocks.remove(0)
}

fn envelope(content: &Block) -> Block {
    let map = BTreeMap::from([("content", Ipld::Link(content.cid))]);
    Block::new(DAG_CBOR, serde_ipld_dagcbor::to_vec(&map).expect("a small map"))
}
