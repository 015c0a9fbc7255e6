//! Cases as a node tells them: folded from a board's events, each checked against its own id.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::{
    primitives::{Address, B256},
    sol_types::SolEventInterface,
};
use hospital_record_contracts::boards::IBoard::{self, CaseOpened, IBoardEvents};

use super::{Board, Seen};
use crate::{
    Error, Result,
    ledger::{Log, all_logs, id_of},
    system::System,
};

/// So long a case can be acknowledged.
const WINDOW: u64 = 24 * 3600;
/// Blocks that may still be replaced: their events are asked for again.
const SETTLING: u64 = 64;
/// So long after a case took effect its review is owed.
const REVIEW: u64 = 7 * 24 * 3600;

/// A case of a board: somebody is to be let in, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Case {
    /// What the chain calls it. All that follows down to `reason` is part of it.
    pub id: B256,
    /// The board.
    pub board: Address,
    /// Whose records.
    pub patient: Address,
    /// Which folder or record, as the chain calls it.
    pub scope_id: B256,
    /// Who is let in.
    pub grantee: Address,
    /// For how long, from the last acknowledgement that is needed.
    pub lasts: Duration,
    /// Who opened it.
    pub opener: Address,
    /// When.
    pub opened: SystemTime,
    /// SHA-256 of the block that tells why; the entry in the patient's journal by which somebody was let in has it where
    /// otherwise an envelope is.
    pub reason: B256,
    /// Who acknowledged it, in this order.
    pub acknowledged: Vec<Address>,
    /// Where it stands.
    pub stage: CaseStage,
    /// Members who released their shares to whom it lets in.
    pub released: Vec<Address>,
    /// Members who reviewed it.
    pub reviewed: Vec<Address>,
    /// From when on its review is owed; nothing where none is due, one was made, or it was let go for newer ones.
    pub review_due: Option<SystemTime>,
    pub(crate) terms: IBoard::Case,
    pub(crate) shares: Vec<(Address, B256)>,
    pub(crate) findings: Vec<(Address, B256)>,
}

/// Where a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CaseStage {
    /// It waits for acknowledgements, until then.
    Open {
        /// When its window closes.
        until: SystemTime,
    },
    /// Too few acknowledged it in time.
    Lapsed,
    /// It took effect: somebody is let in, until then.
    Granted {
        /// The end.
        until: SystemTime,
    },
    /// It took effect, and its time is over.
    Ended {
        /// When.
        until: SystemTime,
    },
    /// The patient or the patient's proxy ended it.
    Vetoed,
}

impl System {
    /// The cases of a board, newest first, as the node tells them: it can hide one, or make one up. Whether somebody was let
    /// in, the patient's history says.
    pub async fn cases(&self, board: &Board) -> Result<Vec<Case>> {
        let logs = self.logs_of(board.address).await?;
        let now = self.chain_time().await?;
        let mut cases = BTreeMap::new();
        for log in &logs {
            if let Ok(event) = IBoardEvents::decode_raw_log(&log.topics, &log.data) {
                tell(board, &mut cases, event, log.time.unwrap_or_default());
            }
        }
        let mut cases: Vec<Case> = cases.into_values().collect();
        for case in &mut cases {
            case.stage = case.stage.at(now);
        }
        cases.sort_by_key(|case| std::cmp::Reverse((case.opened, case.id)));
        Ok(cases)
    }

    /// A board's events in order, with their times, of which the settled ones are asked for once.
    async fn logs_of(&self, board: Address) -> Result<Vec<Log>> {
        let (next, mut logs) = self.boards_seen().logs.get(&board).cloned().unwrap_or_default();
        let mut filter = self.on_boards().events_of(board, [None; 4]).await?;
        filter.from = filter.from.max(next);
        let mut new = all_logs(&**self.ledger(), filter).await?;
        new.retain(|log| log.contract == board);
        new.sort_by_key(|log| (log.block, log.index));
        for log in new.iter_mut().filter(|log| log.time.is_none()) {
            log.time = self.ledger().block(log.block).await?.map(|block| block.time);
        }
        let settled = (filter.to + 1).saturating_sub(SETTLING).max(filter.from);
        logs.extend(new.iter().filter(|log| log.block < settled).cloned());
        Seen::keep(&mut self.boards_seen().logs, board, (settled, logs.clone()));
        logs.extend(new.into_iter().filter(|log| log.block >= settled));
        Ok(logs)
    }

