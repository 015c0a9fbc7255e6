//! Epochs of folder keys that a patient signed for, as far as this machine has seen.
//!
//! A provider's word about epochs is not enough: one lie could move a folder to the last epoch there is. A signed epoch
//! is never forgotten. So nothing is locked with keys of an earlier epoch again, whatever the chain shows.

use alloy::primitives::{Address, B256};
use hospital_record_core::id::{Epoch, Folder};

use crate::{
    base::error::Result,
    journal::journals::Journals,
    ledger::{EntryChain, Event, folder_of},
    platform::cache::{BURNT, EPOCHS, Rows, key},
};

/// How many epochs beyond the last signed one are followed without a keyring. Other devices may have made them, and a
/// store may have lost their keyrings.
pub(crate) const MOST_UNPROVEN: Epoch = 64;

/// The most epochs that one reorg can burn.
const MOST_BURNT: usize = 256;

/// The folder, epoch and keyring of an event that moves a folder's keys on.
fn keys_in(event: &Event) -> Option<(u64, Epoch, B256)> {
    match *event {
        Event::AccessRevoked { scope, epoch, keyring, .. } if !keyring.is_zero() => {
            Some((folder_of(scope)?, epoch, keyring))
        }
        Event::KeysRotated { folder, epoch, keyring } => Some((folder, epoch, keyring)),
        _ => None,
    }
}

fn epoch_in(row: Option<Vec<u8>>) -> Epoch {
    row.and_then(|row| row.try_into().ok()).map_or(0, Epoch::from_be_bytes)
}

/// Epochs and keyrings in rows whose keys start with `key`.
fn burnt_in(key: &[u8], rows: &Rows) -> impl Iterator<Item = (Epoch, B256)> {
    rows.iter().filter_map(move |(place, _)| {
        let (epoch, digest) = place.strip_prefix(key)?.split_first_chunk::<2>()?;
        Some((Epoch::from_be_bytes(*epoch), B256::try_from(digest).ok()?))
    })
}

impl Journals {
    /// The highest epoch that the patient signed keys for, or that was burnt.
    pub(crate) async fn proven_epoch(&self, patient: Address, folder: Folder) -> Result<Epoch> {
        let key = self.epoch_key(patient, folder);
        let (row, rows) = self.cache.get_with_rows((EPOCHS, key.clone()), (BURNT, key.clone())).await?;
        let burnt = burnt_in(&key, &rows).map(|(epoch, _)| epoch).max();
        Ok(epoch_in(row).max(burnt.unwrap_or_default()))
    }

    async fn signed_epoch(&self, patient: Address, folder: Folder) -> Result<Epoch> {
        Ok(epoch_in(self.cache.get(EPOCHS, self.epoch_key(patient, folder)).await?))
    }

    /// Records that a keyring or statement for this epoch was verified, or made here.
    pub(crate) async fn prove_epoch(&self, patient: Address, folder: Folder, epoch: Epoch) -> Result<()> {
        if self.signed_epoch(patient, folder).await? >= epoch {
            return Ok(());
        }
        self.cache.raise(EPOCHS, self.epoch_key(patient, folder), epoch.to_be_bytes().to_vec()).await
    }

    /// Burns epochs whose entries are gone: they are not used again, because their keyrings may be in a store. It goes
    /// only so far beyond the signed epochs as an accident can, so that a provider cannot burn more with invented
    /// entries.
    pub(crate) async fn burn_epochs(&self, before: &EntryChain, common: usize, history: &EntryChain) -> Result<()> {
        let mut rows = Vec::new();
        for entry in &before.entries()[common..] {
            let Some((number, epoch, keyring)) = keys_in(&entry.event) else { continue };
            let Ok(folder) = Folder::new(number) else { continue };
            let signed_epoch = self.signed_epoch(history.patient(), folder).await?;
            if epoch > signed_epoch.saturating_add(MOST_UNPROVEN) {
                continue;
            }
            let is_shown = history.state().folder(number).keyrings.iter().any(|shown| shown.digest == keyring);
            if !is_shown && rows.len() < MOST_BURNT {
                let place =
                    key(&[&self.epoch_key(history.patient(), folder), &epoch.to_be_bytes(), keyring.as_slice()]);
                rows.push((place, Vec::new()));
            }
        }
        self.cache.write(BURNT, Vec::new(), rows).await
    }

    /// Whether another keyring for this epoch was there and is gone. Then others than its readers may have the epoch's
    /// keys.
    pub(crate) async fn is_burnt(&self, patient: Address, folder: Folder, epoch: Epoch, keyring: B256) -> Result<bool> {
        let key = self.epoch_key(patient, folder);
        let rows = self.cache.rows(BURNT, key.clone()).await?;
        Ok(burnt_in(&key, &rows).any(|(of, other)| of == epoch && other != keyring))
    }

    fn epoch_key(&self, patient: Address, folder: Folder) -> Vec<u8> {
        key(&[&self.deployment_key, patient.as_slice(), &folder.number().to_be_bytes()])
    }
}
