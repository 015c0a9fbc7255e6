//! Reads a patient's history and believes nothing that does not join.
//!
//! The newest head is read at one fixed block. From it the reader goes backwards, entry by entry: the entry before a
//! head must hash to it, and names the head before. Events are fetched in windows that end at the block a head names,
//! the whole range first and shorter where the provider does not allow it, so that a reader never asks for blocks in
//! which nothing happened, and what the provider adds, hides, re-orders or re-dates has no effect but an error.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};

use crate::ledger::{
    contract::{Contract, is_on_chain},
    entry::{Entry, block_of},
    error::{LedgerError, integrity::Integrity},
    history::{Completeness, History, Proven},
    journal::pool::Pool,
    types::BlockInfo,
};

mod pool;

/// Chains reorganise; but not deeper than this, in blocks.
const REORG_DEPTH: u64 = 64;
/// Nor do they undo what is older than this, in seconds. A provider can lie about its newest block, but not about the
/// time of an entry that was verified.
const REORG_AGE: u64 = 15 * 60;
/// Before a provider whose answers do not fit is asked again.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

/// Reads histories from one contract. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    contract: Contract,
    /// Number of the newest block that was ever told: a provider cannot make a deep change shallow by staying behind.
    seen: Arc<AtomicU64>,
}

/// What an update changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Entries from before that still stand: all but after a reorganisation. A cache forgets those after them, and
    /// keeps those that follow now.
    pub kept: usize,
    /// Entries that are new.
    pub added: usize,
    /// Events that the provider told beside the history: none, unless it lies.
    pub strays: usize,
    /// How far the history is known to be complete.
    pub completeness: Completeness,
}

impl Journal {
    /// A reader of this contract.
    #[must_use]
    pub fn new(contract: Contract) -> Self {
        Self { contract, seen: Arc::default() }
    }

    /// The contract it reads.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// Reads a whole history; see [`Journal::update`].
    ///
    /// # Errors
    /// As [`Journal::update`].
    pub async fn read(&self, patient: Address, trusted: Option<B256>) -> Result<(History, Update), LedgerError> {
        let mut history = History::new(patient);
        let update = self.update(&mut history, trusted).await?;
        Ok((history, update))
    }

    /// Brings a history up to date. It is unchanged when this fails.
    ///
    /// `trusted` is a head from a source other than the provider (an own node, a second provider): it must be part of
    /// the history, which is then proven complete up to it.
    ///
    /// # Errors
    /// [`LedgerError::Integrity`] when the provider's answers contradict themselves, the trusted head, or what was
    /// verified before; [`LedgerError::Behind`] when it does not know yet what was verified before;
    /// [`LedgerError::WrongChain`] and its like when that is because it is elsewhere.
    pub async fn update(&self, history: &mut History, trusted: Option<B256>) -> Result<Update, LedgerError> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match self.try_update(history, trusted).await {
                Err(error @ (LedgerError::Integrity(_) | LedgerError::Behind { .. })) => error,
                result => return result,
            };
            if let Some(elsewhere) = self.elsewhere().await {
                return Err(elsewhere);
            }
            // A reorganisation between two answers, or a provider's node that lags behind its others.
            let passes =
                matches!(error, LedgerError::Integrity(Integrity::Missing { .. }) | LedgerError::Behind { .. });
            match pauses.next().filter(|_| passes) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(error),
            }
        }
    }

    /// What does not fit may be of another chain, or of one that has begun anew: that tells more.
    async fn elsewhere(&self) -> Option<LedgerError> {
        use LedgerError::{NoContract, OtherCode, WrongChain};
        let found = self.contract.check().await.err();
        found.filter(|error| matches!(error, WrongChain { .. } | NoContract { .. } | OtherCode { .. }))
    }

    async fn try_update(&self, history: &mut History, trusted: Option<B256>) -> Result<Update, LedgerError> {
        let (block, head) = self.newest_head(history).await?;
        let (kept, new, strays) = self.walk(history, head, block.number).await?;
        self.require_shallow(history, kept, head)?;
        // On another chain nothing has happened, and what happened here has not.
        if head.is_zero() || kept < history.entries().len() {
            is_on_chain(&**self.contract.ledger(), self.contract.chain()).await?;
        }
        let (mut next, added) = (history.clone(), new.len());
        next.truncate(kept);
        for entry in new {
            next.push(entry)?;
        }
        let proven = trusted.map(|trusted| self.prove(&next, trusted)).transpose()?;
        let entries = next.entries().len();
        *history = next;
        let told_by = self.contract.ledger().name();
        let completeness = Completeness { head, entries, block: block.number, time: block.time, told_by, proven };
        Ok(Update { kept, added, strays, completeness })
    }

    /// The head at the newest block, by a provider that knows at least what is known here.
    async fn newest_head(&self, history: &History) -> Result<(BlockInfo, B256), LedgerError> {
        let known = history.entries().last().map_or(0, |entry| entry.block);
        let newest = self.contract.ledger().newest().await?;
        self.seen.fetch_max(newest.number, Ordering::Relaxed);
        if newest.number < known {
            return Err(LedgerError::Behind { host: self.contract.ledger().name(), newest: newest.number, known });
        }
        let head = self.contract.journal_head_of(history.patient(), Some(newest.number)).await?;
        let block = block_of(head);
        if block > newest.number {
            return Err(Integrity::Missing { host: self.contract.ledger().name(), head, block }.into());
        }
        Ok((newest, head))
    }

    /// From the head back to an entry that is known, or to the beginning: how many known ones stand, and the new ones.
    async fn walk(
        &self,
        history: &History,
        head: B256,
        newest: u64,
    ) -> Result<(usize, Vec<Entry>, usize), LedgerError> {
        if head == history.head() {
            return Ok((history.entries().len(), Vec::new(), 0));
        }
        let known: HashMap<_, _> =
            history.entries().iter().zip(1..).map(|(entry, count)| (entry.head, count)).collect();
        let floor = history.entries().last().map(|entry| entry.block);
        let mut pool = Pool::new(&self.contract, history.patient(), newest, floor);
        let mut new = Vec::new();
        let mut at = head;
        let kept = loop {
            if at.is_zero() {
                break 0;
            }
            if let Some(count) = known.get(&at) {
                break *count;
            }
            let entry = pool.entry_before(at).await?;
            at = entry.previous;
            new.push(entry);
        };
        new.reverse();
        let strays = pool.strays(history.entries().iter().take(kept).chain(&new));
        Ok((kept, new, strays))
    }

    /// That history changes near its end is how chains work; that it changes deeper is not.
    fn require_shallow(&self, history: &History, kept: usize, told: B256) -> Result<(), LedgerError> {
        let Some(dropped) = history.entries().get(kept) else { return Ok(()) };
        let newest = self.seen.load(Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
        let shallow = newest.saturating_sub(dropped.block) <= REORG_DEPTH;
        // A block that is dated in the future is as young as it likes: what was known for long enough is settled.
        if shallow && now.saturating_sub(dropped.time) <= REORG_AGE && kept >= history.settled() {
            return Ok(());
        }
        let (host, known) = (self.contract.ledger().name(), history.head());
        Err(Integrity::Rewritten { host, known, told }.into())
    }

    fn prove(&self, history: &History, trusted: B256) -> Result<Proven, Integrity> {
        match history.position_of(trusted) {
            Some(entries) => Ok(Proven { head: trusted, entries }),
            None => {
                let (host, told) = (self.contract.ledger().name(), history.head());
                Err(Integrity::NotTrusted { host, trusted, told })
            }
        }
    }
}
