//! Grants access to another account or a board.

use std::time::SystemTime;

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Block,
    id::{Account, Confidentiality, Scope},
    seal::envelope::{EnvelopeContext, EnvelopePayload},
};

use crate::{
    access::{
        contacts,
        granted::{Granted, Replaced},
        hand_over::HandOver,
        requests::request::AccessRequest,
    },
    acts::person::Person,
    base::{
        builder::{awaitable, rights_setters, with_fresh_keys},
        error::{Result, fail},
        names,
        record_ref::RecordRef,
        scope_id::ScopeId,
        time::{A_YEAR, NO_END, expiry, seconds},
    },
    boards::board::Board,
    journal::verified::VerifiedJournal,
    keys::{
        holder::Holder,
        notes::{self, Note},
        owed::{self, OwedBlocks},
    },
    ledger::{GrantEntry, GrantState, Permission, Purpose, Rights},
    people::grantee::Grantee,
    platform::clock::system_time,
    records::add::DEFAULT_FOLDER,
};

/// Grants access; made by [`Client::grant`](crate::Client::grant).
///
/// The [guide](crate::grant) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Grant {
    pub(crate) person: Person,
    grantee: Grantee,
    pub(crate) patient: Address,
    pub(crate) folder: String,
    pub(crate) confidentiality: Confidentiality,
    pub(crate) record: Option<RecordRef>,
    pub(crate) rights: Rights,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) expires: Expiry,
    name: Option<String>,
    authorities: Vec<Address>,
    pub(crate) request: Option<AccessRequest>,
    board: Option<Board>,
}

pub(crate) enum Expiry {
    InAYear,
    At(SystemTime),
    Never,
}

pub(crate) fn grant(person: &Person, to: impl Into<Grantee>) -> Grant {
    Grant {
        person: person.clone(),
        grantee: to.into(),
        patient: person.address(),
        folder: DEFAULT_FOLDER.into(),
        confidentiality: Confidentiality::default(),
        record: None,
        rights: Rights::READ,
        purpose: None,
        expires: Expiry::InAYear,
        name: None,
        authorities: Vec::new(),
        request: None,
        board: None,
    }
}

pub(crate) fn grant_board(person: &Person, board: &Board) -> Grant {
    let grant = grant(person, board.address).purpose(Purpose::ETREAT).rights(Rights::READ.and(Rights::DELEGATE));
    Grant { board: Some(board.clone()), ..grant }
}

impl Grant {
    /// Grants on this folder.
    pub fn folder(mut self, name: impl Into<String>) -> Self {
        self.folder = name.into();
        self
    }

    /// The folder's confidentiality. Name and confidentiality together select the folder.
    pub fn confidentiality(mut self, level: Confidentiality) -> Self {
        self.confidentiality = level;
        self
    }

    /// Grants the right to read this record only.
    pub fn record(mut self, record: &RecordRef) -> Self {
        self.patient = record.patient;
        self.record = Some(*record);
        self
    }

    /// Delegates access to this patient's records. The new grant cannot have more rights, a later end or
    /// another purpose than this person's own grant. It ends together with that grant.
    pub fn patient(mut self, patient: Address) -> Self {
        self.patient = patient;
        self
    }

    /// The purpose (HL7 v3 PurposeOfUse). The default is treatment; for a delegate it is the purpose of their own grant.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// The end of the grant, by the chain's clock. The grant is not live from this second on. The default is a year.
    pub fn until(mut self, end: SystemTime) -> Self {
        self.expires = Expiry::At(end);
        self
    }

    /// Grants without an end: until it is revoked.
    pub fn no_end(mut self) -> Self {
        self.expires = Expiry::Never;
        self
    }

    /// The name that this person gives to the grantee. The phrase restores it on a new machine. The default is the contact's
    /// name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Looks for vouches for the grantee from these trusted authorities, and returns them in [`Granted::trust`]. The grant
    /// does not depend on the result: to require trust, call [`System::require_trusted`](crate::System::require_trusted) first.
    pub fn trusted_by(mut self, authorities: &[Address]) -> Self {
        self.authorities = authorities.to_vec();
        self
    }

    async fn run(mut self) -> Result<Granted> {
        self.check_grantee()?;
        self.person.clocks.require_right_time().await?;
        if let Some(board) = &self.board {
            // Read again: a member who left in the meantime must get no share.
            self.board = Some(self.person.boards.at(board.address).await?);
        }
        self.check_request().await?;
        self.person.can_pay(1).await?;
        let trust = match self.authorities.is_empty() {
            true => None,
            false => self.person.people().why_trusted(self.grantee.address, &self.authorities).await?,
        };
        let holder = match &self.board {
            Some(board) => Holder::board(&self.person, board).await?,
            None => Holder::account(&self.person, &self.grantee).await?,
        };
        let result = with_fresh_keys!(self.grant_to(&holder).await)?;
        Ok(Granted { trust, fingerprint: holder.fingerprint, ..result })
    }

