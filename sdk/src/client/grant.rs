//! Giving access, and seeing who has it.

use std::time::SystemTime;

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Block,
    error::CoreError,
    id::{Account, Confidentiality, Deployment, Scope},
    identity::folder_name,
    seal::{
        envelope::{EnvelopeContext, EnvelopeKeys, EnvelopePayload, FolderKeyStatement, seal_envelope},
        lock::HpkePublicKey,
    },
};

use super::{
    Client, Contact,
    add::DEFAULT_FOLDER,
    awaitable,
    contacts::{Note, check_name},
    grants::instant,
    unlock::Unlocked,
};
use crate::{
    Error, Result,
    card::Card,
    details::seconds,
    ledger::{Grant as HeldGrant, NO_END, Permission, Purpose, Rights, record_key},
    record_ref::RecordRef,
};

/// How long a grant lasts unless it is told: a year.
const A_YEAR: u64 = 365 * 24 * 3600;

/// Who gets a grant: an address, a [`Card`] or a [`Contact`].
#[derive(Clone, Copy, Debug)]
pub struct Grantee {
    address: Address,
    profile: Option<B256>,
    deployment: Option<Deployment>,
}

impl From<Address> for Grantee {
    fn from(address: Address) -> Self {
        Self { address, profile: None, deployment: None }
    }
}

impl From<&Card> for Grantee {
    fn from(card: &Card) -> Self {
        Self { address: card.account, profile: Some(card.profile), deployment: Some(card.deployment) }
    }
}

impl From<&Contact> for Grantee {
    fn from(contact: &Contact) -> Self {
        Self { address: contact.address, profile: contact.profile, deployment: None }
    }
}

/// What was granted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Granted {
    /// To whom.
    pub grantee: Address,
    /// The key it was sealed to, for comparing by voice.
    pub fingerprint: String,
    /// Until when; nothing for no end.
    pub expires: Option<SystemTime>,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

/// Gives access; made by [`Client::grant`].
#[must_use = "nothing happens until it is awaited"]
pub struct Grant {
    client: Client,
    grantee: Grantee,
    folder: String,
    confidentiality: Confidentiality,
    record: Option<RecordRef>,
    rights: Rights,
    purpose: Purpose,
    expires: Expiry,
    name: Option<String>,
}

enum Expiry {
    InAYear,
    At(SystemTime),
    Never,
}

impl Client {
    /// Gives somebody access to a folder, or to one record. It takes the place of what that person had there.
    ///
    /// Defaults: to read the folder "personal" of confidentiality N, for treatment, for one year.
    pub fn grant(&self, to: impl Into<Grantee>) -> Grant {
        Grant {
            client: self.clone(),
            grantee: to.into(),
            folder: DEFAULT_FOLDER.into(),
            confidentiality: Confidentiality::default(),
            record: None,
            rights: Rights::READ,
            purpose: Purpose::TREAT,
            expires: Expiry::InAYear,
            name: None,
        }
    }
}

impl Grant {
    /// On this folder.
    pub fn folder(mut self, name: impl Into<String>) -> Self {
        self.folder = name.into();
        self
    }

    /// Of this confidentiality: part of which folder is meant.
    pub fn confidentiality(mut self, level: Confidentiality) -> Self {
        self.confidentiality = level;
        self
    }

    /// On this record alone, to read it.
    pub fn record(mut self, record: &RecordRef) -> Self {
        self.record = Some(*record);
        self
    }

    /// To read and to add records.
    pub fn contribute(mut self) -> Self {
        self.rights = Rights::READ_AND_CONTRIBUTE;
        self
    }

    /// To add records, without reading any.
    pub fn contribute_only(mut self) -> Self {
        self.rights = Rights::CONTRIBUTE;
        self
    }

    /// What for (HL7 v3 PurposeOfUse).
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Until then, by the chain's clock; it is live before, and not from then on.
    pub fn until(mut self, end: SystemTime) -> Self {
        self.expires = Expiry::At(end);
        self
    }

    /// Until it is revoked.
    pub fn no_end(mut self) -> Self {
        self.expires = Expiry::Never;
        self
    }

