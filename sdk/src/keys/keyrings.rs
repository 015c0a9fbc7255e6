//! Keyrings and statements of keys, as the patient signed them.

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::{Body, Verified},
    error::CoreError,
    id::{Digest, Epoch, Folder},
    seal::{envelope::FolderKeyStatement, keyring::Keyring},
};

use crate::{
    acts::person::Person,
    base::error::{Result, fail},
};

/// A keyring that the chain names, and that the patient signed for this folder and epoch.
pub(crate) async fn keyring(
    person: &Person,
    patient: Address,
    folder: Folder,
    digest: B256,
    epoch: Epoch,
) -> Result<Verified<Keyring>> {
    let keyring: Verified<Keyring> = person.signed(Digest(digest.0)).await?;
    if keyring.issuer().0 != patient || keyring.folder != folder || keyring.epoch != epoch {
        return fail!(Integrity, "a keyring is not the one that the chain names: the keys in it are not used");
    }
    person.journals.prove_epoch(patient, folder, epoch).await?;
    Ok(keyring)
}

pub(crate) async fn statement(person: &Person, patient: Address, block: &[u8]) -> Result<Verified<FolderKeyStatement>> {
    let statement = FolderKeyStatement::parse(block, person.deployment).map_err(CoreError::from)?;
    if statement.issuer().0 != patient {
        return fail!(Integrity, "the patient did not sign the statement of this folder's key");
    }
    let verified = person.people().verified(statement).await?;
    person.journals.prove_epoch(patient, verified.folder, verified.epoch).await?;
    Ok(verified)
}
