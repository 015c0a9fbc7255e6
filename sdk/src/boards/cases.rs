//! Lists a board's cases from its events. Each kind of event is read up to a limit, because anybody can add events: a stranger
//! can appoint a proxy. One member can open cases and release shares without end.
//!
//! Nothing is cached between two reads, so a provider that lags hides a case for no longer than it lags.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use alloy::{
    primitives::{Address, B256},
    sol_types::{SolEvent, SolEventInterface},
};
use futures::{StreamExt, TryStreamExt, stream};
use hospital_record_contracts::boards::IBoard::{
    CaseAcknowledged, CaseGranted, CaseOpened, CaseReviewed, CaseVetoed, IBoardEvents, ShareReleased, unreviewedCall,
};

use crate::{
    base::{
        cut::Cut,
        error::{Error, Result},
        ranks::ranked,
        task::{BoxFuture, FutureInBox},
        time::instant,
    },
    boards::{
        board::Board,
        case::{self, Case},
        lookup::BoardReader,
    },
    ledger::{BlockInfo, Log, LogFilter, newest_log, recent_logs},
};

/// Cases that are listed.
const MOST_LISTED: usize = 64;
/// Opening events that are read for a list.
const MOST_OPENED: usize = 1024;
/// Events of each other kind that are read for a list.
const MOST_EVENTS: usize = 2048;
/// Events that are read of one case. Sixteen members cannot make more, except by releasing shares.
const MOST_OF_CASE: usize = 256;
/// Releases that are read of one member for one case: one for each key rotation in the meantime.
pub(crate) const MOST_RELEASES: usize = 4;
/// Cases about one patient that are read of one block.
const MOST_IN_BLOCK: usize = 16;
/// Calls to the node that run at the same time.
const AT_ONCE: usize = 16;
/// Events that a member can cause only once for each case.
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
    /// At most 64. Each opener has an equal share of the places, so one member cannot hide the cases of another.
    pub cases: Vec<Case>,
    /// The cases that are left out. [`System::case`](crate::System::case) reads one by its id, and
    /// [`System::cases_about`](crate::System::cases_about) lists those of one patient.
    pub cut: Cut,
}

impl BoardReader {
    /// See [`System::cases`](crate::System::cases).
    pub(crate) async fn cases(&self, board: &Board) -> Result<Cases> {
        self.reading(board).await?.list(None, 0).await
    }

    /// The cases of a board about one patient, newest first.
    pub(crate) async fn cases_about(&self, board: &Board, patient: Address) -> Result<Cases> {
        self.reading(board).await?.list(Some(patient), 0).await
    }

    /// The cases that were opened after this second. The list can include older ones.
    pub(crate) async fn cases_since(&self, board: &Board, since: u64) -> Result<Cases> {
        self.reading(board).await?.list(None, since).await
    }

    /// See [`System::case`](crate::System::case).
    pub(crate) async fn case(&self, board: &Board, id: B256) -> Result<Case> {
        let reading = self.reading(board).await?;
        let case = reading.one(id, reading.to.number).await?;
        let mut case =
            case.ok_or_else(|| Error::NotFound(format!("the board {} has no case {id}", board.address).into()))?;
        reading.set_due(std::iter::once(&mut case)).await?;
        Ok(case)
    }

    /// The cases about this patient that took effect in these blocks.
    pub(crate) async fn cases_granted(&self, board: &Board, patient: Address, blocks: &[u64]) -> Result<Vec<Case>> {
        let reading = self.reading(board).await?;
        let mut cases = Vec::new();
        for block in blocks {
            let topics = [Some(CaseGranted::SIGNATURE_HASH), None, Some(patient.into_word()), None];
            let (logs, _) = reading.logs(topics, (*block, *block), MOST_IN_BLOCK).await?;
            for id in logs.iter().filter_map(|log| log.topics.get(1)) {
                cases.extend(reading.one(*id, *block).await?);
            }
        }
        Ok(cases)
    }

