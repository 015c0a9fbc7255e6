//! Opens cases.

use std::time::Duration;

use alloy::primitives::{
    Address, B256, U256,
    aliases::{U24, U40},
};
use hospital_record_contracts::boards::IBoard::{self, openCall};

use crate::{
    access::boards::{
        acknowledged,
        opening::{self, Opening},
        words::{self, check_words},
    },
    acts::person::Person,
    base::{
        builder::{awaitable, with_fresh_keys},
        error::{Error, Result, fail, outcome::Outcome},
        scope_id::ScopeId,
    },
    boards::{
        board::Board,
        case::{Case, CaseStage},
    },
    journal::verified::VerifiedJournal,
    ledger::{GrantEntry, Rights, call, folder_of},
    people::grantee::Grantee,
};

/// How long a case gives access by default.
const HOURS: Duration = Duration::from_secs(4 * 3600);
/// The longest time that a case gives access.
pub(crate) const A_DAY: Duration = Duration::from_secs(24 * 3600);

/// Opens a case; made by [`Boards::open_case`](crate::client::boards::Boards::open_case).
///
/// The [guide](crate::board) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct OpenCase {
    person: Person,
    board: Board,
    patient: Address,
    to: Option<Grantee>,
    scope: Option<B256>,
    lasts: Duration,
    reason: String,
}

pub(crate) fn open_case(person: &Person, board: &Board, patient: Address) -> OpenCase {
    let person = person.clone();
    let board = board.clone();
    OpenCase { person, board, patient, to: None, scope: None, lasts: HOURS, reason: String::new() }
}

impl OpenCase {
    /// The account that needs access: an address, a [`Card`](crate::Card) or a [`Contact`](crate::Contact).
    pub fn to(mut self, grantee: impl Into<Grantee>) -> Self {
        self.to = Some(grantee.into());
        self
    }

    /// The scope of the folder or record, needed if the patient granted several to the board.
    /// [`Boards::granted`](crate::client::boards::Boards::granted) lists them.
    pub fn scope(mut self, scope: ScopeId) -> Self {
        self.scope = Some(scope.0);
        self
    }

