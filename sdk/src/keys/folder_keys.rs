//! The keys of folders: one's own are derived, others' come in envelopes and keyrings.

use alloy::primitives::B256;
use hospital_record_core::{
    error::{CoreError, SealError},
    id::{Confidentiality, Epoch, Folder},
    seal::{envelope::EnvelopeKeys, keyring::open_keyring, lock::HpkePublicKey, ratchet::FolderState},
};

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
    journal::verified::VerifiedJournal,
    keys::{holder, keyrings},
    ledger::folder_scope,
};

/// What this account was given of another patient's folder.
pub(crate) struct Received {
    /// Opens the folder's records up to its epoch; none for who may contribute but not read.
    pub(crate) state: Option<FolderState>,
    /// To lock new records to.
    pub(crate) public: HpkePublicKey,
    /// Of the public key.
    pub(crate) epoch: Epoch,
    /// The patient's own word for public key and epoch.
    pub(crate) statement: Vec<u8>,
    pub(crate) name: String,
    pub(crate) confidentiality: Confidentiality,
}

/// The keys of a folder of `journal`'s patient that this account has a grant on.
pub(crate) async fn received(person: &Person, journal: &VerifiedJournal, folder: Folder) -> Result<Received> {
    let scope = B256::from(folder_scope(folder.number()));
    let grant = journal.folder_grant(folder, person.address()).ok_or_else(|| {
        Error::Denied(format!("{} has given {} nothing on this folder", journal.patient, person.address()).into())
    })?;
    let payload = holder::payload_of(person, journal.patient, scope, grant).await?;
    let EnvelopeKeys::Folder { state, statement: signed } = payload.keys else {
        return Err(Error::Integrity("the envelope of a folder carries keys of a record".into()));
    };
    let stated = keyrings::statement(person, journal.patient, &signed).await?;
    let mut received = Received {
        state,
        public: stated.public_key.clone(),
        epoch: stated.epoch,
        statement: signed,
        name: payload.folder_name,
        confidentiality: payload.confidentiality,
    };
    follow_keyrings(person, journal, folder, &mut received).await?;
    Ok(received)
}

/// Takes the newest public key, and the newest state that a keyring has for this account.
async fn follow_keyrings(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    received: &mut Received,
) -> Result<()> {
    let newer = journal.folder(folder).keyrings;
    let from = received.epoch;
    let read = received.state.is_some();
    let mut newest = true;
    for ring in newer.iter().rev().filter(|ring| ring.epoch > from) {
        let keyring = keyrings::keyring(person, journal.patient, folder, ring.digest, ring.epoch).await?;
        if newest {
            let statement = keyrings::statement(person, journal.patient, &keyring.statement).await?;
            (received.public, received.epoch, newest) = (statement.public_key.clone(), statement.epoch, false);
            received.statement = keyring.statement.to_vec();
        }
        if !read {
            return Ok(());
        }
        let keys = &person.published().await?.keys;
        match open_keyring(&keyring, person.deployment(), folder, keys) {
            Ok(state) => {
                received.state = Some(state);
                return Ok(());
            }
            Err(CoreError::Seal(SealError::NoEntry)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
