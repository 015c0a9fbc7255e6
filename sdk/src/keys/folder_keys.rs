//! The keys of folders: one's own are derived, others' come in envelopes and keyrings.

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Verified,
    board::note::CaseNote,
    error::{CoreError, SealError},
    id::{Account, Confidentiality, Digest, Epoch, Folder, Scope},
    seal::{
        envelope::{Envelope, EnvelopeContext, EnvelopeKeys, EnvelopePayload, FolderKeyStatement, open_envelope},
        keyring::{Keyring, open_keyring},
        lock::HpkePublicKey,
        ratchet::FolderState,
    },
};

use crate::{
    base::error::{Error, Result},
    client::Client,
    journal::known::Known,
    ledger::{Grant, folder_scope},
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

impl Client {
    /// The keys of a folder of `journal`'s patient that this account has a grant on.
    pub(crate) async fn received(&self, journal: &Known, folder: Folder) -> Result<Received> {
        let scope = B256::from(folder_scope(folder.number()));
        let grant = journal.folder_grant(folder, self.address()).ok_or_else(|| {
            Error::Denied(format!("{} has given {} nothing on this folder", journal.patient, self.address()))
        })?;
        let payload = self.envelope_of(journal.patient, scope, grant).await?;
        let EnvelopeKeys::Folder { state, statement } = payload.keys else {
            return Err(Error::Integrity("the envelope of a folder carries keys of a record".into()));
        };
        let stated = self.statement(journal.patient, &statement).await?;
        let mut received = Received {
            state,
            public: stated.public_key.clone(),
            epoch: stated.epoch,
            statement,
            name: payload.folder_name,
            confidentiality: payload.confidentiality,
        };
        self.follow_keyrings(journal, folder, &mut received).await?;
        Ok(received)
    }

    /// Takes the newest public key, and the newest state that a keyring has for this account.
    async fn follow_keyrings(&self, journal: &Known, folder: Folder, received: &mut Received) -> Result<()> {
        let newer = journal.folder(folder).keyrings;
        let (from, read, mut newest) = (received.epoch, received.state.is_some(), true);
        for ring in newer.iter().rev().filter(|ring| ring.epoch > from) {
            let keyring = self.keyring(journal.patient, folder, ring.digest, ring.epoch).await?;
            if newest {
                let statement = self.statement(journal.patient, &keyring.statement).await?;
                (received.public, received.epoch, newest) = (statement.public_key.clone(), statement.epoch, false);
                received.statement = keyring.statement.to_vec();
            }
            if !read {
                return Ok(());
            }
            let keys = &self.published().await?.keys;
            match open_keyring(&keyring, self.deployment(), folder, keys) {
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

    /// Opens the envelope of a grant to this account; where a board let it in, what its members released.
    pub(crate) async fn envelope_of(&self, patient: Address, scope: B256, grant: &Grant) -> Result<EnvelopePayload> {
        if let Some(giver) = grant.state.giver {
            let is_case = match self.system().people().is_kind::<CaseNote>(Digest(grant.envelope.0)).await {
                // Whoever opened a case may have kept the reason to themselves.
                Err(Error::NotAvailable(_)) => self.system().board(giver).await.is_ok(),
                other => other?,
            };
            if is_case {
                return self.payload_by_case(patient, scope, grant).await;
            }
        }
        let envelope: Verified<Envelope> = self.signed(Digest(grant.envelope.0)).await?;
        let context = EnvelopeContext {
            deployment: self.deployment(),
            patient: Account(patient.into()),
            issuer: Account(grant.state.giver.unwrap_or(patient).into()),
            grantee: self.account(),
            scope: Scope::from_bytes(scope.0).map_err(CoreError::from)?,
            epoch: grant.epoch,
        };
        Ok(open_envelope(&envelope, &context, &self.published().await?.keys)?)
    }

    /// A keyring that the chain names, made by the patient for this folder and epoch.
    pub(crate) async fn keyring(
        &self,
        patient: Address,
        folder: Folder,
        digest: B256,
        epoch: Epoch,
    ) -> Result<Verified<Keyring>> {
        let keyring: Verified<Keyring> = self.signed(Digest(digest.0)).await?;
        if keyring.issuer().0 != patient || keyring.folder != folder || keyring.epoch != epoch {
            return Err(Error::Integrity(
                "a keyring is not the one that the chain names: the keys in it are not used".into(),
            ));
        }
        self.system().journals().prove_epoch(patient, folder, epoch).await?;
        Ok(keyring)
    }

    async fn statement(&self, patient: Address, block: &[u8]) -> Result<Verified<FolderKeyStatement>> {
        let statement = FolderKeyStatement::parse(block, self.deployment()).map_err(CoreError::from)?;
        if statement.issuer().0 != patient {
            return Err(Error::Integrity("a folder's key was not stated by the patient".into()));
        }
        let stated = self.system().people().verified(statement).await?;
        self.system().journals().prove_epoch(patient, stated.folder, stated.epoch).await?;
        Ok(stated)
    }
}
