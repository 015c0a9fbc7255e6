//! Which cases this person opens: kept before anything is sent, so that a lost answer loses nothing and opens nothing twice.

use alloy::primitives::{Address, B256, U256};
use hospital_record_contracts::boards::IBoard;
use serde::{Deserialize, Serialize};

use crate::{
    access::boards::words::{self, About},
    acts::person::Person,
    base::error::{Error, Result},
    boards::{
        board::Board,
        case::{Case, CaseStage},
    },
    ledger::id_of,
    platform::cache::{OPENINGS, key},
};

/// Rows of one board that are looked at.
const MOST_KEPT: usize = 256;
/// Openings without an answer that are looked for.
const MOST_UNSEEN: usize = 8;

/// A case as it is known before it is on chain: without the second in which it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) patient: Address,
    pub(crate) scope: B256,
    pub(crate) grantee: Address,
    pub(crate) duration: u32,
    /// SHA-256 of the note that tells why.
    pub(crate) reason: B256,
    /// Every signed attempt has this one, so at most one of them opens a case.
    pub(crate) nonce: U256,
    /// Whether the case was seen on chain.
    pub(crate) done: bool,
}

impl Opening {
    /// Whether this is the case that was opened: all that was kept is the same, and its id commits to it.
    pub(crate) fn is(&self, case: &Case, me: Address) -> bool {
        let Self { patient, scope, grantee, duration, reason, .. } = *self;
        let terms = IBoard::Case { patient, scope, grantee, duration, reason, opener: me, ..case.terms.clone() };
        (case.patient, case.scope_id, case.grantee, case.reason) == (patient, scope, grantee, reason)
            && case.id == id_of(&terms)
    }

    fn is_alike(&self, other: &Self) -> bool {
        (self.patient, self.scope, self.grantee, self.duration)
            == (other.patient, other.scope, other.grantee, other.duration)
    }

    /// What its note is about.
    pub(crate) fn about(&self, board: Address) -> About {
        let Self { patient, scope, grantee, .. } = *self;
        About { patient, board, scope, grantee, case: None }
    }
}

/// Keeps what is about to be opened, or that it was.
pub(crate) async fn keep_opening(person: &Person, board: &Board, opening: &Opening) -> Result<()> {
    let row = serde_ipld_dagcbor::to_vec(opening).map_err(Error::cache)?;
    let place = key(&[&openings_of(person, board.address), opening.reason.as_slice()]);
    person.cache().put(OPENINGS, place, row).await
}

/// What is like this one and was given the same reason, of what was kept and may still be on its way.
pub(crate) async fn kept_opening(
    person: &Person,
    board: &Board,
    wanted: &Opening,
    text: &str,
) -> Result<Option<Opening>> {
    let rows = person.cache().rows(OPENINGS, openings_of(person, board.address)).await?;
    let kept = rows.iter().filter_map(|(_, row)| serde_ipld_dagcbor::from_slice::<Opening>(row).ok());
    for opening in kept.filter(|kept| !kept.done && kept.is_alike(wanted)).take(MOST_KEPT) {
        if told_why(person, board, &opening, text).await? {
            return Ok(Some(opening));
        }
    }
    Ok(None)
}

/// The case of this person that is open already, or that what was kept has become.
pub(crate) async fn opened_before(
    person: &Person,
    board: &Board,
    wanted: &Opening,
    kept: Option<&Opening>,
    text: &str,
) -> Result<Option<Case>> {
    let me = person.address();
    for case in person.boards().cases_about(board, wanted.patient).await?.cases {
        if kept.is_some_and(|kept| kept.is(&case, me)) {
            return Ok(Some(case));
        }
        let this = Opening { reason: case.reason, ..*wanted };
        let alike = this.is(&case, me) && matches!(case.stage, CaseStage::Open { .. });
        if alike && told_why(person, board, &this, text).await? {
            return Ok(Some(case));
        }
    }
    Ok(None)
}

/// Cases that this person opened, and of which the answer was lost: opening was acknowledging.
pub(crate) async fn opened_unseen(person: &Person, board: &Board) -> Result<Vec<Case>> {
    let rows = person.cache().rows(OPENINGS, openings_of(person, board.address)).await?;
    let kept = rows.iter().filter_map(|(_, row)| serde_ipld_dagcbor::from_slice::<Opening>(row).ok());
    let me = person.address();
    let mut opened = Vec::new();
    for opening in kept.filter(|kept| !kept.done && ![kept.grantee, kept.patient].contains(&me)).take(MOST_UNSEEN) {
        let cases = person.boards().cases_about(board, opening.patient).await?.cases;
        opened.extend(cases.into_iter().find(|case| opening.is(case, me)));
    }
    Ok(opened)
}

/// Whether the note says this, in this person's words.
async fn told_why(person: &Person, board: &Board, opening: &Opening, text: &str) -> Result<bool> {
    match words::read_note(person, opening.reason, person.address(), &opening.about(board.address)).await {
        Ok(words) => Ok(words.text == text),
        Err(error) if error.is_silence() => Err(error),
        // Nobody has it, or it is not this person's.
        Err(_) => Ok(false),
    }
}

fn openings_of(person: &Person, board: Address) -> Vec<u8> {
    key(&[&person.deployment_key(), person.address().as_slice(), board.as_slice()])
}
