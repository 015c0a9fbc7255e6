//! The stores of a system, in order. Blocks are written to the first, and read from the first with a valid answer.

use std::sync::Arc;

use bytes::Bytes;
use cid::Cid;
use futures::stream;
use hospital_record_core::record::dag::Block;

use crate::{
    base::{
        error::{Result, fail},
        task::StreamInBox,
    },
    store::{
        StoreError,
        seam::{Sessions, Store},
        until_unreachable,
    },
};

#[derive(Clone, Debug)]
pub(crate) struct Stores(Arc<[Arc<dyn Store>]>);

impl Stores {
    /// Takes at least one store.
    pub(crate) fn new(stores: Vec<Arc<dyn Store>>) -> Result<Self> {
        if stores.is_empty() {
            return fail!(Invalid, "no store is configured: name one, for example kubo+http://127.0.0.1:5001");
        }
        Ok(Self(stores.into()))
    }

    /// The same stores for one call of an app. A store that timed out or was unreachable is not asked again. Peers are
    /// searched for at most `vain` missing blocks.
    pub(crate) fn for_one_call(&self, vain: usize) -> Self {
        Self(self.0.iter().cloned().map(|store| until_unreachable(store, vain)).collect())
    }

    /// The same stores, written on behalf of one account.
    pub(crate) fn for_account(&self, sessions: &Arc<dyn Sessions>) -> Self {
        let of = |store: &Arc<dyn Store>| store.for_account(sessions).unwrap_or_else(|| store.clone());
        Self(self.0.iter().map(of).collect())
    }

    /// The store that blocks are written to.
    pub(crate) fn own(&self) -> &Arc<dyn Store> {
        &self.0[0]
    }

    /// Gets a block from the first store that has it. A store with a wrong block is skipped like one without it. If no
    /// store has the block, the worst error is returned.
    pub(crate) async fn get(&self, cid: &Cid) -> Result<Bytes> {
        let mut worst: Option<StoreError> = None;
        for store in self.0.iter() {
            match store.get(cid).await {
                Ok(bytes) => return Ok(bytes),
                Err(error) => {
                    if worst.as_ref().is_none_or(|worst| gravity(&error) > gravity(worst)) {
                        worst = Some(error);
                    }
                }
            }
        }
        Err(worst.unwrap_or(StoreError::NotFound { cid: *cid }).into())
    }

    pub(crate) async fn block(&self, cid: &Cid) -> Result<Block> {
        Ok(Block { cid: *cid, bytes: self.get(cid).await? })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn all(&self) -> Vec<Arc<dyn Store>> {
        self.0.to_vec()
    }

    /// Puts one block, pins it and reads it back. On success the block is stored.
    pub(crate) async fn keep(&self, block: Block) -> Result<()> {
        let (cid, bytes) = (block.cid, block.bytes.clone());
        let own = self.own();
        own.put(stream::iter([Ok(block)]).in_box()).await?;
        own.pin(&cid).await?;
        if own.get(&cid).await? != bytes {
            return fail!(Integrity, "{} returned other bytes than were put", own.url());
        }
        Ok(())
    }
}

/// The severity of an error: a wrong block is worse than a store that does not answer, and that is worse than a missing
/// block.
fn gravity(error: &StoreError) -> u8 {
    match error {
        StoreError::NotFound { .. } => 0,
        StoreError::Integrity { .. } => 2,
        _ => 1,
    }
}
