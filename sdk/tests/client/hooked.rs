//! A store in memory, and what a test does before each question to it.

use std::{fmt::Debug, sync::Arc};

use bytes::Bytes;
use cid::Cid;
use hospital_record::{
    System,
    store::{Blocks, Store, StoreError, StoreOptions, open},
};

/// The question. All but a put name a block.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Question<'a> {
    Put,
    Get(&'a Cid),
    Has(&'a Cid),
    Pin(&'a Cid),
    Unpin,
}

#[async_trait::async_trait]
pub(crate) trait Hook: Clone + Debug + Send + Sync + 'static {
    /// An error is the answer: the store is not asked. A block that is not found is one that the store has not.
    async fn before(&self, question: Question<'_>) -> Result<(), StoreError>;

    /// A system whose store is asked after this.
    async fn system(&self) -> System {
        let store = open("memory:", &StoreOptions::default()).unwrap();
        System::in_memory_with(Hooked { store, hook: self.clone() }).await.unwrap()
    }
}

#[derive(Debug)]
struct Hooked<H> {
    store: Arc<dyn Store>,
    hook: H,
}

#[async_trait::async_trait]
impl<H: Hook> Store for Hooked<H> {
    fn url(&self) -> &str {
        "hooked:"
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        self.hook.before(Question::Put).await?;
        self.store.put(blocks).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        self.hook.before(Question::Get(cid)).await?;
        self.store.get(cid).await
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        match self.hook.before(Question::Has(cid)).await {
            Ok(()) => self.store.has(cid).await,
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        self.hook.before(Question::Pin(root)).await?;
        self.store.pin(root).await
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        self.hook.before(Question::Unpin).await?;
        self.store.unpin(root).await
    }
}
