//! Which epochs of folder keys a patient has signed for, as far as this machine has seen.
//!
//! What a provider says of epochs is not enough: one lying answer could move a folder to the last epoch there is. And what
//! was signed once is never unlearned: nothing is locked with keys of an earlier epoch again, whatever the chain shows.

use alloy::primitives::Address;
use hospital_record_core::id::{Epoch, Folder};

use crate::{
    Result,
    cache::{EPOCHS, key},
    ledger::{Event, History, folder_of},
    system::System,
};

/// Epochs beyond those that the patient has signed for that are followed without a keyring: other devices made them, and
/// a store lost their keyrings.
pub(crate) const MOST_UNPROVEN: Epoch = 64;

/// The folder whose keys are those of an epoch from this event on.
fn keys_in(event: &Event) -> Option<(u64, Epoch)> {
    match *event {
        Event::AccessRevoked { scope, epoch, keyring, .. } if !keyring.is_zero() => Some((folder_of(scope)?, epoch)),
        Event::KeysRotated { folder, epoch, .. } => Some((folder, epoch)),
        _ => None,
    }
}

impl System {
    /// The highest epoch that the patient has signed keys for.
    pub(crate) async fn proven_epoch(&self, patient: Address, folder: Folder) -> Result<Epoch> {
        let row = self.cache().get(EPOCHS, self.epoch_key(patient, folder)).await?;
        Ok(row.and_then(|row| row.try_into().ok()).map_or(0, Epoch::from_be_bytes))
    }

    /// A keyring or statement for this epoch was verified, or made here.
    pub(crate) async fn prove_epoch(&self, patient: Address, folder: Folder, epoch: Epoch) -> Result<()> {
        if self.proven_epoch(patient, folder).await? >= epoch {
            return Ok(());
        }
        self.cache().raise(EPOCHS, self.epoch_key(patient, folder), epoch.to_be_bytes().to_vec()).await
    }

    /// Epochs whose entries are gone are not used again: their keyrings were stored, perhaps, and say who has their keys.
    /// What is too far ahead to be an accident counts only where it was proven before.
    pub(crate) async fn burn_epochs(&self, before: &History, kept: usize, history: &History) -> Result<()> {
        for entry in &before.entries()[kept..] {
            let Some((number, epoch)) = keys_in(&entry.event) else { continue };
            let Ok(folder) = Folder::new(number) else { continue };
            let proven = self.proven_epoch(history.patient(), folder).await?;
            let known = proven.max(history.state().folder(number).epoch);
            if epoch <= known.saturating_add(MOST_UNPROVEN) {
                self.prove_epoch(history.patient(), folder, epoch).await?;
            }
        }
        Ok(())
    }

    fn epoch_key(&self, patient: Address, folder: Folder) -> Vec<u8> {
        key(&[&self.deployment_key(), patient.as_slice(), &folder.number().to_be_bytes()])
    }
}
