//! A case as a node reports it: folded from a board's events, and checked against its own id.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use alloy::primitives::{Address, B256};
use hospital_record_contracts::boards::IBoard::{self, CaseOpened, IBoardEvents};

use crate::{
    base::{scope_id::ScopeId, time::instant},
    boards::board::Board,
    ledger::id_of,
};

/// Seconds in which a case can be acknowledged.
pub(crate) const WINDOW: u64 = 24 * 3600;

/// A case of a board: a request that the board give one account access for a short time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// Its id on chain, which commits to the fields from `board` to `reason`.
    pub id: B256,
    /// The board that decides it.
    pub board: Address,
    /// The patient whose records it is about.
    pub patient: Address,
    /// The scope of the folder or record.
    pub scope_id: ScopeId,
    /// The account that gets access.
    pub grantee: Address,
    /// How long access lasts, counted from the last acknowledgement that is needed.
    pub lasts: Duration,
    /// The member who opened it.
    pub opener: Address,
    /// When it was opened.
    pub opened: SystemTime,
    /// SHA-256 of the block with the reason. The journal entry that gives access holds it in place of an envelope's digest.
    pub reason: B256,
    /// Members who acknowledged it, in order.
    pub acknowledged: Vec<Address>,
    /// Its stage.
    pub stage: CaseStage,
    /// Members who released their shares to the grantee.
    pub released: Vec<Address>,
    /// Members who reviewed it.
    pub reviewed: Vec<Address>,
    /// When its review becomes due. `None` if no review is due, one was made, or newer cases took its place in the board's
    /// list of reviews.
    pub review_due: Option<SystemTime>,
    pub(crate) terms: IBoard::Case,
    pub(crate) shares: Vec<(Address, B256)>,
    pub(crate) findings: Vec<(Address, B256)>,
}

/// The stage of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseStage {
    /// It waits for acknowledgements.
    Open {
        /// When its window closes.
        until: SystemTime,
    },
    /// Too few members acknowledged it in time.
    Lapsed,
    /// It took effect: the grantee has access.
    Granted {
        /// When access ends.
        until: SystemTime,
    },
    /// It took effect, and access has ended.
    Ended {
        /// When access ended.
        until: SystemTime,
    },
    /// The patient or the patient's proxy vetoed it.
    Vetoed,
}

impl Case {
    /// The case of this event, if its id commits to these values.
    pub(crate) fn checked(board: &Board, event: &CaseOpened, opened_at: u64) -> Option<Self> {
        let terms = IBoard::Case {
            patient: event.patient,
            scope: event.scope,
            grantee: event.grantee,
            duration: event.duration,
            reason: event.reason,
            epoch: event.epoch,
            opener: event.opener,
            openedAt: opened_at.try_into().ok()?,
        };
        Some(Self::of(board.address, terms)).filter(|case| case.id == event.id)
    }

    /// A case that was just opened.
    pub(crate) fn of(board: Address, terms: IBoard::Case) -> Self {
        let opened_at: u64 = terms.openedAt.to();
        Self {
            id: id_of(&terms),
            board,
            patient: terms.patient,
            scope_id: ScopeId(terms.scope),
            grantee: terms.grantee,
            lasts: Duration::from_secs(terms.duration.into()),
            opener: terms.opener,
            opened: instant(opened_at),
            reason: terms.reason,
            acknowledged: Vec::new(),
            stage: CaseStage::Open { until: instant(opened_at.saturating_add(WINDOW)) },
            released: Vec::new(),
            reviewed: Vec::new(),
            review_due: None,
            terms,
            shares: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The second from which it gives no access, whatever a node reports.
    pub(crate) fn latest_end(&self) -> u64 {
        self.terms.openedAt.to::<u64>().saturating_add(WINDOW + u64::from(self.terms.duration))
    }

    /// Whether it gives access now.
    pub fn is_live(&self) -> bool {
        matches!(self.stage, CaseStage::Granted { .. })
    }
}

/// Applies an event to the case that it names, if that is one of these.
pub(crate) fn apply(cases: &mut BTreeMap<B256, Case>, event: IBoardEvents) {
    let mut of = |id, change: &dyn Fn(&mut Case)| {
        if let Some(case) = cases.get_mut(&id) {
            change(case);
        }
    };
    match event {
        IBoardEvents::CaseAcknowledged(event) => of(event.id, &|case| case.acknowledged.push(event.member)),
        IBoardEvents::CaseGranted(event) => of(event.id, &|case| {
            case.stage = CaseStage::Granted { until: instant(event.until.to()) };
        }),
        IBoardEvents::CaseVetoed(event) => of(event.id, &|case| case.stage = CaseStage::Vetoed),
        IBoardEvents::ShareReleased(event) => of(event.id, &|case| {
            case.shares.push((event.member, event.share));
            if !case.released.contains(&event.member) {
                case.released.push(event.member);
            }
        }),
        IBoardEvents::CaseReviewed(event) => of(event.id, &|case| {
            case.findings.push((event.reviewer, event.finding));
            case.reviewed.push(event.reviewer);
        }),
        _ => {}
    }
}

impl CaseStage {
    pub(crate) fn at(self, now: u64) -> Self {
        match self {
            Self::Open { until } if until <= instant(now) => Self::Lapsed,
            Self::Granted { until } if until <= instant(now) => Self::Ended { until },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn board() -> Board {
        let address = Address::repeat_byte(1);
        let members = vec![Address::repeat_byte(2)];
        Board { address, threshold: 1, members, left: Vec::new(), closed: false, successor: None }
    }

    fn opened(reason: u8, at: u64) -> CaseOpened {
        let mut event = CaseOpened {
            id: B256::ZERO,
            patient: Address::repeat_byte(3),
            opener: Address::repeat_byte(2),
            scope: B256::repeat_byte(4),
            grantee: Address::repeat_byte(5),
            duration: 3600,
            reason: B256::repeat_byte(reason),
            epoch: 1,
        };
        let CaseOpened { patient, scope, grantee, duration, reason, epoch, opener, .. } = event.clone();
        let opened_at = at.try_into().unwrap();
        let terms = IBoard::Case { patient, scope, grantee, duration, reason, epoch, opener, openedAt: opened_at };
        event.id = id_of(&terms);
        event
    }

    #[test]
    fn case_with_other_terms_or_another_time_than_its_id_is_refused() {
        let longer = CaseOpened { duration: 7200, ..opened(6, 100) };
        assert!(Case::checked(&board(), &opened(6, 100), 101).is_none());
        assert!(Case::checked(&board(), &longer, 100).is_none());
        assert!(Case::checked(&board(), &opened(6, 100), 100).is_some());
    }
}
