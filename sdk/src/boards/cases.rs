//! Which cases there are, read from a board's events by kind and in a bounded number: strangers can add events to a board
//! (who may veto for them), and one member can open cases and release shares without end.
//!
//! Nothing is remembered between two readings. A provider that lags hides a case no longer than it lags.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use alloy::{
    primitives::{Address, B256},
    sol_types::{SolEvent, SolEventInterface},
};
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture, stream};
use hospital_record_contracts::boards::IBoard::{
    CaseAcknowledged, CaseGranted, CaseOpened, CaseReviewed, CaseVetoed, IBoardEvents, ShareReleased, unreviewedCall,
};

use crate::{
    base::{
        cut::Cut,
        error::{Error, Result},
        time::instant,
    },
    boards::{
        board::Board,
        case::{self, Case},
        known::Boards,
    },
    ledger::{BlockInfo, Log, LogFilter, newest_log, recent_logs},
};

/// Cases that are listed.
const MOST_LISTED: usize = 64;
/// Openings that are looked at.
const MOST_OPENED: usize = 1024;
/// Events of another kind that are looked at for a list.
const MOST_EVENTS: usize = 2048;
/// Events of one case: but for releases, sixteen members cannot make so many.
const MOST_OF_CASE: usize = 256;
/// Releases of one member for one case that are looked at: one for each time that keys moved on meanwhile.
pub(crate) const MOST_RELEASES: usize = 4;
/// Cases that took effect in one block, about one patient, that are looked at.
const MOST_IN_BLOCK: usize = 16;
/// Questions at the same time.
const AT_ONCE: usize = 16;
/// What a member can say once of each case.
const ONCE: [B256; 4] = [
    CaseAcknowledged::SIGNATURE_HASH,
    CaseGranted::SIGNATURE_HASH,
    CaseVetoed::SIGNATURE_HASH,
    CaseReviewed::SIGNATURE_HASH,
];

/// Cases of a board, newest first; made by [`System::cases`](crate::System::cases).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Cases {
    /// At most 64. Each opener has an equal share of the places, so that a member who opens many hides nobody else's.
    pub cases: Vec<Case>,
    /// Those that are left out: [`System::case`](crate::System::case) gives one by its id, [`System::cases_about`](crate::System::cases_about) those of one patient.
    pub cut: Cut,
}

impl Boards {
    /// The cases of a board, newest first, as the node tells them: it can hide one, or make one up. Whether somebody was let
    /// in, the patient's history says.
    pub(crate) async fn cases(&self, board: &Board) -> Result<Cases> {
        self.reading(board).await?.list(None, 0).await
    }

    /// The same, of cases about one patient.
    pub(crate) async fn cases_about(&self, board: &Board, patient: Address) -> Result<Cases> {
        self.reading(board).await?.list(Some(patient), 0).await
    }

    /// Those that were opened after this second, and perhaps older ones.
    pub(crate) async fn cases_since(&self, board: &Board, since: u64) -> Result<Cases> {
        self.reading(board).await?.list(None, since).await
    }

    /// The case of this id, whatever else there is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) async fn case(&self, board: &Board, id: B256) -> Result<Case> {
        let reading = self.reading(board).await?;
        let found = reading.one(id, reading.to.number).await?;
        let mut case =
            found.ok_or_else(|| Error::NotFound(format!("the board {} has no case {id}", board.address).into()))?;
        reading.tell_due(std::iter::once(&mut case)).await?;
        Ok(case)
    }

    /// The cases that took effect in these blocks, about this patient.
    pub(crate) async fn cases_granted(&self, board: &Board, patient: Address, blocks: &[u64]) -> Result<Vec<Case>> {
        let reading = self.reading(board).await?;
        let mut cases = Vec::new();
        for block in blocks {
            let topics = [Some(CaseGranted::SIGNATURE_HASH), None, Some(patient.into_word()), None];
            let (granted, _) = reading.logs(topics, (*block, *block), MOST_IN_BLOCK).await?;
            for id in granted.iter().filter_map(|log| log.topics.get(1)) {
                cases.extend(reading.one(*id, *block).await?);
            }
        }
        Ok(cases)
    }

    async fn reading<'a>(&'a self, board: &'a Board) -> Result<Reading<'a>> {
        let from = self.on_chain.deployed_at().await?;
        let to = self.ledger.newest().await?;
        Ok(Reading { boards: self, board, from, to })
    }
}

