//! Opening a case.

use std::time::Duration;

use alloy::primitives::{
    Address, B256,
    aliases::{U24, U40},
};
use hospital_record_contracts::boards::IBoard::{self, openCall};

use super::{
    Board, Case,
    words::{About, check_words},
};
use crate::{
    Client, Error, Grantee, Result,
    client::{awaitable, with_fresh_keys},
    journal::Known,
    ledger::{Grant, Rights, call, folder_of},
};

/// How long a case lets somebody in unless it is told.
const HOURS: Duration = Duration::from_secs(4 * 3600);
/// The longest.
pub(super) const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Opens a case; made by [`Client::open_case`].
#[must_use = "nothing happens until it is awaited"]
pub struct OpenCase {
    client: Client,
    board: Board,
    patient: Address,
    to: Option<Grantee>,
    scope: Option<B256>,
    lasts: Duration,
    reason: String,
}

impl Client {
    /// Opens a case as a member of the board: this person, unless another is [named](OpenCase::to), is to be let in to what
    /// the patient granted to the board. It is this person's acknowledgement, unless it is about this person. It needs a
    /// [`reason`](OpenCase::reason).
    ///
    /// Defaults: the one thing that the patient granted to the board; for four hours. This person pays for it.
    ///
    /// # Errors
    /// [`Error::Denied`] for others than members, for patients who granted nothing to the board, and for members who owe a
    /// review; [`Error::Invalid`] for a case that cannot be.
    pub fn open_case(&self, board: &Board, patient: Address) -> OpenCase {
        let (client, board) = (self.clone(), board.clone());
        OpenCase { client, board, patient, to: None, scope: None, lasts: HOURS, reason: String::new() }
    }
}

impl OpenCase {
    /// Who needs access: an address, a [`Card`](crate::Card) or a [`Contact`](crate::Contact).
    pub fn to(mut self, grantee: impl Into<Grantee>) -> Self {
        self.to = Some(grantee.into());
        self
    }

    /// To which folder or record, as the chain calls it, where the patient granted several to the board:
    /// [`Client::granted_to_board`] lists them.
    pub fn scope(mut self, scope_id: B256) -> Self {
        self.scope = Some(scope_id);
        self
    }

    /// For how long, from the last acknowledgement that is needed: at most a day.
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.lasts = duration;
        self
    }

    /// Why, for the patient and the board's members alone: up to 2044 bytes of text.
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.reason = text.into();
        self
    }

    async fn run(self) -> Result<Case> {
        self.check()?;
        self.client.can_pay_itself(1).await?;
        with_fresh_keys!(self.open().await)
    }

    async fn open(&self) -> Result<Case> {
        let (client, system) = (&self.client, self.client.system());
        let journal = system.journal(self.patient).await?;
        let (scope, held) = self.scope_in(&journal).await?;
        let grantee = self.grantee();
        // Nothing could be released to an account without keys.
        system.profile_of(grantee, self.to.and_then(|to| to.profile)).await?;
        let Self { patient, board, .. } = self;
        let about = About { patient: *patient, board: board.address, scope, grantee, case: None };
        let note = client.note(board, &about, held.state.purpose, &self.reason).await?;
        let reason = B256::from(system.publish(note).await?.0);
        let opening = openCall {
            patient: *patient,
            scope,
            grantee,
            duration: u32::try_from(self.lasts.as_secs()).unwrap_or(u32::MAX),
            reason,
            epoch: folder_of(scope).map_or(0, |folder| journal.state().folder(folder).epoch),
            keyChanges: U24::wrapping_from(journal.state().key_changes),
        };
        let receipt = client.send(call(board.address, &opening)).await?;
        let block = system.ledger().block(receipt.block).await?;
        let opened_at =
            block.ok_or_else(|| Error::NotAvailable("the node does not show the case's block yet".into()))?;
        // Of what was sent here: who tells of cases could tell of another with the same reason.
        let openCall { patient, scope, grantee, duration, reason, epoch, .. } = opening;
        let (opener, opened_at) = (client.address(), U40::saturating_from(opened_at.time));
        let terms = IBoard::Case { patient, scope, grantee, duration, reason, epoch, opener, openedAt: opened_at };
        let case = Case::of(board.address, terms);
        if ![grantee, patient].contains(&opener) {
            client.remember_acknowledged(&case).await?;
        }
        // What was sent is sure, also where the node does not show it yet.
        Ok(system.case(board, case.id).await.unwrap_or(case))
    }

    fn grantee(&self) -> Address {
        self.to.map_or(self.client.address(), |to| to.address)
    }

    fn check(&self) -> Result<()> {
        let (board, grantee) = (&self.board, self.grantee());
        board.require_member(self.client.address())?;
        if board.closed {
            return Err(Error::Conflict(format!("the board {} is closed", board.address)));
        }
        if grantee == self.patient || grantee == board.address || grantee.is_zero() {
            return Err(Error::Invalid("a case lets in somebody other than the patient and the board".into()));
        }
        if self.lasts.as_secs() == 0 || self.lasts > A_DAY {
            return Err(Error::Invalid("a case lets somebody in for a second to a day".into()));
        }
        self.client.check_card(self.to.and_then(|to| to.deployment))?;
        let concerned = [grantee, self.patient];
        let voters = board.present().filter(|member| !concerned.contains(member)).count();
        if voters < usize::from(board.threshold) {
            let needed = board.threshold;
            return Err(Error::Invalid(format!(
                "without whom it is about, {voters} members remain and {needed} are needed"
            )));
        }
        check_words(&self.reason)
    }

    /// What the patient granted to the board: the scope that was named, or the only one.
    async fn scope_in(&self, journal: &Known) -> Result<(B256, Grant)> {
        let now = self.client.system().chain_time().await?;
        let granted = granted_to(journal, self.board.address, now);
        let (patient, board) = (self.patient, self.board.address);
        match (self.scope, granted.as_slice()) {
            (_, []) => Err(Error::Denied(format!("{patient} has granted nothing to the board {board}"))),
            (None, [one]) => Ok(*one),
            (None, many) => {
                let scopes: Vec<String> = many.iter().map(|(scope, _)| scope.to_string()).collect();
                Err(Error::Invalid(format!(
                    "{patient} granted several to the board: name one of {}",
                    scopes.join(", ")
                )))
            }
            (Some(named), some) => some.iter().find(|(scope, _)| *scope == named).copied().ok_or_else(|| {
                Error::Denied(format!("{patient} has not granted {named} to the board {board}, or that has ended"))
            }),
        }
    }
}

awaitable!(OpenCase => Case);

/// What the patient's own live grants let a board pass on.
pub(super) fn granted_to(journal: &Known, board: Address, now: u64) -> Vec<(B256, Grant)> {
    let needed = Rights::READ.and(Rights::DELEGATE);
    let held = journal.state().grants.iter().filter(|((_, grantee), grant)| {
        *grantee == board && grant.state.giver.is_none() && grant.state.rights.contains(needed)
    });
    let live = held.filter(|((scope, _), _)| journal.state().live(*scope, board, now).is_some());
    live.map(|((scope, _), grant)| (*scope, *grant)).collect()
}

impl Client {
    /// What a patient granted to a board and it may let others in to: as the chain calls it. Folder names are the
    /// patient's.
    pub async fn granted_to_board(&self, board: &Board, patient: Address) -> Result<Vec<B256>> {
        let (journal, now) = (self.system().journal(patient).await?, self.system().chain_time().await?);
        Ok(granted_to(&journal, board.address, now).into_iter().map(|(scope, _)| scope).collect())
    }
}