    /// How long access lasts, counted from the last acknowledgement that is needed: at most a day. The default is 4 hours.
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.lasts = duration;
        self
    }

    /// The reason, up to 2044 bytes of text. Only the patient and the board's members can read it.
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.reason = text.into();
        self
    }

    async fn run(self) -> Result<Case> {
        self.check()?;
        self.person.can_pay(1).await?;
        with_fresh_keys!(self.open().await)
    }

    async fn open(&self) -> Result<Case> {
        let person = &self.person;
        let board = &self.board;
        // An earlier call can have sent the transaction of this very case.
        if let Some(in_vain) = person.settle_earlier().await? {
            tracing::info!(in_vain, "an earlier transaction");
        }
        let journal = person.journals.of(self.patient).await?;
        let (scope, grant) = self.scope_in(&journal).await?;
        let draft = self.draft(scope);
        let mut earlier = opening::unfinished_opening(person, board, &draft, &self.reason).await?;
        if let Some(case) = opening::opened_before(person, board, &draft, earlier.as_ref(), &self.reason).await? {
            if let Some(opening) = earlier.take_if(|opening| opening.reason == case.reason) {
                opening::keep_opening(person, board, &Opening { done: true, ..opening }).await?;
            }
            if matches!(case.stage, CaseStage::Open { .. } | CaseStage::Granted { .. }) {
                return self.remember(case).await;
            }
        }
        let opening = match earlier {
            Some(opening) => self.with_valid_nonce(opening).await?,
            None => self.prepare(&draft, &grant).await?,
        };
        let case = self.send(&journal, &opening).await?;
        let result = opening::keep_opening(person, board, &Opening { done: true, ..opening }).await;
        result.map_err(|error| error.with_outcome(Outcome::NotRemembered))?;
        self.remember(case).await
    }

    /// The case to open, still without reason and nonce.
    fn draft(&self, scope: B256) -> Opening {
        let duration = u32::try_from(self.lasts.as_secs()).unwrap_or(u32::MAX);
        let patient = self.patient;
        let grantee = self.grantee();
        let reason = B256::ZERO;
        let nonce = U256::ZERO;
        Opening { patient, scope, grantee, duration, reason, nonce, done: false }
    }

    /// Stores the reason, and keeps the opening on this machine before it is sent.
    async fn prepare(&self, draft: &Opening, grant: &GrantEntry) -> Result<Opening> {
        let person = &self.person;
        let board = &self.board;
        // Members cannot release shares to an account without keys.
        person.people().profile_of(draft.grantee, self.to.and_then(|to| to.profile)).await?;
        let note = words::note(person, board, &draft.about(board.address), grant.state.purpose, &self.reason).await?;
        let reason = B256::from(person.people().publish(note).await?.0);
        let nonce = person.next_nonce(board.address).await?;
        let opening = Opening { reason, nonce, ..*draft };
        opening::keep_opening(person, board, &opening).await?;
        Ok(opening)
    }

    /// The opening with a new nonce, if its nonce was made void. If its nonce was used, the case is open already.
    async fn with_valid_nonce(&self, opening: Opening) -> Result<Opening> {
        let person = &self.person;
        let board = &self.board;
        let contract = &person.contract;
        let (used, series) = contract.nonce_used(board.address, person.address(), opening.nonce).await?;
        if used {
            return fail!(NotAvailable, "the case was opened, and the node does not show it yet: try again");
        }
        if opening.nonce >> 128 == series {
            return Ok(opening);
        }
        let opening = Opening { nonce: person.next_nonce(board.address).await?, ..opening };
        opening::keep_opening(person, board, &opening).await?;
        Ok(opening)
    }

    async fn send(&self, journal: &VerifiedJournal, opening: &Opening) -> Result<Case> {
        let person = &self.person;
        let board = &self.board;
        let Opening { patient, scope, grantee, duration, reason, nonce, .. } = *opening;
        let epoch = folder_of(scope).map_or(0, |folder| journal.state().folder(folder).epoch);
        let key_changes = U24::wrapping_from(journal.state().key_changes);
        let verb = openCall { patient, scope, grantee, duration, reason, epoch, keyChanges: key_changes };
        let receipt = person.send_once(&call(board.address, &verb), nonce).await?;
        let about = person.after(receipt.transaction, person.boards.cases_about(board, patient).await)?;
        let case = about.cases.into_iter().find(|case| opening.is(case, person.address()));
        if let Some(case) = case {
            return Ok(case);
        }
        let unseen =
            || Error::NotAvailable("the node does not show the case yet: try again, it is not opened twice".into());
        let block = person.ledger().block(receipt.block.ok_or_else(unseen)?).await.map_err(Error::from);
        let block = person.after(receipt.transaction, block)?.ok_or_else(unseen)?;
        let opened_at = U40::saturating_from(block.time);
        let opener = person.address();
        let terms = IBoard::Case { patient, scope, grantee, duration, reason, epoch, opener, openedAt: opened_at };
        Ok(Case::of(board.address, terms))
    }

    /// Remembers the acknowledgement. Opening a case acknowledges it, unless the opener is its grantee or patient.
    async fn remember(&self, case: Case) -> Result<Case> {
        if ![case.grantee, case.patient].contains(&self.person.address()) {
            let result = acknowledged::remember_acknowledged(&self.person, &case).await;
            result.map_err(|error| error.with_outcome(Outcome::NotRemembered))?;
        }
        Ok(case)
    }

    fn grantee(&self) -> Address {
        self.to.map_or(self.person.address(), |to| to.address)
    }

    fn check(&self) -> Result<()> {
        let board = &self.board;
        let grantee = self.grantee();
        board.require_member(self.person.address())?;
        if board.closed {
            return fail!(Conflict, "the board {} is closed", board.address);
        }
        if grantee == self.patient || grantee == board.address || grantee.is_zero() {
            return fail!(Invalid, "a case gives access to an account other than the patient and the board");
        }
        if self.lasts.as_secs() == 0 || self.lasts > A_DAY {
            return fail!(Invalid, "a case gives access for at least a second and at most a day");
        }
        self.person.check_card(self.to.and_then(|to| to.deployment))?;
        let concerned = [grantee, self.patient];
        let voters = board.present().filter(|member| !concerned.contains(member)).count();
        if voters < usize::from(board.threshold) {
            let needed = board.threshold;
            return fail!(
                Invalid,
                "{needed} acknowledgements are needed, but only {voters} members can give one: the grantee and the patient cannot"
            );
        }
        check_words(&self.reason)
    }

    /// The scope and grant that the case is about: the one with the named scope, or the only one.
    async fn scope_in(&self, journal: &VerifiedJournal) -> Result<(B256, GrantEntry)> {
        let now = self.person.clocks.chain_time().await?;
        let grants = granted_to(journal, self.board.address, now);
        let patient = self.patient;
        let board = self.board.address;
        match (self.scope, grants.as_slice()) {
            (_, []) => fail!(Denied, "{patient} has granted nothing to the board {board}"),
            (None, [one]) => Ok(*one),
            (None, many) => {
                let scopes: Vec<String> = many.iter().map(|(scope, _)| scope.to_string()).collect();
                fail!(Invalid, "{patient} granted several scopes to the board: name one of {}", scopes.join(", "))
            }
            (Some(named), some) => some.iter().find(|(scope, _)| *scope == named).copied().ok_or_else(|| {
                Error::Denied(
                    format!("{patient} has not granted {named} to the board {board}, or that has ended").into(),
                )
            }),
        }
    }
}

awaitable!(OpenCase => Case);

/// The patient's own live grants that a board can delegate.
pub(crate) fn granted_to(journal: &VerifiedJournal, board: Address, now: u64) -> Vec<(B256, GrantEntry)> {
    let needed = Rights::READ.and(Rights::DELEGATE);
    let grants = journal.state().grants.iter().filter(|((_, grantee), grant)| {
        *grantee == board && grant.state.giver.is_none() && grant.state.rights.contains(needed)
    });
    let live = grants.filter(|((scope, _), _)| journal.state().live(*scope, board, now).is_some());
    live.map(|((scope, _), grant)| (*scope, *grant)).collect()
}

pub(crate) async fn granted_to_board(person: &Person, board: &Board, patient: Address) -> Result<Vec<ScopeId>> {
    let journal = person.journals.of(patient).await?;
    let now = person.clocks.chain_time().await?;
    Ok(granted_to(&journal, board.address, now).into_iter().map(|(scope, _)| ScopeId(scope)).collect())
}