/// A board's events, up to one block.
struct Reading<'a> {
    boards: &'a Boards,
    board: &'a Board,
    from: u64,
    to: BlockInfo,
}

impl Reading<'_> {
    async fn list(&self, patient: Option<Address>, since: u64) -> Result<Cases> {
        let (opened, older) = self.openings(patient, since).await?;
        let found = opened.len();
        let opened = fairly(opened);
        let cut = Cut { count: found - opened.len(), older };
        let Some(first) = opened.iter().map(|(log, _)| log.block).min() else {
            return Ok(Cases { cases: Vec::new(), cut });
        };
        let mut cases = self.checked(opened).await?;
        for event in self.events_since(first, patient, &cases).await? {
            case::tell(&mut cases, event);
        }
        let mut cases: Vec<Case> = cases.into_values().collect();
        self.tell_due(cases.iter_mut()).await?;
        cases.sort_by_key(|case| std::cmp::Reverse((case.opened, case.id)));
        Ok(Cases { cases, cut })
    }

    /// What was opened, newest first, and whether there may be older ones. Where one member fills the list, each is asked
    /// for by name.
    async fn openings(&self, patient: Option<Address>, since: u64) -> Result<(Vec<(Log, CaseOpened)>, bool)> {
        let about = patient.map(|patient| patient.into_word());
        let (mut logs, older) = self.opened_by(None, about, MOST_OPENED, since).await?;
        if older {
            let members = self.board.members.iter().copied();
            let named = members.map(|member| self.opened_by(Some(member), about, MOST_LISTED, since).boxed()).collect();
            logs.extend(side_by_side(named).await?.into_iter().flat_map(|(logs, _)| logs));
        }
        logs.sort_by_key(|log| std::cmp::Reverse((log.block, log.index)));
        let mut seen = HashSet::new();
        let decoded = logs.into_iter().filter_map(|log| {
            let event = CaseOpened::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok()?;
            (self.board.members.contains(&event.opener) && seen.insert(event.id)).then_some((log, event))
        });
        Ok((decoded.collect(), older))
    }

    async fn opened_by(
        &self,
        member: Option<Address>,
        about: Option<B256>,
        most: usize,
        since: u64,
    ) -> Result<(Vec<Log>, bool)> {
        let topics = [Some(CaseOpened::SIGNATURE_HASH), None, about, member.map(|member| member.into_word())];
        let filter = self.filter(topics, (self.from, self.to.number));
        Ok(recent_logs(&*self.boards.ledger, filter, most, since).await?)
    }

    /// Those whose id commits to what was told; each block's time is asked for once, where the events do not say it.
    async fn checked(&self, opened: Vec<(Log, CaseOpened)>) -> Result<BTreeMap<B256, Case>> {
        let untimed: BTreeSet<u64> =
            opened.iter().filter(|(log, _)| log.time.is_none()).map(|(log, _)| log.block).collect();
        let headers = untimed.into_iter().map(|number| self.time_of(number).boxed()).collect();
        let times: HashMap<u64, Option<u64>> = side_by_side(headers).await?.into_iter().collect();
        let cases = opened.iter().filter_map(|(log, event)| {
            let time = log.time.or_else(|| *times.get(&log.block)?)?;
            Case::checked(self.board, event, time)
        });
        Ok(cases.map(|case| (case.id, case)).collect())
    }

    async fn time_of(&self, number: u64) -> Result<(u64, Option<u64>)> {
        Ok((number, self.boards.ledger.block(number).await?.map(|block| block.time)))
    }

    /// What happened to these cases, oldest first.
    async fn events_since(
        &self,
        first: u64,
        patient: Option<Address>,
        cases: &BTreeMap<B256, Case>,
    ) -> Result<Vec<IBoardEvents>> {
        let about = patient.map(|patient| patient.into_word());
        let kinds = ONCE.into_iter().chain([ShareReleased::SIGNATURE_HASH]).map(|kind| {
            let about = about.filter(|_| kind == CaseGranted::SIGNATURE_HASH);
            self.logs([Some(kind), None, about, None], (first, self.to.number), MOST_EVENTS).boxed()
        });
        let told = side_by_side(kinds.collect()).await?;
        if !told.iter().any(|(_, cut)| *cut) {
            return Ok(in_order(told.into_iter().flat_map(|(logs, _)| logs).collect()));
        }
        // Somebody fills the list: each case that is shown is asked for by its id.
        let each = cases.keys().copied().map(|id| self.events_of(id, first).boxed()).collect();
        Ok(side_by_side(each).await?.into_iter().flatten().collect())
    }

    /// The case of this id, opened in this block or before.
    async fn one(&self, id: B256, block: u64) -> Result<Option<Case>> {
        let topics = [Some(CaseOpened::SIGNATURE_HASH), Some(id), None, None];
        let Some(log) = newest_log(&*self.boards.ledger, self.filter(topics, (self.from, block))).await? else {
            return Ok(None);
        };
        let event = CaseOpened::decode_raw_log_validate(log.topics.iter().copied(), &log.data);
        let first = log.block;
        let mut cases = self.checked(event.into_iter().map(|event| (log.clone(), event)).collect()).await?;
        if !cases.contains_key(&id) {
            return Ok(None);
        }
        for event in self.events_of(id, first).await? {
            case::tell(&mut cases, event);
        }
        let now = self.to.time;
        Ok(cases.remove(&id).map(|case| Case { stage: case.stage.at(now), ..case }))
    }

    /// What happened to one case, oldest first: a member can release shares without end, and nothing else.
    async fn events_of(&self, id: B256, first: u64) -> Result<Vec<IBoardEvents>> {
        let blocks = (first, self.to.number);
        let (logs, cut) = self.logs([None, Some(id), None, None], blocks, MOST_OF_CASE).await?;
        if !cut {
            return Ok(in_order(logs));
        }
        let once =
            ONCE.into_iter().map(|kind| self.logs([Some(kind), Some(id), None, None], blocks, MOST_OF_CASE).boxed());
        let released = self.board.members.iter().copied().map(|member| {
            let topics = [Some(ShareReleased::SIGNATURE_HASH), Some(id), Some(member.into_word()), None];
            self.logs(topics, blocks, MOST_RELEASES).boxed()
        });
        let told = side_by_side(once.chain(released).collect()).await?;
        Ok(in_order(told.into_iter().flat_map(|(logs, _)| logs).collect()))
    }

    /// Until when reviews are owed: the board itself says so, of sixteen cases at most.
    async fn tell_due(&self, cases: impl Iterator<Item = &mut Case>) -> Result<()> {
        let waiting = self.boards.on_chain.ask_at(self.board.address, &unreviewedCall {}).await?;
        for case in cases {
            case.stage = case.stage.at(self.to.time);
            let due = waiting.iter().find(|waiting| waiting.id[..] == case.id[..waiting.id.len()]);
            case.review_due = due.map(|waiting| instant(waiting.due.to()));
        }
        Ok(())
    }

    async fn logs(&self, topics: [Option<B256>; 4], blocks: (u64, u64), most: usize) -> Result<(Vec<Log>, bool)> {
        Ok(recent_logs(&*self.boards.ledger, self.filter(topics, blocks), most, 0).await?)
    }

    fn filter(&self, topics: [Option<B256>; 4], (from, to): (u64, u64)) -> LogFilter {
        LogFilter { contract: self.board.address, topics, from, to }
    }
}

async fn side_by_side<T>(questions: Vec<BoxFuture<'_, Result<T>>>) -> Result<Vec<T>> {
    stream::iter(questions).buffered(AT_ONCE).try_collect().await
}

/// As many as are listed. First come the newest of each opener, then the second of each, and so on.
fn fairly(opened: Vec<(Log, CaseOpened)>) -> Vec<(Log, CaseOpened)> {
    let mut counts = HashMap::<Address, usize>::new();
    let mut ranked: Vec<_> = opened
        .into_iter()
        .map(|opening| {
            let count = counts.entry(opening.1.opener).or_default();
            *count += 1;
            (*count, opening)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.truncate(MOST_LISTED);
    ranked.into_iter().map(|(_, opening)| opening).collect()
}

fn in_order(mut logs: Vec<Log>) -> Vec<IBoardEvents> {
    logs.sort_by_key(|log| (log.block, log.index));
    logs.iter().filter_map(|log| IBoardEvents::decode_raw_log(&log.topics, &log.data).ok()).collect()
}

#[cfg(test)]
mod tests;
