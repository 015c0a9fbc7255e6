//! Keys of folders: a person derives the own ones, and gets those of others in envelopes and keyrings.

use alloy::primitives::B256;
use hospital_record_core::{
    error::{CoreError, SealError},
    id::{Confidentiality, Epoch, Folder},
    seal::{envelope::EnvelopeKeys, keyring::open_keyring, lock::HpkePublicKey, ratchet::FolderState},
};

use crate::{
    acts::person::Person,
    base::error::{Error, Result, fail},
    journal::verified::VerifiedJournal,
    keys::{holder, keyrings},
    ledger::folder_scope,
};

/// The keys of another patient's folder that this account received.
pub(crate) struct ReceivedKeys {
    /// Opens the folder's records up to its epoch. `None` if this account may contribute but not read.
    pub(crate) state: Option<FolderState>,
    /// New records are locked to it.
    pub(crate) public: HpkePublicKey,
    /// The epoch of the public key.
    pub(crate) epoch: Epoch,
    /// The patient's signed statement of public key and epoch.
    pub(crate) statement: Vec<u8>,
    pub(crate) name: String,
    pub(crate) confidentiality: Confidentiality,
}

/// The keys of a folder of `journal`'s patient that this account has a grant on.
pub(crate) async fn received(person: &Person, journal: &VerifiedJournal, folder: Folder) -> Result<ReceivedKeys> {
    let scope = B256::from(folder_scope(folder.number()));
    let grant = journal.folder_grant(folder, person.address()).ok_or_else(|| {
        Error::Denied(format!("{} has granted {} no access to this folder", journal.patient, person.address()).into())
    })?;
    let payload = holder::payload_of(person, journal.patient, scope, grant).await?;
    let EnvelopeKeys::Folder { state, statement: bytes } = payload.keys else {
        return fail!(Integrity, "the envelope of a folder carries keys of a record");
    };
    let statement = keyrings::statement(person, journal.patient, &bytes).await?;
    let mut received = ReceivedKeys {
        state,
        public: statement.public_key.clone(),
        epoch: statement.epoch,
        statement: bytes,
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
    received: &mut ReceivedKeys,
) -> Result<()> {
    let newer = journal.folder(folder).keyrings;
    let from = received.epoch;
    let can_read = received.state.is_some();
    let mut is_newest = true;
    for ring in newer.iter().rev().filter(|ring| ring.epoch > from) {
        let keyring = keyrings::keyring(person, journal.patient, folder, ring.digest, ring.epoch).await?;
        if is_newest {
            let statement = keyrings::statement(person, journal.patient, &keyring.statement).await?;
            received.public = statement.public_key.clone();
            received.epoch = statement.epoch;
            is_newest = false;
            received.statement = keyring.statement.to_vec();
        }
        if !can_read {
            return Ok(());
        }
        let keys = &person.published().await?.keys;
        match open_keyring(&keyring, person.deployment, folder, keys) {
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
