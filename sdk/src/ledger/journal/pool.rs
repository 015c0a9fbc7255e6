//! The provider's events, indexed by their links.

use std::collections::{BTreeSet, HashMap};

use alloy::primitives::Address;
use futures::{StreamExt, TryStreamExt, stream};

use crate::ledger::{
    contract::Contract,
    entry::{Entry, block_of, link_of},
    error::{LedgerError, integrity::Integrity},
    logs::Span,
    types::{Log, LogFilter},
};
use alloy::primitives::B256;

/// How many block headers are requested in parallel if the events do not have their times.
const HEADERS_AT_ONCE: usize = 16;

pub(super) struct Pool<'a> {
    contract: &'a Contract,
    patient: Address,
    newest: u64,
    /// No new entry is older than this block, except after a reorg.
    floor: Option<u64>,
    /// The range that the provider accepts, as far as is known; `None` before the first request.
    span: Option<Span>,
    entries: HashMap<[u8; 24], Entry>,
    /// How many returned events are not of this patient and contract.
    foreign: usize,
}

impl<'a> Pool<'a> {
    pub(super) fn new(contract: &'a Contract, patient: Address, newest: u64, floor: Option<u64>) -> Self {
        Self { contract, patient, newest, floor, span: None, entries: HashMap::new(), foreign: 0 }
    }

    /// The entry whose head is `head`, without its count of key changes.
    pub(super) async fn entry_before(&mut self, head: B256) -> Result<Entry, LedgerError> {
        if self.span.is_none() {
            self.fetch_whole_range().await?;
        }
        if let Some(entry) = self.find(head)? {
            return Ok(entry);
        }
        self.fetch_up_to(block_of(head)).await?;
        if let Some(entry) = self.find(head)? {
            return Ok(entry);
        }
        self.fetch_block(block_of(head)).await?;
        self.find(head)?.ok_or_else(|| {
            Integrity::Missing { host: self.contract.ledger().name(), head, block: block_of(head) }.into()
        })
    }

    /// The number of returned events that are not part of the history.
    pub(super) fn strays<'e>(&self, history: impl IntoIterator<Item = &'e Entry>) -> usize {
        let known: BTreeSet<_> = history.into_iter().map(|entry| link_of(entry.head)).collect();
        self.foreign + self.entries.keys().filter(|link| !known.contains(*link)).count()
    }

    fn find(&self, head: B256) -> Result<Option<Entry>, Integrity> {
        let Some(entry) = self.entries.get(&link_of(head)) else { return Ok(None) };
        match block_of(head) == entry.block {
            true => Ok(Some(Entry { head, ..*entry })),
            false => Err(Integrity::ForeignBlockNumbers { block: entry.block, claimed: block_of(head) }),
        }
    }

    async fn floor(&self) -> Result<u64, LedgerError> {
        match self.floor {
            Some(floor) => Ok(floor),
            None => self.contract.deployed_at().await,
        }
    }

    async fn fetch_whole_range(&mut self) -> Result<(), LedgerError> {
        let floor = self.floor().await?.min(self.newest);
        let mut span = Span::WHOLE;
        let logs = match self.logs(floor, self.newest).await {
            Err(LedgerError::TooManyLogs { .. }) => {
                span.refused(floor, self.newest);
                Vec::new()
            }
            logs => logs?,
        };
        self.span = Some(span);
        self.insert(logs, false).await
    }

    /// Fetches the widest window that ends with this block and that the provider accepts.
    async fn fetch_up_to(&mut self, block: u64) -> Result<(), LedgerError> {
        let floor = self.floor().await?.min(block);
        let mut span = self.span.unwrap_or(Span::WHOLE);
        let logs = loop {
            let from = span.before(block).max(floor);
            match self.logs(from, block).await {
                Ok(logs) => break logs,
                Err(LedgerError::TooManyLogs { .. }) if from < block => span.refused(from, block),
                Err(error) => return Err(error),
            }
        };
        span.answered();
        self.span = Some(span);
        self.insert(logs, false).await
    }

    /// Fetches one block, with the time from its header.
    async fn fetch_block(&mut self, block: u64) -> Result<(), LedgerError> {
        let logs = self.logs(block, block).await?;
        self.insert(logs, true).await
    }

    async fn logs(&self, from: u64, to: u64) -> Result<Vec<Log>, LedgerError> {
        let topics = [None, Some(self.patient.into_word()), None, None];
        self.contract.ledger().logs(&LogFilter { contract: self.contract.address(), topics, from, to }).await
    }

    async fn insert(&mut self, logs: Vec<Log>, distrust_times: bool) -> Result<(), LedgerError> {
        let times = self.times(&logs, distrust_times).await?;
        for log in logs {
            let time = times.get(&log.block).copied().or(log.time);
            let entry = time.and_then(|time| Entry::from_log(&log, time, self.patient));
            match entry.filter(|_| log.contract == self.contract.address()) {
                Some(entry) => drop(self.entries.insert(link_of(entry.head), entry)),
                None => self.foreign += 1,
            }
        }
        Ok(())
    }

    /// The times of the blocks whose events do not have them.
    async fn times(&self, logs: &[Log], distrust: bool) -> Result<HashMap<u64, u64>, LedgerError> {
        let untimed = logs.iter().filter(|log| distrust || log.time.is_none()).map(|log| log.block);
        let blocks: BTreeSet<_> = untimed.collect();
        stream::iter(blocks)
            .map(|number| async move {
                let block = self.contract.ledger().block(number).await?;
                Ok(block.map(|block| (number, block.time)))
            })
            .buffer_unordered(HEADERS_AT_ONCE)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await
    }
}