    /// The case of this id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn case(&self, board: &Board, id: B256) -> Result<Case> {
        let found = self.cases(board).await?.into_iter().find(|case| case.id == id);
        found.ok_or_else(|| Error::NotFound(format!("the board {} has no case {id}", board.address)))
    }
}

impl Case {
    /// Only what its id commits to.
    fn checked(board: &Board, event: &CaseOpened, opened_at: u64) -> Option<Self> {
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

    /// As it is when it was just opened.
    pub(super) fn of(board: Address, terms: IBoard::Case) -> Self {
        let opened_at: u64 = terms.openedAt.to();
        Self {
            id: id_of(&terms),
            board,
            patient: terms.patient,
            scope_id: terms.scope,
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

    /// It lets nobody in from this second on, whatever a node tells.
    pub(super) fn latest_end(&self) -> u64 {
        self.terms.openedAt.to::<u64>().saturating_add(WINDOW + u64::from(self.terms.duration))
    }

    /// Whether somebody is let in by it now.
    pub fn is_live(&self) -> bool {
        matches!(self.stage, CaseStage::Granted { .. })
    }
}

/// What an event of this second says of the cases that came before it.
fn tell(board: &Board, cases: &mut BTreeMap<B256, Case>, event: IBoardEvents, at: u64) {
    let mut of = |id, change: &dyn Fn(&mut Case)| {
        if let Some(case) = cases.get_mut(&id) {
            change(case);
        }
    };
    match event {
        IBoardEvents::CaseOpened(event) => {
            if let Some(case) = Case::checked(board, &event, at) {
                cases.entry(event.id).or_insert(case);
            }
        }
        IBoardEvents::CaseAcknowledged(event) => of(event.id, &|case| case.acknowledged.push(event.member)),
        IBoardEvents::CaseGranted(event) => of(event.id, &|case| {
            case.stage = CaseStage::Granted { until: instant(event.until.to()) };
            case.review_due = event.reviewIsDue.then(|| instant(at.saturating_add(REVIEW)));
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
            case.review_due = None;
        }),
        IBoardEvents::ReviewLetGo(event) => {
            for case in cases.values_mut().filter(|case| case.id[..25] == event.id[..]) {
                case.review_due = None;
            }
        }
        _ => {}
    }
}

impl CaseStage {
    fn at(self, now: u64) -> Self {
        match self {
            Self::Open { until } if until <= instant(now) => Self::Lapsed,
            Self::Granted { until } if until <= instant(now) => Self::Ended { until },
            other => other,
        }
    }
}

fn instant(seconds: u64) -> SystemTime {
    // A node that names an instant beyond what there is has said nothing.
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hospital_record_contracts::boards::IBoard::{CaseGranted, ReviewLetGo};

    use super::*;

    fn board() -> Board {
        let (address, members) = (Address::repeat_byte(1), vec![Address::repeat_byte(2)]);
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
    fn case_counts_only_with_the_terms_and_the_second_of_its_id() {
        let mut cases = BTreeMap::new();
        tell(&board(), &mut cases, IBoardEvents::CaseOpened(opened(6, 100)), 101);
        let longer = CaseOpened { duration: 7200, ..opened(6, 100) };
        tell(&board(), &mut cases, IBoardEvents::CaseOpened(longer), 100);
        assert!(cases.is_empty());
        tell(&board(), &mut cases, IBoardEvents::CaseOpened(opened(6, 100)), 100);
        assert_eq!(cases.len(), 1);
    }

    #[test]
    fn review_that_was_let_go_is_due_no_more() {
        let (mut cases, patient) = (BTreeMap::new(), Address::repeat_byte(3));
        let ids = [6, 7].map(|reason| opened(reason, 100).id);
        for (reason, id) in [6, 7].into_iter().zip(ids) {
            tell(&board(), &mut cases, IBoardEvents::CaseOpened(opened(reason, 100)), 100);
            let granted = CaseGranted { id, patient, until: 3800_u64.try_into().unwrap(), reviewIsDue: true };
            tell(&board(), &mut cases, IBoardEvents::CaseGranted(granted), 200);
        }
        let gone = ReviewLetGo { id: ids[0].0[..25].try_into().unwrap() };
        tell(&board(), &mut cases, IBoardEvents::ReviewLetGo(gone), 300);
        assert_eq!(ids.map(|id| cases[&id].review_due), [None, Some(instant(200 + REVIEW))]);
    }
}
