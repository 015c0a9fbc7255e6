//! Which epochs of folder keys a patient has signed for, as far as this machine has seen.
//!
//! What a provider says of epochs is not enough: one lying answer could move a folder to the last epoch there is. And what
//! was signed once is never unlearned: nothing is locked with keys of an earlier epoch again, whatever the chain shows.

use alloy::primitives::Address;
use hospital_record_core::id::{Epoch, Folder};

use crate::{
    Result,
    cache::{EPOCHS, key},
    system::System,
};

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

    fn epoch_key(&self, patient: Address, folder: Folder) -> Vec<u8> {
        key(&[&self.deployment_key(), patient.as_slice(), &folder.number().to_be_bytes()])
    }
}