    async fn reading<'a>(&'a self, board: &'a Board) -> Result<Reading<'a>> {
        let from = self.on_chain.deployed_at().await?;
        let to = self.on_chain.ledger().newest().await?;
        Ok(Reading { boards: self, board, from, to })
    }
}

/// A board's events, up to one block.
struct Reading<'a> {
    boards: &'a BoardReader,
    board: &'a Board,
    from: u64,
    to: BlockInfo,
}

impl Reading<'_> {
    async fn list(&self, patient: Option<Address>, since: u64) -> Result<Cases> {
        let (openings, older) = self.openings(patient, since).await?;
        let total = openings.len();
        let openings = fairly(openings);
        let cut = Cut { count: total - openings.len(), older };
        let Some(first) = openings.iter().map(|(log, _)| log.block).min() else {
            return Ok(Cases { cases: Vec::new(), cut });
        };
        let mut cases = self.checked(openings).await?;
        for event in self.events_since(first, patient, &cases).await? {
            case::apply(&mut cases, event);
        }
        let mut cases: Vec<Case> = cases.into_values().collect();
        self.set_due(cases.iter_mut()).await?;
        cases.sort_by_key(|case| std::cmp::Reverse((case.opened, case.id)));
        Ok(Cases { cases, cut })
    }

    /// The opening events, newest first, and whether there can be older ones. If one member fills the list, the events of
    /// each member are read separately.
    async fn openings(&self, patient: Option<Address>, since: u64) -> Result<(Vec<(Log, CaseOpened)>, bool)> {
        let about = patient.map(|patient| patient.into_word());
        let (mut logs, older) = self.opened_by(None, about, MOST_OPENED, since).await?;
        if older {
            let members = self.board.members.iter().copied();
            let reads =
                members.map(|member| self.opened_by(Some(member), about, MOST_LISTED, since).in_box()).collect();
            logs.extend(side_by_side(reads).await?.into_iter().flat_map(|(logs, _)| logs));
        }
        logs.sort_by_key(|log| std::cmp::Reverse((log.block, log.index)));
        let mut seen = HashSet::new();
        let openings = logs.into_iter().filter_map(|log| {
            let event = CaseOpened::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok()?;
            (self.board.members.contains(&event.opener) && seen.insert(event.id)).then_some((log, event))
        });
        Ok((openings.collect(), older))
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
        Ok(recent_logs(self.boards.on_chain.ledger(), filter, most, since).await?)
    }

    /// The cases whose id commits to their event. If the events carry no time, each block is read once for it.
    async fn checked(&self, openings: Vec<(Log, CaseOpened)>) -> Result<BTreeMap<B256, Case>> {
        let untimed: BTreeSet<u64> =
            openings.iter().filter(|(log, _)| log.time.is_none()).map(|(log, _)| log.block).collect();
        let headers = untimed.into_iter().map(|number| self.time_of(number).in_box()).collect();
        let times: HashMap<u64, Option<u64>> = side_by_side(headers).await?.into_iter().collect();
        let cases = openings.iter().filter_map(|(log, event)| {
            let time = log.time.or_else(|| *times.get(&log.block)?)?;
            Case::checked(self.board, event, time)
        });
        Ok(cases.map(|case| (case.id, case)).collect())
    }

    async fn time_of(&self, number: u64) -> Result<(u64, Option<u64>)> {
        Ok((number, self.boards.on_chain.ledger().block(number).await?.map(|block| block.time)))
    }

    /// The later events of these cases, oldest first.
    async fn events_since(
        &self,
        first: u64,
        patient: Option<Address>,
        cases: &BTreeMap<B256, Case>,
    ) -> Result<Vec<IBoardEvents>> {
        let about = patient.map(|patient| patient.into_word());
        let kinds = ONCE.into_iter().chain([ShareReleased::SIGNATURE_HASH]).map(|kind| {
            let about = about.filter(|_| kind == CaseGranted::SIGNATURE_HASH);
            self.logs([Some(kind), None, about, None], (first, self.to.number), MOST_EVENTS).in_box()
        });
        let reads = side_by_side(kinds.collect()).await?;
        if !reads.iter().any(|(_, cut)| *cut) {
            return Ok(in_order(reads.into_iter().flat_map(|(logs, _)| logs).collect()));
        }
        // Somebody fills the list, so the events of each listed case are read separately.
        let each = cases.keys().copied().map(|id| self.events_of(id, first).in_box()).collect();
        Ok(side_by_side(each).await?.into_iter().flatten().collect())
    }

    /// The case with this id, if it was opened in this block or before.
    async fn one(&self, id: B256, block: u64) -> Result<Option<Case>> {
        let topics = [Some(CaseOpened::SIGNATURE_HASH), Some(id), None, None];
        let Some(log) = newest_log(self.boards.on_chain.ledger(), self.filter(topics, (self.from, block))).await?
        else {
            return Ok(None);
        };
        let event = CaseOpened::decode_raw_log_validate(log.topics.iter().copied(), &log.data);
        let first = log.block;
        let mut cases = self.checked(event.into_iter().map(|event| (log.clone(), event)).collect()).await?;
        if !cases.contains_key(&id) {
            return Ok(None);
        }
        for event in self.events_of(id, first).await? {
            case::apply(&mut cases, event);
        }
        let now = self.to.time;
        Ok(cases.remove(&id).map(|case| Case { stage: case.stage.at(now), ..case }))
    }

    /// The events of one case, oldest first. A member can release shares without end, but cause each other event only once.
    async fn events_of(&self, id: B256, first: u64) -> Result<Vec<IBoardEvents>> {
        let blocks = (first, self.to.number);
        let (logs, cut) = self.logs([None, Some(id), None, None], blocks, MOST_OF_CASE).await?;
        if !cut {
            return Ok(in_order(logs));
        }
        let once =
            ONCE.into_iter().map(|kind| self.logs([Some(kind), Some(id), None, None], blocks, MOST_OF_CASE).in_box());
        let releases = self.board.members.iter().copied().map(|member| {
            let topics = [Some(ShareReleased::SIGNATURE_HASH), Some(id), Some(member.into_word()), None];
            self.logs(topics, blocks, MOST_RELEASES).in_box()
        });
        let reads = side_by_side(once.chain(releases).collect()).await?;
        Ok(in_order(reads.into_iter().flat_map(|(logs, _)| logs).collect()))
    }

    /// Sets stage and due review. The board reports which reviews are due, for at most sixteen cases.
    async fn set_due(&self, cases: impl Iterator<Item = &mut Case>) -> Result<()> {
        let waiting = self.boards.on_chain.ask_at(self.board.address, &unreviewedCall {}).await?;
        for case in cases {
            case.stage = case.stage.at(self.to.time);
            let due = waiting.iter().find(|waiting| waiting.id[..] == case.id[..waiting.id.len()]);
            case.review_due = due.map(|waiting| instant(waiting.due.to()));
        }
        Ok(())
    }

    async fn logs(&self, topics: [Option<B256>; 4], blocks: (u64, u64), most: usize) -> Result<(Vec<Log>, bool)> {
        Ok(recent_logs(self.boards.on_chain.ledger(), self.filter(topics, blocks), most, 0).await?)
    }

    fn filter(&self, topics: [Option<B256>; 4], (from, to): (u64, u64)) -> LogFilter {
        LogFilter { contract: self.board.address, topics, from, to }
    }
}

async fn side_by_side<T>(questions: Vec<BoxFuture<'_, Result<T>>>) -> Result<Vec<T>> {
    stream::iter(questions).buffered(AT_ONCE).try_collect().await
}

/// As many openings as are listed: first the newest of each opener, then the second newest of each, and so on.
fn fairly(openings: Vec<(Log, CaseOpened)>) -> Vec<(Log, CaseOpened)> {
    let mut ranked: Vec<_> = ranked(openings, |(_, event)| event.opener).collect();
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
