//! Blocks that others name can be large or lead to many more: the client follows them only up to a limit.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use cid::Cid;
use futures::TryStreamExt;
use hospital_record_core::{
    block::{Block, Verified},
    id::{DAG_CBOR, RAW, cid_of},
    profile::MAX_PROFILE,
    record::{
        dag::{DagBuilder, LEAF},
        manifest::Manifest,
    },
};

use crate::{
    base::error::kind::ErrorKind,
    client::tests::person,
    platform::cache::BLOCKS,
    records::{download, source::Source},
    store::{Blocks, Store, StoreError, stores::Stores},
    system::System,
};

#[tokio::test]
async fn a_block_that_is_too_large_for_its_kind_is_not_remembered() {
    let system = System::in_memory().await.unwrap();
    let ana = person(&system).await;
    for (size, remembered) in [(MAX_PROFILE, true), (MAX_PROFILE + 1, false)] {
        let block = Block::new(DAG_CBOR, vec![0; size]);
        let digest = system.services.people().publish(block).await.unwrap();
        let error = system.services.people().profile_block(ana.address(), digest).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Integrity, "{error}");
        let cached = system.services.cache.get(BLOCKS, digest.0.to_vec()).await.unwrap();
        assert_eq!(cached.is_some(), remembered, "{size}");
    }
}

/// A store that counts reads and takes nothing.
#[derive(Debug, Default)]
struct CountingStore {
    blocks: HashMap<Cid, Bytes>,
    reads: AtomicUsize,
}

#[async_trait::async_trait]
impl Store for CountingStore {
    fn url(&self) -> &str {
        "counting:"
    }

    async fn put(&self, _: Blocks<'_>) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.reads.fetch_add(1, Relaxed);
        self.blocks.get(cid).cloned().ok_or(StoreError::NotFound { cid: *cid })
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        Ok(self.blocks.contains_key(cid))
    }

    async fn pin(&self, _: &Cid) -> Result<(), StoreError> {
        Ok(())
    }

    async fn unpin(&self, _: &Cid) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A terabyte that is one block a million times: its root, its size and its blocks.
fn repeated() -> (Cid, u64, HashMap<Cid, Bytes>) {
    let leaf = cid_of(RAW, b"x");
    let mut builder = DagBuilder::new();
    let mut blocks = HashMap::from([(leaf, Bytes::from_static(b"x"))]);
    for _ in 0..1 << 20 {
        blocks.extend(builder.push_leaf(leaf, LEAF).unwrap().into_iter().map(|block| (block.cid, block.bytes)));
    }
    let tree = builder.finish().unwrap();
    blocks.extend(tree.blocks.into_iter().map(|block| (block.cid, block.bytes)));
    (tree.root, tree.total, blocks)
}

#[tokio::test]
async fn a_tree_that_links_the_same_nodes_over_and_over_is_fetched_once() {
    let ana = person(&System::in_memory().await.unwrap()).await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    let honest: Verified<Manifest> = ana.person().signed(record.id.into()).await.unwrap();
    let (content, total, blocks) = repeated();
    let mut manifest = Manifest { content, ..honest.into_body() };
    // 16 bytes of every segment are its tag, and the first has a header.
    manifest.size = total - (16 << 20) - 40;
    assert_eq!(manifest.ciphertext_len(), total);
    let store = Arc::new(CountingStore { blocks, ..CountingStore::default() });
    let stores = Stores::new(vec![store.clone()]).unwrap();
    download::check_tree(stores.clone(), &manifest).await.unwrap();
    assert_eq!(store.reads.swap(0, Relaxed), 2);
    let copied: Vec<Block> = download::blocks(stores, &manifest).unwrap().try_collect().await.unwrap();
    assert_eq!((copied.len(), store.reads.load(Relaxed)), (2 + 1024, 2 + 1024));
}

#[tokio::test]
async fn content_that_is_longer_than_its_manifest_says_is_not_copied() {
    let ana = person(&System::in_memory().await.unwrap()).await;
    let record = ana.add(Source::bytes("x", "x")).await.unwrap().record;
    let honest: Verified<Manifest> = ana.person().signed(record.id.into()).await.unwrap();
    for (length, fits) in [(honest.ciphertext_len() as usize, true), (1 << 20, false)] {
        let leaf = Bytes::from(vec![7; length]);
        let content = cid_of(RAW, &leaf);
        let manifest = Manifest { content, ..honest.clone().into_body() };
        let store = Arc::new(CountingStore { blocks: HashMap::from([(content, leaf)]), ..CountingStore::default() });
        let checked = download::check_tree(Stores::new(vec![store]).unwrap(), &manifest).await;
        assert_eq!(checked.is_ok(), fits, "{checked:?}");
    }
}
