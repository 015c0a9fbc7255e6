//! Any place for blocks can be a store: implement the trait. The SDK checks every block against its CID.

mod common;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cid::Cid;
use futures::StreamExt;
use hospital_record::{
    Identity, Result, Source, System,
    store::{Blocks, Store, StoreError},
};

/// A store that keeps everything for ever, in a map.
#[derive(Debug, Default)]
struct Shelf(Mutex<BTreeMap<Cid, Bytes>>);

impl Shelf {
    fn find(&self, cid: &Cid) -> Option<Bytes> {
        self.0.lock().ok()?.get(cid).cloned()
    }
}

#[async_trait::async_trait]
impl Store for Shelf {
    fn url(&self) -> &str {
        "shelf:"
    }

    async fn put(&self, mut blocks: Blocks<'_>) -> Result<u64, StoreError> {
        let mut count = 0;
        while let Some(block) = blocks.next().await {
            let block = block?;
            if let Ok(mut shelf) = self.0.lock() {
                shelf.insert(block.cid, block.bytes);
            }
            count += 1;
        }
        Ok(count)
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.find(cid).ok_or(StoreError::NotFound { cid: *cid })
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        Ok(self.find(cid).is_some())
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.get(root).await.map(drop) // nothing is ever removed here
    }

    async fn unpin(&self, _: &Cid) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let shelf = Shelf::default();
    let system = match std::env::var("ETH_RPC_URL") {
        Ok(rpc) => System::builder().rpc(rpc).own_store(Arc::new(shelf)).connect().await?,
        Err(_) => System::in_memory_with(shelf).await?,
    };
    let ana = Identity::generate()?.0;
    common::fund(&system, ana.address()).await?;
    let ana = system.client(ana);
    let added = ana.add(Source::bytes("note.txt", "on the shelf")).await?;
    assert_eq!(ana.open(&added.record).await?.bytes, "on the shelf");
    Ok(())
}
