//! Cases as a node tells them: folded from a board's events, each checked against its own id.

use std::{
    collections::{BTreeMap, btree_map},
    sync::PoisonError,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::{SolEventInterface, SolValue},
};
use hospital_record_contracts::boards::IBoard::{self, CaseOpened, IBoardEvents};

use super::Board;
use crate::{
    Error, Result,
    ledger::{Log, all_logs},
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
    /// From when on its review is owed; nothing where none is due, or one was made.
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
            let Ok(event) = IBoardEvents::decode_raw_log(&log.topics, &log.data) else { continue };
            self.fold(board, &mut cases, event, log).await?;
        }
        let mut cases: Vec<Case> = cases.into_values().collect();
        for case in &mut cases {
            case.stage = case.stage.at(now);
        }
        cases.sort_by_key(|case| std::cmp::Reverse((case.opened, case.id)));
        Ok(cases)
    }

    /// A board's events, of which the settled ones are asked for once.
    async fn logs_of(&self, board: Address) -> Result<Vec<Log>> {
        let known = || self.board_logs().lock().unwrap_or_else(PoisonError::into_inner);
        let (next, mut logs) = known().get(&board).cloned().unwrap_or_default();
        let mut filter = self.on_boards().events_of(board, [None; 4]).await?;
        filter.from = filter.from.max(next);
        let mut new = all_logs(&**self.ledger(), filter).await?;
        new.retain(|log| log.contract == board);
        new.sort_by_key(|log| (log.block, log.index));
        let settled = (filter.to + 1).saturating_sub(SETTLING).max(filter.from);
        logs.extend(new.iter().filter(|log| log.block < settled).cloned());
        known().insert(board, (settled, logs.clone()));
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

    async fn fold(
        &self,
        board: &Board,
        cases: &mut BTreeMap<B256, Case>,
        event: IBoardEvents,
        log: &Log,
    ) -> Result<()> {
        match event {
            IBoardEvents::CaseOpened(event) => {
                if let (btree_map::Entry::Vacant(place), Some(case)) =
                    (cases.entry(event.id), Case::checked(board, &event, self.time_of(log).await?))
                {
                    place.insert(case);
                }
            }
            IBoardEvents::CaseGranted(event) => {
                let at = self.time_of(log).await?;
                if let Some(case) = cases.get_mut(&event.id) {
                    case.stage = CaseStage::Granted { until: instant(event.until.to()) };
                    case.review_due = event.reviewIsDue.then(|| instant(at.saturating_add(REVIEW)));
                }
            }
            other => told(cases, &other),
        }
        Ok(())
    }

    async fn time_of(&self, log: &Log) -> Result<u64> {
        match log.time {
            Some(time) => Ok(time),
            None => Ok(self.ledger().block(log.block).await?.map_or(0, |block| block.time)),
        }
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
            id: keccak256(terms.abi_encode()),
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

/// What changes nothing but lists of a case.
fn told(cases: &mut BTreeMap<B256, Case>, event: &IBoardEvents) {
    let id = match event {
        IBoardEvents::CaseAcknowledged(event) => event.id,
        IBoardEvents::CaseVetoed(event) => event.id,
        IBoardEvents::ShareReleased(event) => event.id,
        IBoardEvents::CaseReviewed(event) => event.id,
        _ => return,
    };
    let Some(case) = cases.get_mut(&id) else { return };
    match event {
        IBoardEvents::CaseAcknowledged(event) => case.acknowledged.push(event.member),
        IBoardEvents::CaseVetoed(_) => case.stage = CaseStage::Vetoed,
        IBoardEvents::ShareReleased(event) => {
            case.shares.push((event.member, event.share));
            if !case.released.contains(&event.member) {
                case.released.push(event.member);
            }
        }
        IBoardEvents::CaseReviewed(event) => {
            case.findings.push((event.reviewer, event.finding));
            case.reviewed.push(event.reviewer);
            case.review_due = None;
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
