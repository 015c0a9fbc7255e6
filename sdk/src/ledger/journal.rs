//! Reads and verifies a patient's history.
//!
//! It reads the newest head at one fixed block, and then goes backwards, entry by entry. The entry before a head must
//! hash to that head, and names the head before it. Events are fetched in windows that end at the block of a head:
//! first the whole range, then shorter ones if the provider requires it. So the reader skips blocks without events. If
//! the provider adds, hides, reorders or re-dates entries, the only effect is an error.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};

use crate::{
    ledger::{
        contract::{Contract, is_on_chain},
        entry::{Entry, block_of},
        entry_chain::{Completeness, EntryChain, Proven},
        error::{LedgerError, integrity::Integrity},
        journal::pool::Pool,
        types::BlockInfo,
    },
    platform::clock::{sleep, system_time},
};

mod pool;

/// The deepest reorg that is accepted, in blocks.
const REORG_DEPTH: u64 = 64;
/// The age of entries that a reorg no longer drops, in seconds. A provider can lie about its newest block, but not
/// about the time of a verified entry.
const REORG_AGE: u64 = 15 * 60;
/// The pauses before a provider with contradictory answers is asked again.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

/// Reads histories from one contract. It is cheap to clone.
#[derive(Debug, Clone)]
pub struct Journal {
    contract: Contract,
    /// Number of the newest block that was ever returned. So a provider cannot make a deep change look shallow with an
    /// old block.
    seen: Arc<AtomicU64>,
}

/// The changes of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// How many old entries are still valid: all, except after a reorg. A cache must drop the old entries after these,
    /// and store the new ones.
    pub kept: usize,
    /// How many entries are new.
    pub added: usize,
    /// How many returned events are not part of the history: none, unless the provider lies.
    pub strays: usize,
    /// How far the history is complete.
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
    pub async fn read(&self, patient: Address, trusted: Option<B256>) -> Result<(EntryChain, Update), LedgerError> {
        let mut history = EntryChain::new(patient);
        let update = self.update(&mut history, trusted).await?;
        Ok((history, update))
    }

    /// Updates a history. It stays unchanged if this fails.
    ///
    /// `trusted` is a head from another source than the provider, for example an own node or a second provider. It must
    /// be part of the history, which is then proven complete up to it.
    ///
    /// # Errors
    /// [`LedgerError::Integrity`] if the provider's answers contradict themselves, the trusted head, or the verified
    /// history; [`LedgerError::Behind`] if the provider does not have the verified history yet;
    /// [`LedgerError::WrongChain`], `NoContract` or `OtherCode` if the cause is another chain or contract.
    pub async fn update(&self, history: &mut EntryChain, trusted: Option<B256>) -> Result<Update, LedgerError> {
        let mut pauses = PAUSES.iter();
        loop {
            let error = match self.try_update(history, trusted).await {
                Err(error @ (LedgerError::Integrity(_) | LedgerError::Behind { .. })) => error,
                result => return result,
            };
            if let Some(elsewhere) = self.elsewhere().await {
                return Err(elsewhere);
            }
            // The cause may be a reorg between two answers, or a node of the provider that lags behind.
            let passes =
                matches!(error, LedgerError::Integrity(Integrity::Missing { .. }) | LedgerError::Behind { .. });
            match pauses.next().filter(|_| passes) {
                Some(pause) => sleep(*pause).await,
                None => return Err(error),
            }
        }
    }

    /// Answers that do not fit may come from another chain, or from a restarted one. Then that error is more useful.
    async fn elsewhere(&self) -> Option<LedgerError> {
        use LedgerError::{NoContract, OtherCode, WrongChain};
        let found = self.contract.check().await.err();
        found.filter(|error| matches!(error, WrongChain { .. } | NoContract { .. } | OtherCode { .. }))
    }

    async fn try_update(&self, history: &mut EntryChain, trusted: Option<B256>) -> Result<Update, LedgerError> {
        let (block, head) = self.newest_head(history).await?;
        let (kept, new, strays) = self.walk(history, head, block.number).await?;
        self.require_shallow(history, kept, head)?;
        // On another chain the journal would look empty.
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
        let reported_by = self.contract.ledger().name();
        let completeness = Completeness { head, entries, block: block.number, time: block.time, reported_by, proven };
        Ok(Update { kept, added, strays, completeness })
    }

    /// The head at the newest block, from a provider that is not behind this machine's history.
    async fn newest_head(&self, history: &EntryChain) -> Result<(BlockInfo, B256), LedgerError> {
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

    /// Walks from the head back to a known entry or to the beginning. Returns the number of known entries that are
    /// still valid, and the new entries.
    async fn walk(
        &self,
        history: &EntryChain,
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

    /// Refuses a change that is deeper than a reorg.
    fn require_shallow(&self, history: &EntryChain, kept: usize, reported: B256) -> Result<(), LedgerError> {
        let Some(dropped) = history.entries().get(kept) else { return Ok(()) };
        let newest = self.seen.load(Ordering::Relaxed);
        let now = system_time().duration_since(UNIX_EPOCH).map_or(u64::MAX, |since| since.as_secs());
        let shallow = newest.saturating_sub(dropped.block) <= REORG_DEPTH;
        // The age of a block dated in the future means nothing, so entries that were known for long enough are final.
        if shallow && now.saturating_sub(dropped.time) <= REORG_AGE && kept >= history.settled() {
            return Ok(());
        }
        let (host, known) = (self.contract.ledger().name(), history.head());
        Err(Integrity::Rewritten { host, known, reported }.into())
    }

    fn prove(&self, history: &EntryChain, trusted: B256) -> Result<Proven, Integrity> {
        match history.position_of(trusted) {
            Some(entries) => Ok(Proven { head: trusted, entries }),
            None => {
                let (host, reported) = (self.contract.ledger().name(), history.head());
                Err(Integrity::NotTrusted { host, trusted, reported })
            }
        }
    }
}
