//! The stores of a system, in order: written to the first, read from the first that answers rightly.

use std::sync::Arc;

use bytes::Bytes;
use cid::Cid;
use futures::{StreamExt, stream};
use hospital_record_core::record::dag::Block;

use crate::{
    base::error::{Error, Result},
    store::{StoreError, seam::Store, until_silent},
};

#[derive(Clone, Debug)]
pub(crate) struct Stores(Arc<[Arc<dyn Store>]>);

impl Stores {
    /// At least one.
    pub(crate) fn new(stores: Vec<Arc<dyn Store>>) -> Result<Self> {
        if stores.is_empty() {
            return Err(Error::Invalid(
                "no store is configured: name one, for example kubo+http://127.0.0.1:5001".into(),
            ));
        }
        Ok(Self(stores.into()))
    }

    /// The same for one call of an app: a store that was silent once is not waited for again, and blocks that nobody has
    /// only `vain` times.
    pub(crate) fn for_one_call(&self, vain: usize) -> Self {
        Self(self.0.iter().cloned().map(|store| until_silent(store, vain)).collect())
    }

    /// The one that is written to.
    pub(crate) fn own(&self) -> &Arc<dyn Store> {
        &self.0[0]
    }

    /// From the first store that has it. A store that lies is passed over like one that lacks it, but its error wins
    /// when no other has the block.
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

    /// Puts one block, pins it and reads it back: what this returns is stored.
    pub(crate) async fn keep(&self, block: Block) -> Result<()> {
        let (cid, bytes) = (block.cid, block.bytes.clone());
        let own = self.own();
        own.put(stream::iter([Ok(block)]).boxed()).await?;
        own.pin(&cid).await?;
        if own.get(&cid).await? != bytes {
            return Err(Error::Integrity(format!("{} gave back other bytes than were put", own.url()).into()));
        }
        Ok(())
    }
}

/// What is worst is told: a lie before silence, silence before absence.
fn gravity(error: &StoreError) -> u8 {
    match error {
        StoreError::NotFound { .. } => 0,
        StoreError::Integrity { .. } => 2,
        _ => 1,
    }
}
