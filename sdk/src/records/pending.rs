//! Keeps records that are being added, encrypted on this machine, from before they are pinned until they are on chain.

use alloy::primitives::{Address, B256};
use hospital_record_core::{error::CoreError, id::RecordId};
use serde::{Deserialize, Serialize};

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
    platform::cache::PENDING,
};

/// A record that is being added: enough to register it, or to unpin it.
#[derive(Serialize, Deserialize)]
pub(crate) struct PendingRecord {
    pub(crate) patient: Address,
    pub(crate) folder: u64,
    pub(crate) key_changes: u32,
    pub(crate) id: B256,
    /// Key of the record that it replaces.
    pub(crate) replaces: Option<B256>,
    /// Its name, for a person who must add it again. Rows of an earlier version have none.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Whether the add was given up: it is only removed, and never registered.
    #[serde(default)]
    pub(crate) given_up: bool,
}

pub(crate) async fn remember(person: &Person, pending: &PendingRecord) -> Result<()> {
    let place = pending_key(person, RecordId(pending.id.0));
    let row = serde_ipld_dagcbor::to_vec(pending).map_err(Error::cache)?;
    let sealed = person.keys().local_seal(&place, &row).map_err(CoreError::from)?;
    person.cache.put(PENDING, place, sealed).await
}

/// Marks an unfinished record, so that no later `resume` registers it.
pub(crate) async fn give_up(person: &Person, id: RecordId) -> Result<()> {
    let place = pending_key(person, id);
    let Some(sealed) = person.cache.get(PENDING, place.clone()).await? else { return Ok(()) };
    remember(person, &PendingRecord { given_up: true, ..open_row(person, &place, &sealed)? }).await
}

pub(crate) async fn forget(person: &Person, id: RecordId) -> Result<()> {
    person.cache.remove(PENDING, pending_key(person, id)).await
}

/// Records whose add did not finish. A damaged row is an error of its own and does not hide the others.
pub(crate) async fn unfinished(person: &Person) -> Result<Vec<(RecordId, Result<PendingRecord>)>> {
    let prefix = person.own_key(&[]);
    let rows = person.cache.rows(PENDING, prefix.clone()).await?;
    let open = |(place, sealed): (Vec<u8>, Vec<u8>)| {
        let id = RecordId(place.strip_prefix(prefix.as_slice())?.try_into().ok()?);
        Some((id, open_row(person, &place, &sealed)))
    };
    Ok(rows.into_iter().filter_map(open).collect())
}

fn open_row(person: &Person, place: &[u8], sealed: &[u8]) -> Result<PendingRecord> {
    let row = person.keys().local_open(place, sealed).map_err(CoreError::from)?;
    serde_ipld_dagcbor::from_slice(&row).map_err(Error::cache)
}

fn pending_key(person: &Person, id: RecordId) -> Vec<u8> {
    person.own_key(&[&id.0])
}