    /// What this person calls the grantee: comes back with the phrase on a new machine. A contact's name unless told.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    async fn run(self) -> Result<Granted> {
        let client = &self.client;
        self.check_grantee()?;
        let expires_at = self.expires_at().await?;
        client.can_pay(1).await?;
        let (profile_digest, profile) = client.system().profile_of(self.grantee.address, self.grantee.profile).await?;
        let (scope, epoch, envelope) = self.envelope(&profile.keys.hpke).await?;
        let permission = Permission {
            grantee: self.grantee.address,
            scope: scope.to_bytes().into(),
            rights: self.rights,
            purpose: self.purpose,
            expires_at,
            epoch,
            envelope: client.system().publish(envelope).await?.0.into(),
        };
        let receipt = client.send(client.system().contract().grant(&[permission])).await?;
        let given = (permission.scope, permission.grantee);
        let shows = |held: &HeldGrant| held.envelope == permission.envelope;
        client
            .confirm(client.address(), receipt.transaction, |state| state.grants.get(&given).is_some_and(shows))
            .await?;
        Ok(Granted {
            grantee: self.grantee.address,
            fingerprint: hospital_record_core::profile::fingerprint(profile_digest),
            expires: instant(expires_at),
            transaction: receipt.transaction,
            gas: receipt.gas_used,
        })
    }

    fn check_grantee(&self) -> Result<()> {
        let Grantee { address, deployment, .. } = self.grantee;
        if self.client.is_me(address) || address.is_zero() {
            return Err(Error::Invalid(
                "a grant is for somebody else: a patient has access to all their records".into(),
            ));
        }
        if deployment.is_some_and(|deployment| deployment != self.client.deployment()) {
            return Err(Error::Invalid("this card is for another chain or contract: ask for one made for this".into()));
        }
        Ok(())
    }

    /// The keys, sealed to the grantee, with a note to oneself.
    async fn envelope(&self, grantee: &HpkePublicKey) -> Result<(Scope, u16, Block)> {
        let client = &self.client;
        let (scope, epoch, payload) = self.payload().await?;
        let (name, folder) = (self.named().await?, payload.folder_name.clone());
        let note = Note { name, folder, confidentiality: payload.confidentiality };
        let note = Some(client.seal_note(self.grantee.address, &note)?);
        let me = client.published().await?;
        let context = EnvelopeContext {
            deployment: client.deployment(),
            patient: client.account(),
            issuer: client.account(),
            grantee: Account(self.grantee.address.into()),
            scope,
            epoch,
        };
        Ok((scope, epoch, seal_envelope(&context, grantee, &payload, note, me.digest, &me.keys)?))
    }

    async fn expires_at(&self) -> Result<u64> {
        let now = self.client.system().chain_time().await?;
        let end = match self.expires {
            Expiry::Never => return Ok(NO_END),
            // The node's clock is not to turn a year into for ever.
            Expiry::InAYear => now.min(seconds(SystemTime::now()).unsigned_abs()).saturating_add(A_YEAR),
            Expiry::At(end) => u64::try_from(seconds(end)).unwrap_or_default(),
        };
        if end <= now {
            return Err(Error::Invalid(
                "the end of a grant lies in the future: this instant has passed on the chain".into(),
            ));
        }
        Ok(end.min(NO_END))
    }

    async fn named(&self) -> Result<Option<String>> {
        if let Some(name) = &self.name {
            check_name("a contact's name", name)?;
            return Ok(Some(name.clone()));
        }
        let contacts = self.client.contacts().await?;
        Ok(contacts.into_iter().find(|contact| contact.address == self.grantee.address).map(|contact| contact.name))
    }

    /// The keys to hand over, for which scope and of which epoch.
    async fn payload(&self) -> Result<(Scope, u16, EnvelopePayload)> {
        match &self.record {
            Some(record) => self.record_payload(record).await,
            None => self.folder_payload().await,
        }
    }

    async fn record_payload(&self, record: &RecordRef) -> Result<(Scope, u16, EnvelopePayload)> {
        let client = &self.client;
        if !client.is_me(record.patient) {
            return Err(Error::Denied("only its patient grants access to a record".into()));
        }
        if self.rights != Rights::READ {
            return Err(Error::Invalid("a grant on one record is to read it: contributing needs a folder".into()));
        }
        let known = client.on_chain(record).await?;
        let Unlocked { key: content, metadata, .. } = client.unlocked(record, &known).await?;
        let keys = EnvelopeKeys::Record { content };
        let key = record_key(known.author, known.id);
        let scope = Scope::from_bytes(key.0).map_err(CoreError::from)?;
        let (folder_name, confidentiality) = (metadata.folder_name, metadata.confidentiality);
        Ok((scope, 0, EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() }))
    }

    async fn folder_payload(&self) -> Result<(Scope, u16, EnvelopePayload)> {
        let client = &self.client;
        let folder_name = folder_name(&self.folder);
        check_name("a folder's name", &folder_name)?;
        let folder = client.keys().folder(&folder_name, self.confidentiality);
        let journal = client.system().journal(client.address()).await?;
        let state = client.keys().folder_state(folder, journal.folder(folder).epoch);
        let me = client.published().await?;
        let statement = FolderKeyStatement::sign(folder, &state, client.deployment(), me.digest, &me.keys);
        let statement = statement.map_err(CoreError::from)?.bytes.to_vec();
        let epoch = state.epoch();
        let keys = EnvelopeKeys::Folder { state: self.rights.reads().then_some(state), statement };
        let confidentiality = self.confidentiality;
        Ok((Scope::Folder(folder), epoch, EnvelopePayload { keys, folder_name, confidentiality, sources: Vec::new() }))
    }
}

awaitable!(Grant => Granted);