    async fn grant_to(&self, holder: &Holder) -> Result<Granted> {
        let person = &self.person;
        let contract = &self.person.contract;
        let journal = person.journals.of(self.patient).await?;
        let HandOver { scope, epoch, payload, above } = self.hand_over(&journal).await?;
        let now = person.clocks.chain_time().await?;
        let envelope = self.envelope(holder, scope, epoch, payload).await?;
        let permission = Permission {
            grantee: self.grantee.address,
            scope: scope.to_bytes().into(),
            rights: self.rights,
            purpose: self.purpose.or(above.map(|above| above.purpose)).unwrap_or(Purpose::TREAT),
            expires_at: self.expires_at(above, now)?,
            epoch,
            envelope: envelope.digest().0.into(),
        };
        let place = (permission.scope, permission.grantee);
        let replaced = replaced(&journal, place, now);
        person.store_takes().await?;
        let owed = OwedBlocks::grant(self.patient, permission.scope, permission.grantee, &envelope);
        owed::owe(person, &owed).await?;
        let changes = journal.state().key_changes;
        let call = match above {
            Some(_) => contract.pass_on(self.patient, &permission, changes),
            None => contract.grant(&[permission], changes),
        };
        let receipt = owed::or_owe_no_more(person, &owed, person.send(call).await).await?;
        let is_this = |grant: &GrantEntry| grant.envelope == permission.envelope;
        person
            .confirm(self.patient, receipt.transaction, |state| state.grants.get(&place).is_some_and(is_this))
            .await?;
        owed::pay(person, &owed, receipt.transaction).await?;
        Ok(Granted {
            grantee: self.grantee.address,
            scope_id: ScopeId(permission.scope),
            fingerprint: String::new(),
            trust: None,
            rights: permission.rights,
            purpose: permission.purpose,
            expires: expiry(permission.expires_at),
            replaced,
            transaction: receipt.transaction,
            gas: receipt.gas,
        })
    }

    fn check_grantee(&self) -> Result<()> {
        let Grantee { address, deployment, .. } = self.grantee;
        if self.person.is_me(address) || address == self.patient || address.is_zero() {
            return fail!(Invalid, "a grant is for somebody else: patients have access to all their records");
        }
        self.person.check_card(deployment)?;
        if self.board.is_some()
            && (!self.person.is_me(self.patient) || self.rights != Rights::READ.and(Rights::DELEGATE))
        {
            return fail!(
                Invalid,
                "a grant to a board covers your own records, with the rights to read and to delegate: no others"
            );
        }
        let beyond = self.rights.contributes() || self.rights.attests();
        if self.record.is_some() && (beyond || !self.rights.reads()) {
            return fail!(
                Invalid,
                "a grant on one record gives the right to read only: for other rights, grant on its folder"
            );
        }
        Ok(())
    }

    /// The envelope: the keys, sealed to the grantee, with a note to this person.
    async fn envelope(&self, holder: &Holder, scope: Scope, epoch: u16, payload: EnvelopePayload) -> Result<Block> {
        let person = &self.person;
        let note = match person.is_me(self.patient) {
            true => {
                let name = self.grantee_name().await?;
                let folder = payload.folder_name.clone();
                let note = Note { name, folder, confidentiality: payload.confidentiality };
                Some(notes::seal(person, self.grantee.address, &note)?)
            }
            // Notes hold the patient's names of contacts and folders, so only the patient writes them.
            false => None,
        };
        let context = EnvelopeContext {
            deployment: person.deployment,
            patient: Account(self.patient.into()),
            issuer: person.account(),
            grantee: Account(self.grantee.address.into()),
            scope,
            epoch,
        };
        holder.seal(person, &context, &payload, note).await
    }

    pub(crate) fn expires_at(&self, above: Option<GrantState>, now: u64) -> Result<u64> {
        let end = match self.expires {
            Expiry::Never => NO_END,
            // The earlier clock counts, so a node's clock cannot turn a year into for ever.
            Expiry::InAYear => {
                let year = now.min(seconds(system_time()).unsigned_abs()).saturating_add(A_YEAR);
                year.min(above.map_or(NO_END, |above| above.expires_at))
            }
            Expiry::At(end) => u64::try_from(seconds(end)).unwrap_or_default().min(NO_END),
        };
        if end <= now {
            return fail!(
                Invalid,
                "the end of a grant must be in the future: by the chain's clock this time has passed"
            );
        }
        Ok(end)
    }

    async fn grantee_name(&self) -> Result<Option<String>> {
        if let Some(name) = &self.name {
            let name = names::checked("a contact's name", name)?;
            contacts::require_free(&self.person, &name, self.grantee.address).await?;
            return Ok(Some(name));
        }
        contacts::name_of(&self.person, self.grantee.address).await
    }
}

/// The live grant that the new one replaces.
fn replaced(journal: &VerifiedJournal, (scope, grantee): (B256, Address), now: u64) -> Option<Replaced> {
    let previous = journal.state().live(scope, grantee, now).map(|grant| grant.state);
    previous.map(|GrantState { rights, purpose, expires_at, .. }| Replaced {
        rights,
        purpose,
        expires: expiry(expires_at),
    })
}

rights_setters!(Grant);
awaitable!(Grant => Granted);
