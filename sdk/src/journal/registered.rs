//! The state of one record on chain.

use alloy::primitives::{Address, B256};

use crate::ledger::{Record, RecordState, Status};

/// The state of a record on chain, as far as locks depend on it.
#[derive(Clone, Copy)]
pub(crate) struct RegisteredRecord {
    pub(crate) id: B256,
    pub(crate) author: Address,
    pub(crate) folder: u64,
    pub(crate) status: Status,
}

impl RegisteredRecord {
    pub(crate) fn new(id: B256, state: &RecordState) -> Self {
        Self { id, author: state.author, folder: state.folder, status: state.status }
    }
}

impl From<&Record> for RegisteredRecord {
    fn from(record: &Record) -> Self {
        Self::new(record.id, &record.state)
    }
}
