//! Keeps each case that this person opens, before it is sent. So a lost answer never opens a case twice.

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
    platform::cache::OPENINGS,
};

/// Unfinished openings of one board that are read.
const MOST_UNFINISHED: usize = 256;
/// Unfinished openings whose cases are looked up.
const MOST_UNSEEN: usize = 8;

/// A case before it is on chain, so without the time of its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Opening {
    pub(crate) patient: Address,
    pub(crate) scope: B256,
    pub(crate) grantee: Address,
    pub(crate) duration: u32,
    /// SHA-256 of the note with the reason.
    pub(crate) reason: B256,
    /// Every signed attempt has this nonce, so at most one of them opens a case.
    pub(crate) nonce: U256,
    /// Whether the case was seen on chain.
    pub(crate) done: bool,
}

impl Opening {
    /// Whether `case` is the case of this opening: all values match, and its id commits to them.
    pub(crate) fn is(&self, case: &Case, me: Address) -> bool {
        let Self { patient, scope, grantee, duration, reason, .. } = *self;
        let terms = IBoard::Case { patient, scope, grantee, duration, reason, opener: me, ..case.terms.clone() };
        (case.patient, case.scope_id.0, case.grantee, case.reason) == (patient, scope, grantee, reason)
            && case.id == id_of(&terms)
    }

    fn is_alike(&self, other: &Self) -> bool {
        (self.patient, self.scope, self.grantee, self.duration)
            == (other.patient, other.scope, other.grantee, other.duration)
    }

    /// The subject of its note.
    pub(crate) fn about(&self, board: Address) -> About {
        let Self { patient, scope, grantee, .. } = *self;
        About { patient, board, scope, grantee, case: None }
    }
}

/// Stores an opening on this machine.
pub(crate) async fn keep_opening(person: &Person, board: &Board, opening: &Opening) -> Result<()> {
    let row = serde_ipld_dagcbor::to_vec(opening).map_err(Error::cache)?;
    let place = person.own_key(&[board.address.as_slice(), opening.reason.as_slice()]);
    person.cache.put(OPENINGS, place, row).await
}

/// An unfinished opening that has the same values and the same reason.
pub(crate) async fn unfinished_opening(
    person: &Person,
    board: &Board,
    draft: &Opening,
    text: &str,
) -> Result<Option<Opening>> {
    let rows = person.cache.rows(OPENINGS, person.own_key(&[board.address.as_slice()])).await?;
    let openings = rows.iter().filter_map(|(_, row)| serde_ipld_dagcbor::from_slice::<Opening>(row).ok());
    for opening in openings.filter(|opening| !opening.done && opening.is_alike(draft)).take(MOST_UNFINISHED) {
        if has_reason(person, board, &opening, text).await? {
            return Ok(Some(opening));
        }
    }
    Ok(None)
}

/// The case that the earlier opening became, or an open case of this person with the same values and reason.
pub(crate) async fn opened_before(
    person: &Person,
    board: &Board,
    draft: &Opening,
    earlier: Option<&Opening>,
    text: &str,
) -> Result<Option<Case>> {
    let me = person.address();
    for case in person.boards.cases_about(board, draft.patient).await?.cases {
        if earlier.is_some_and(|opening| opening.is(&case, me)) {
            return Ok(Some(case));
        }
        let opening = Opening { reason: case.reason, ..*draft };
        let is_open = opening.is(&case, me) && matches!(case.stage, CaseStage::Open { .. });
        if is_open && has_reason(person, board, &opening, text).await? {
            return Ok(Some(case));
        }
    }
    Ok(None)
}

/// Cases that this person opened without seeing the answer. Opening them acknowledged them.
pub(crate) async fn opened_unseen(person: &Person, board: &Board) -> Result<Vec<Case>> {
    let rows = person.cache.rows(OPENINGS, person.own_key(&[board.address.as_slice()])).await?;
    let openings = rows.iter().filter_map(|(_, row)| serde_ipld_dagcbor::from_slice::<Opening>(row).ok());
    let me = person.address();
    let mut unseen = Vec::new();
    let is_unseen = |opening: &Opening| !opening.done && ![opening.grantee, opening.patient].contains(&me);
    for opening in openings.filter(is_unseen).take(MOST_UNSEEN) {
        let cases = person.boards.cases_about(board, opening.patient).await?.cases;
        unseen.extend(cases.into_iter().find(|case| opening.is(case, me)));
    }
    Ok(unseen)
}

/// Whether this person wrote the note of this opening with this text.
async fn has_reason(person: &Person, board: &Board, opening: &Opening, text: &str) -> Result<bool> {
    match words::read_note(person, opening.reason, person.address(), &opening.about(board.address)).await {
        Ok(words) => Ok(words.text == text),
        Err(error) if error.is_outage() => Err(error),
        // No store has the note, or another person wrote it.
        Err(_) => Ok(false),
    }
}
