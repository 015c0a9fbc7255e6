//! The keys that a grant hands over. The patient derives them; a delegate hands over the keys that it received.

use alloy::primitives::B256;
use hospital_record_core::{
    error::CoreError,
    id::{Epoch, Scope},
    seal::envelope::{EnvelopeKeys, EnvelopePayload, FolderKeyStatement},
};

use crate::{
    access::grant::Grant,
    base::{
        error::{Error, Result, fail},
        names,
        record_ref::RecordRef,
    },
    journal::verified::VerifiedJournal,
    keys::{
        readers,
        unlock::{self, UnlockedRecord},
    },
    ledger::{GrantState, Rights, folder_scope},
    records::{registered, target},
};

/// Keys for a grantee.
pub(crate) struct HandOver {
    pub(crate) scope: Scope,
    pub(crate) epoch: Epoch,
    pub(crate) payload: EnvelopePayload,
    /// The delegate's own grant; `None` if the patient grants.
    pub(crate) above: Option<GrantState>,
}

impl Grant {
    pub(crate) async fn hand_over(&self, journal: &VerifiedJournal) -> Result<HandOver> {
        match &self.record {
            Some(record) => self.hand_over_record(journal, record).await,
            None if self.person.is_me(self.patient) => self.hand_over_own_folder(journal).await,
            None => self.delegate_folder(journal).await,
        }
    }

    async fn hand_over_record(&self, journal: &VerifiedJournal, record: &RecordRef) -> Result<HandOver> {
        let person = &self.person;
        let registered = registered::on_chain(person, record).await?;
        let key = registered.key();
        let above = match person.is_me(self.patient) {
            true => None,
            false => {
                let scopes = [key, folder_scope(registered.state.folder)];
                let mut above = Err(self.no_right_to_delegate());
                for scope in scopes {
                    above = above.or(self.above(journal, scope).await);
                }
                Some(above?)
            }
        };
        let UnlockedRecord { key: content, metadata, .. } = unlock::unlocked(person, record, &registered).await?;
        let keys = EnvelopeKeys::Record { content };
        let scope = Scope::from_bytes(key.0).map_err(CoreError::from)?;
        let folder_name = metadata.folder_name;
        let confidentiality = metadata.confidentiality;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        Ok(HandOver { scope, epoch: 0, payload, above })
    }

    async fn hand_over_own_folder(&self, journal: &VerifiedJournal) -> Result<HandOver> {
        let person = &self.person;
        let folder_name = names::checked("a folder's name", &self.folder)?;
        let folder = person.keys().folder(&folder_name, self.confidentiality);
        if !readers::is_epoch_sure(person, journal, folder).await? {
            return fail!(
                NotAvailable,
                "the folder's newest keyring is not available: rotate it (`folders rotate`), or name a witness, then grant"
            );
        }
        let state = person.keys().folder_state(folder, journal.folder(folder).epoch);
        let me = person.published().await?;
        let statement = FolderKeyStatement::sign(folder, &state, person.deployment, me.digest, &me.keys);
        let statement = statement.map_err(CoreError::from)?.bytes.to_vec();
        let epoch = state.epoch();
        let keys = EnvelopeKeys::Folder { state: self.rights.reads().then_some(state), statement };
        let confidentiality = self.confidentiality;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        Ok(HandOver { scope: Scope::Folder(folder), epoch, payload, above: None })
    }

    /// Hands over the patient's signed statement of the keys too, so the grantee does not have to trust this account.
    async fn delegate_folder(&self, journal: &VerifiedJournal) -> Result<HandOver> {
        let (folder, received) =
            target::received_by_name(&self.person, journal, &self.folder, self.confidentiality).await?;
        let above = self.above(journal, folder_scope(folder.number())).await?;
        let state = received.state.filter(|_| self.rights.reads());
        if self.rights.reads() && state.as_ref().is_none_or(|state| state.epoch() != received.epoch) {
            return fail!(
                Conflict,
                "this account holds no current keys of the folder: ask the patient to grant it again"
            );
        }
        let keys = EnvelopeKeys::Folder { state, statement: received.statement };
        let folder_name = received.name;
        let confidentiality = received.confidentiality;
        let payload = EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() };
        Ok(HandOver { scope: Scope::Folder(folder), epoch: received.epoch, payload, above: Some(above) })
    }

    /// This account's own live grant, if it covers the new grant.
    async fn above(&self, journal: &VerifiedJournal, scope: B256) -> Result<GrantState> {
        let now = self.person.clocks.chain_time().await?;
        let own = journal.state().live(scope, self.person.address(), now).map(|grant| grant.state);
        let own = own.filter(|own| own.rights.delegates()).ok_or_else(|| self.no_right_to_delegate())?;
        let same_purpose = self.purpose.is_none_or(|purpose| purpose == own.purpose);
        if !own.rights.contains(self.rights.and(Rights::DELEGATE)) || !same_purpose {
            let rights = own.rights;
            let purpose = own.purpose;
            return fail!(
                Denied,
                "a delegate cannot give more than its own grant: this account may {rights} it for {purpose:?}"
            );
        }
        Ok(own)
    }

    fn no_right_to_delegate(&self) -> Error {
        let account = self.person.address();
        let patient = self.patient;
        Error::Denied(
            format!("{account} may not delegate this: {patient} has not given it that right, or the right has ended")
                .into(),
        )
    }
}
