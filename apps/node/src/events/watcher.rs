//! Looks at the chain for new events.

use std::{
    collections::{HashSet, VecDeque},
    time::Duration,
};

use hospital_record::{
    Address, B256,
    ledger::{ContractKind, EthereumLedger, Ledger, LedgerError, Log, LogFilter},
};
use tokio::sync::watch;

use crate::{
    chain::FinalBlock,
    events::{Events, Kind, Notice},
};

/// The interval between two looks: a block takes some seconds on most chains.
const LOOK: Duration = Duration::from_secs(2);
/// The looks between two questions for the final block.
const FINAL_EVERY: u32 = 15;
/// The most blocks of one question. It is halved where a provider takes fewer.
const RANGE: u64 = 1_000;
/// The newest blocks are looked at again each time: the chain may have replaced them, and a node of the provider that
/// was behind may have left something out.
const AGAIN: u64 = 16;
/// The most events by which one that is seen again is known.
const KNOWN: usize = 50_000;

/// An event at its place: in a block that replaced another one it is a new event.
type Id = (B256, u64, u64);

struct Watcher {
    chain: EthereumLedger,
    contracts: [(Kind, Address); 2],
    events: Events,
    final_block: FinalBlock,
    /// The newest block that was looked at.
    seen: Option<u64>,
    /// The hash of the newest block when everything was looked at.
    hash: B256,
    looks: u32,
    range: u64,
    known: HashSet<Id>,
    order: VecDeque<Id>,
}

/// Watches until the stop signal. A chain that does not answer is asked again.
pub(crate) async fn watch_chain(
    chain: EthereumLedger,
    hospital: Address,
    events: Events,
    final_block: FinalBlock,
    mut stop: watch::Receiver<bool>,
) {
    let requests = ContractKind::BESIDE.iter().find(|(kind, _)| *kind == ContractKind::AccessRequests);
    let requests = requests.map_or(Address::ZERO, |(_, address)| *address);
    let contracts = [(Kind::Journal, hospital), (Kind::Request, requests)];
    let (known, order) = (HashSet::new(), VecDeque::new());
    let mut watcher = Watcher {
        chain,
        contracts,
        events,
        final_block,
        seen: None,
        hash: B256::ZERO,
        looks: 0,
        range: RANGE,
        known,
        order,
    };
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            looked = watcher.look() => if let Err(error) = looked {
                tracing::warn!(%error, "the chain did not answer the events");
            },
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Watcher {
    /// What was looked at stays so, also if a later question fails.
    async fn look(&mut self) -> Result<(), LedgerError> {
        let block = self.chain.newest().await?;
        if self.looks.is_multiple_of(FINAL_EVERY)
            && let Some(last) = self.chain.finalized().await?
        {
            self.final_block.set(last);
        }
        self.looks = self.looks.wrapping_add(1);
        if block.hash == self.hash {
            return Ok(());
        }
        let newest = block.number;
        let Some(seen) = self.seen else {
            // Events before the node's start are not told, but known.
            self.notices(newest.saturating_sub(AGAIN), newest).await?;
            self.seen = Some(newest);
            return Ok(());
        };
        let mut first = seen.min(newest).saturating_sub(AGAIN);
        while first <= newest {
            let last = newest.min(first + self.range - 1);
            match self.notices(first, last).await {
                Ok(notices) => self.events.add(notices),
                Err(LedgerError::TooManyLogs { .. }) if self.range > 1 => {
                    self.range /= 2;
                    continue;
                }
                Err(error) => return Err(error),
            }
            self.seen = Some(last);
            first = last + 1;
        }
        self.hash = block.hash;
        Ok(())
    }

    /// The events that were not seen before.
    async fn notices(&mut self, from: u64, to: u64) -> Result<Vec<Notice>, LedgerError> {
        let mut found = Vec::new();
        for (kind, contract) in self.contracts {
            let logs = self.chain.logs(&LogFilter { contract, topics: [None; 4], from, to }).await?;
            found.extend(logs.into_iter().map(|log| (kind, log)));
        }
        found.sort_by_key(|(_, log)| (log.block, log.index));
        Ok(found.iter().filter_map(|(kind, log)| self.fresh(*kind, log)).collect())
    }

    /// In every event of both contracts the first field is the account that it concerns.
    fn fresh(&mut self, kind: Kind, log: &Log) -> Option<Notice> {
        let account = Address::from_word(*log.topics.get(1)?);
        let id = (log.transaction, log.block, log.index);
        if !self.known.insert(id) {
            return None;
        }
        self.order.push_back(id);
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        Some(Notice { kind, account, block: log.block })
    }
}
