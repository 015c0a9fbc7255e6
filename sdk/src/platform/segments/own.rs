//! By our own cipher, on all cores.

use std::sync::Arc;

use hospital_record_core::{
    error::CoreError,
    seal::stream::{ContentKey, StreamHeader, StreamOpener, StreamSealer},
};

use crate::base::{error::Result, task::compute};

#[derive(Clone)]
pub(crate) struct Sealer(Arc<StreamSealer>);

impl Sealer {
    pub(crate) async fn new(key: &ContentKey, header: StreamHeader) -> Result<Self> {
        Ok(Self(Arc::new(StreamSealer::new(key, header))))
    }

    /// The block of a segment.
    pub(crate) async fn seal(&self, index: u32, last: bool, plain: Vec<u8>) -> Result<Vec<u8>> {
        let sealer = self.0.clone();
        Ok(compute(move || sealer.seal(index, last, &plain)).await?.map_err(CoreError::from)?)
    }
}

#[derive(Clone)]
pub(crate) struct Opener(Arc<StreamOpener>);

impl Opener {
    pub(crate) fn new(key: &ContentKey, header: StreamHeader) -> Self {
        Self(Arc::new(StreamOpener::new(key, header)))
    }

    /// The plaintext of a block, after its check.
    pub(crate) async fn open(&self, index: u32, last: bool, mut block: Vec<u8>) -> Result<Vec<u8>> {
        self.0.open_in_place(index, last, &mut block).map_err(CoreError::from)?;
        Ok(block)
    }
}
