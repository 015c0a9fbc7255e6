//! Looks at the chain for new events.

use std::time::Duration;

use hospital_record::{
    Address, B256,
    ledger::{ContractKind, EthereumLedger, Ledger, LedgerError, Log, LogFilter},
};
use tokio::sync::watch;

use crate::events::{Cursor, Events, Kind, Notice};

/// The interval between two looks: a block takes some seconds on most chains.
const LOOK: Duration = Duration::from_secs(2);
/// The most blocks of one question.
const RANGE: u64 = 1_000;
/// How far back a chain is looked at again after it replaced its newest blocks.
const DEPTH: u64 = 64;

/// A block that was looked at.
#[derive(Clone, Copy)]
struct Seen {
    number: u64,
    hash: B256,
}

struct Watcher {
    chain: EthereumLedger,
    contracts: [(Kind, Address); 2],
    events: Events,
}

/// Watches until the stop signal. A chain that does not answer is asked again.
pub(crate) async fn watch_chain(
    chain: EthereumLedger,
    hospital: Address,
    events: Events,
    mut stop: watch::Receiver<bool>,
) {
    let requests = ContractKind::BESIDE.iter().find(|(kind, _)| *kind == ContractKind::AccessRequests);
    let requests = requests.map_or(Address::ZERO, |(_, address)| *address);
    let watcher = Watcher { chain, contracts: [(Kind::Journal, hospital), (Kind::Request, requests)], events };
    let mut seen = None;
    loop {
        match watcher.look(seen).await {
            Ok(now) => seen = Some(now),
            Err(error) => tracing::warn!(%error, "the chain did not answer the events"),
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Watcher {
    async fn look(&self, seen: Option<Seen>) -> Result<Seen, LedgerError> {
        let newest = self.chain.newest().await?;
        let now = Seen { number: newest.number, hash: newest.hash };
        let Some(seen) = seen else {
            self.events.change(|window| window.begin(now.number));
            return Ok(now);
        };
        let from = match self.is_replaced(seen, now).await? {
            false => seen.number,
            true => {
                let back = seen.number.min(now.number).saturating_sub(DEPTH);
                self.events.change(|window| window.back_to(back));
                back
            }
        };
        let mut first = from + 1;
        while first <= now.number {
            let last = now.number.min(first + RANGE - 1);
            let notices = self.notices(first, last).await?;
            self.events.change(|window| window.add(notices, last));
            first = last + 1;
        }
        Ok(now)
    }

    async fn is_replaced(&self, seen: Seen, now: Seen) -> Result<bool, LedgerError> {
        if now.number == seen.number {
            return Ok(now.hash != seen.hash);
        }
        Ok(self.chain.block(seen.number).await?.is_none_or(|block| block.hash != seen.hash))
    }

    async fn notices(&self, from: u64, to: u64) -> Result<Vec<Notice>, LedgerError> {
        let mut notices = Vec::new();
        for (kind, contract) in self.contracts {
            let logs = self.chain.logs(&LogFilter { contract, topics: [None; 4], from, to }).await?;
            notices.extend(logs.iter().filter_map(|log| notice(kind, log)));
        }
        notices.sort_by_key(|notice| notice.at);
        Ok(notices)
    }
}

/// In every event of both contracts the first field is the account that it concerns.
fn notice(kind: Kind, log: &Log) -> Option<Notice> {
    let account = Address::from_word(*log.topics.get(1)?);
    Some(Notice { at: Cursor { block: log.block, index: log.index }, kind, account })
}
