//! The events of one kind of contracts, block after block.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use hospital_record::{
    Address, B256,
    ledger::{BlockInfo, CASE_EVENTS, EthereumLedger, Ledger, LedgerError, Log, LogFilter, is_board},
};
use tokio::time::Instant;

use crate::events::{Events, Kind, Notice};

/// The most blocks of one question. It is halved where a provider takes fewer.
const RANGE: u64 = 1_000;
/// The newest blocks are looked at again each time: the chain may have replaced them, and a node of the provider that
/// was behind may have left something out.
const AGAIN: u64 = 16;
/// The most events by which one that is seen again is known.
const KNOWN: usize = 50_000;
/// Contracts of which it is known whether they are boards.
const MOST_CONTRACTS: usize = 10_000;
/// The pause after a block whose events the provider does not list.
const PAUSE: Duration = Duration::from_secs(600);

/// An event at its place: in a block that replaced another one it is a new event.
type Id = (B256, u64, u64);

/// The contracts of a lane.
pub(super) enum Watched {
    /// In every event of these the first field is the account that it concerns.
    Contracts([(Kind, Address); 2]),
    /// All boards, with the contracts whose code was looked at, and whether it is a board's. Code never changes.
    Boards(HashMap<Address, bool>),
}

pub(super) struct Lane {
    watched: Watched,
    /// The newest block that was looked at.
    seen: Option<u64>,
    /// The hash of the newest block when everything was looked at.
    hash: B256,
    range: u64,
    known: HashSet<Id>,
    order: VecDeque<Id>,
    /// After a block whose events the provider did not list.
    pub(super) paused_until: Option<Instant>,
}

impl Lane {
    pub(super) fn new(watched: Watched) -> Self {
        let (known, order) = (HashSet::new(), VecDeque::new());
        Self { watched, seen: None, hash: B256::ZERO, range: RANGE, known, order, paused_until: None }
    }

    /// What was looked at stays so, also if a later question fails.
    pub(super) async fn look(
        &mut self,
        chain: &EthereumLedger,
        block: &BlockInfo,
        events: &Events,
    ) -> Result<(), LedgerError> {
        if block.hash == self.hash || self.paused_until.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let newest = block.number;
        let Some(seen) = self.seen else { return self.begin(chain, newest, events).await };
        let mut first = seen.min(newest).saturating_sub(AGAIN);
        while first <= newest {
            let last = newest.min(first + self.range - 1);
            match self.notices(chain, first, last).await {
                Ok(notices) => events.add(notices),
                Err(LedgerError::TooManyLogs { .. }) if self.range > 1 => {
                    self.range /= 2;
                    continue;
                }
                Err(error) if first == last && !error.is_temporary() => return self.pause(error),
                Err(error) => return Err(error),
            }
            self.seen = Some(last);
            first = last + 1;
        }
        (self.hash, self.range) = (block.hash, RANGE.min(self.range * 2));
        Ok(())
    }

    /// Events before the first look, or in a pause, are not told: who listened already learns that some are missing.
    async fn begin(&mut self, chain: &EthereumLedger, newest: u64, events: &Events) -> Result<(), LedgerError> {
        match self.notices(chain, newest.saturating_sub(AGAIN), newest).await {
            Ok(_) => self.seen = Some(newest),
            Err(error) if !error.is_temporary() => return self.pause(error),
            Err(error) => return Err(error),
        }
        events.miss();
        Ok(())
    }

    /// Boards can wait: some providers do not answer questions about all contracts, and anybody can fill a block.
    pub(super) fn pause(&mut self, error: LedgerError) -> Result<(), LedgerError> {
        if let Watched::Contracts(_) = self.watched {
            return Err(error);
        }
        tracing::warn!(%error, "the provider does not list the events of boards: they are left out for a while");
        self.seen = None;
        self.paused_until = Some(Instant::now() + PAUSE);
        Ok(())
    }

    /// The events that were not seen before.
    async fn notices(&mut self, chain: &EthereumLedger, from: u64, to: u64) -> Result<Vec<Notice>, LedgerError> {
        let mut found = self.watched.events(chain, from, to).await?;
        found.sort_by_key(|(_, log)| (log.block, log.index));
        Ok(found.into_iter().filter(|(_, log)| self.is_fresh(log)).map(|(notice, _)| notice).collect())
    }

    fn is_fresh(&mut self, log: &Log) -> bool {
        let id = (log.transaction, log.block, log.index);
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

impl Watched {
    async fn events(&mut self, chain: &EthereumLedger, from: u64, to: u64) -> Result<Vec<(Notice, Log)>, LedgerError> {
        let mut found = Vec::new();
        match self {
            Self::Contracts(contracts) => {
                for (kind, contract) in *contracts {
                    let logs = chain.logs(&LogFilter { contract, topics: [None; 4], from, to }).await?;
                    found.extend(logs.into_iter().filter_map(|log| {
                        let account = Address::from_word(*log.topics.get(1)?);
                        Some((Notice { kind, account, block: log.block }, log))
                    }));
                }
            }
            // One question for all boards. Whoever emits such events elsewhere pays for each contract.
            Self::Boards(contracts) => {
                for log in chain.logs_of_all(&CASE_EVENTS, from, to).await? {
                    if is_of_a_board(contracts, log.contract, chain).await? {
                        found.push((Notice { kind: Kind::Case, account: log.contract, block: log.block }, log));
                    }
                }
            }
        }
        Ok(found)
    }
}

async fn is_of_a_board(
    contracts: &mut HashMap<Address, bool>,
    contract: Address,
    chain: &EthereumLedger,
) -> Result<bool, LedgerError> {
    if let Some(is_one) = contracts.get(&contract) {
        return Ok(*is_one);
    }
    let code = chain.code(contract).await?;
    if code.is_empty() {
        // It has gone, or this node of the provider is behind: then the next look finds it.
        return Ok(false);
    }
    let is_one = is_board(&code);
    if contracts.len() >= MOST_CONTRACTS {
        contracts.clear();
    }
    contracts.insert(contract, is_one);
    Ok(is_one)
}
