//! Records that are being added: kept, sealed, from before they are pinned until the chain has them.

use alloy::primitives::{Address, B256};
use hospital_record_core::{error::CoreError, id::RecordId};
use serde::{Deserialize, Serialize};

use crate::{
    base::error::{Error, Result},
    client::Client,
    platform::cache::{PENDING, key},
};

/// A record that is being added: enough to register it, or to let go of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pending {
    #[serde(with = "serde_bytes")]
    patient: [u8; 20],
    pub(crate) folder: u64,
    pub(crate) key_changes: u32,
    #[serde(with = "serde_bytes")]
    id: [u8; 32],
    replaces: Option<serde_bytes::ByteArray<32>>,
    /// What it is called, for the person who has to add it again. Rows of before have none.
    #[serde(default)]
    name: Option<String>,
}

impl Pending {
    /// `replaces` is the key of the record whose place it takes.
    pub(crate) fn new(patient: Address, folder: u64, key_changes: u32, id: RecordId, replaces: Option<B256>) -> Self {
        let replaces = replaces.map(|key| serde_bytes::ByteArray::new(key.0));
        Self { patient: patient.into(), folder, key_changes, id: id.0, replaces, name: None }
    }

    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn patient(&self) -> Address {
        self.patient.into()
    }

    pub(crate) fn id(&self) -> RecordId {
        RecordId(self.id)
    }

    pub(crate) fn replaces(&self) -> Option<B256> {
        self.replaces.as_ref().map(|key| B256::from(**key))
    }
}

impl Client {
    pub(crate) async fn remember(&self, pending: &Pending) -> Result<()> {
        let place = self.pending_key(pending.id());
        let row = serde_ipld_dagcbor::to_vec(pending).map_err(Error::cache)?;
        let sealed = self.keys().local_seal(&place, &row).map_err(CoreError::from)?;
        self.system().cache().put(PENDING, place, sealed).await
    }

    pub(crate) async fn forget(&self, id: RecordId) -> Result<()> {
        self.system().cache().remove(PENDING, self.pending_key(id)).await
    }

    /// What was begun and not ended. A damaged row hides no other.
    pub(crate) async fn unfinished(&self) -> Result<Vec<(RecordId, Result<Pending>)>> {
        let prefix = self.pending_prefix();
        let rows = self.system().cache().rows(PENDING, prefix.clone()).await?;
        let open = |(place, sealed): (Vec<u8>, Vec<u8>)| {
            let id = RecordId(place.strip_prefix(prefix.as_slice())?.try_into().ok()?);
            Some((id, self.opened(&place, &sealed)))
        };
        Ok(rows.into_iter().filter_map(open).collect())
    }

    fn opened(&self, place: &[u8], sealed: &[u8]) -> Result<Pending> {
        let row = self.keys().local_open(place, sealed).map_err(CoreError::from)?;
        serde_ipld_dagcbor::from_slice(&row).map_err(Error::cache)
    }

    fn pending_prefix(&self) -> Vec<u8> {
        key(&[&self.system().deployment_key(), self.address().as_slice()])
    }

    fn pending_key(&self, id: RecordId) -> Vec<u8> {
        key(&[&self.pending_prefix(), &id.0])
    }
}
