//! Which keys a grant hands over: the patient derives them, a delegate passes on what it received.

use alloy::primitives::B256;
use hospital_record_core::{
    error::CoreError,
    id::{Epoch, Scope},
    seal::envelope::{EnvelopeKeys, EnvelopePayload, FolderKeyStatement},
};

use crate::{
    access::grant::Grant,
    base::{
        error::{Error, Result},
        names,
        record_ref::RecordRef,
    },
    journal::verified::VerifiedJournal,
    keys::{
        readers,
        unlock::{self, UnlockedRecord},
    },
    ledger::{GrantState, Rights, folder_scope, record_key},
    records::{registered, target},
};

/// Keys for a grantee.
pub(crate) struct Handed {
    pub(crate) scope: Scope,
    pub(crate) epoch: Epoch,
    pub(crate) payload: EnvelopePayload,
    /// What they are passed on from; nothing where the patient gives.
    pub(crate) above: Option<GrantState>,
}

impl Grant {
    pub(crate) async fn hand_over(&self, journal: &VerifiedJournal) -> Result<Handed> {
        match &self.record {
            Some(record) => self.hand_over_record(journal, record).await,
            None if self.person.is_me(self.patient) => self.hand_over_own_folder(journal).await,
            None => self.pass_on_folder(journal).await,
        }
    }

    async fn hand_over_record(&self, journal: &VerifiedJournal, record: &RecordRef) -> Result<Handed> {
        let person = &self.person;
        let known = registered::on_chain(person, record).await?;
        let key = record_key(known.author, known.id);
        let above = match person.is_me(self.patient) {
            true => None,
            false => {
                let held = [key, folder_scope(known.folder)];
                let mut above = Err(self.may_not());
                for scope in held {
                    above = above.or(self.above(journal, scope).await);
                }
                Some(above?)
            }
        };
        let UnlockedRecord { key: content, metadata, .. } = unlock::unlocked(person, record, &known).await?;
        let keys = EnvelopeKeys::Record { content };
        let scope = Scope::from_bytes(key.0).map_err(CoreError::from)?;
        let folder_name = metadata.folder_name;
        let confidentiality = metadata.confidentiality;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        Ok(Handed { scope, epoch: 0, payload, above })
    }

    async fn hand_over_own_folder(&self, journal: &VerifiedJournal) -> Result<Handed> {
        let person = &self.person;
        let folder_name = names::checked("a folder's name", &self.folder)?;
        let folder = person.keys().folder(&folder_name, self.confidentiality);
        if !readers::is_epoch_sure(person, journal, folder).await? {
            return Err(Error::NotAvailable(
                "the folder's newest keyring cannot be had: `rotate` the folder, or name a witness, then grant".into(),
            ));
        }
        let state = person.keys().folder_state(folder, journal.folder(folder).epoch);
        let me = person.published().await?;
        let statement = FolderKeyStatement::sign(folder, &state, person.deployment(), me.digest, &me.keys);
        let statement = statement.map_err(CoreError::from)?.bytes.to_vec();
        let epoch = state.epoch();
        let keys = EnvelopeKeys::Folder { state: self.rights.reads().then_some(state), statement };
        let confidentiality = self.confidentiality;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        Ok(Handed { scope: Scope::Folder(folder), epoch, payload, above: None })
    }

    /// With the patient's own statement of the keys, so that the grantee needs not believe this account.
    async fn pass_on_folder(&self, journal: &VerifiedJournal) -> Result<Handed> {
        let (folder, received) =
            target::received_by_name(&self.person, journal, &self.folder, self.confidentiality).await?;
        let above = self.above(journal, folder_scope(folder.number())).await?;
        let state = received.state.filter(|_| self.rights.reads());
        if self.rights.reads() && state.as_ref().is_none_or(|state| state.epoch() != received.epoch) {
            return Err(Error::Conflict(
                "this account holds no current keys of the folder: ask the patient to grant it again".into(),
            ));
        }
        let keys = EnvelopeKeys::Folder { state, statement: received.statement };
        let folder_name = received.name;
        let confidentiality = received.confidentiality;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        Ok(Handed { scope: Scope::Folder(folder), epoch: received.epoch, payload, above: Some(above) })
    }

    /// This account's own live grant there, when it covers what is to be passed on.
    async fn above(&self, journal: &VerifiedJournal, scope: B256) -> Result<GrantState> {
        let now = self.person.clocks().chain_time().await?;
        let held = journal.state().live(scope, self.person.address(), now).map(|grant| grant.state);
        let held = held.filter(|held| held.rights.delegates()).ok_or_else(|| self.may_not())?;
        let purpose = self.purpose.is_none_or(|purpose| purpose == held.purpose);
        if !held.rights.contains(self.rights.and(Rights::DELEGATE)) || !purpose {
            let rights = held.rights;
            let purpose = held.purpose;
            return Err(Error::Denied(
                format!("nobody passes on more than they have: this account may {rights} it for {purpose:?}").into(),
            ));
        }
        Ok(held)
    }

    fn may_not(&self) -> Error {
        let account = self.person.address();
        let patient = self.patient;
        Error::Denied(
            format!("{account} may pass on nothing there: {patient} has given no right to, or it has ended").into(),
        )
    }
}
