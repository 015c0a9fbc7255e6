//! The verified histories of patients: read once, kept on disk, and updated when asked.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Deployment;

use crate::{
    base::{
        bounds::KEPT,
        error::{Error, Result, fail},
    },
    journal::{
        finality::{Finality, FinalizedBlock},
        vanished::{self, VanishedEntry},
        verified::VerifiedJournal,
    },
    ledger::{Completeness, Contract, Entry, EntryChain, Integrity, Journal, Ledger, LedgerError, Proven, Update},
    platform::{
        cache::{Cache, FINALITY, JOURNAL, VANISHED, deployment_key, key},
        clock::{self, sleep},
    },
};

/// Pauses while two providers report different heads, in milliseconds: one of them may be a block behind.
const AGREE: [u64; 4] = [100, 400, 1600, 3200];

/// What this machine knew of a journal before it asked.
struct PriorState {
    history: EntryChain,
    /// The number of rows on disk.
    rows: usize,
    finality: Finality,
    vanished: Vec<VanishedEntry>,
}

impl From<&VerifiedJournal> for PriorState {
    fn from(journal: &VerifiedJournal) -> Self {
        let history = journal.history.clone();
        let finality = journal.finality.clone();
        Self { rows: history.entries().len(), history, finality, vanished: journal.vanished.clone() }
    }
}

/// The journals of one deployment, as this machine knows them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Journals(Arc<JournalsState>);

pub(crate) struct JournalsState {
    contract: Contract,
    witness: Option<Contract>,
    reader: Journal,
    pub(super) cache: Cache,
    pub(super) deployment_key: Vec<u8>,
    finalized: FinalizedBlock,
    slots: Mutex<Slots>,
}

impl Deref for Journals {
    type Target = JournalsState;

    fn deref(&self) -> &JournalsState {
        &self.0
    }
}

type Slot = Arc<tokio::sync::Mutex<Option<Arc<VerifiedJournal>>>>;
type Slots = HashMap<Address, Slot>;

impl Journals {
    pub(crate) fn new(contract: Contract, witness: Option<Contract>, deployment: Deployment, cache: Cache) -> Self {
        let finalized = FinalizedBlock::default();
        let slots = Mutex::default();
        let reader = Journal::new(contract.clone());
        let deployment_key = deployment_key(deployment);
        Self(Arc::new(JournalsState { contract, witness, reader, cache, deployment_key, finalized, slots }))
    }

    fn ledger(&self) -> &Arc<dyn Ledger> {
        self.contract.ledger()
    }

    /// The patient's history, up to date.
    pub(crate) async fn of(&self, patient: Address) -> Result<Arc<VerifiedJournal>> {
        self.proven_to(patient, None).await
    }

    /// The patient's history, up to date. If `trusted` is given, it must be one of its heads.
    pub(crate) async fn proven_to(&self, patient: Address, trusted: Option<B256>) -> Result<Arc<VerifiedJournal>> {
        let slot = self.journal_slot(patient);
        let mut slot = slot.lock().await;
        let before = match slot.as_ref() {
            // Another program may have written newer rows, or a person may have given up an entry.
            Some(journal) => match self.finality_and_vanished(patient).await? {
                (Some(finality), vanished) if finality == journal.finality => {
                    PriorState { vanished, ..PriorState::from(&**journal) }
                }
                _ => self.prior_state(patient).await?,
            },
            None => self.prior_state(patient).await?,
        };
        let mut history = before.history.clone();
        let update = match &self.witness {
            Some(witness) => self.update_with(witness, &mut history).await?,
            None => self.reader.update(&mut history, trusted).await?,
        };
        let (finality, vanished) = self.take_in(&before, &mut history, update.completeness.block).await?;
        let completeness = match trusted.filter(|_| self.witness.is_some()) {
            Some(trusted) => Completeness { proven: Some(self.proof(&history, trusted)?), ..update.completeness },
            None => update.completeness,
        };
        let journal = Arc::new(VerifiedJournal { patient, history, completeness, finality, vanished });
        *slot = Some(journal.clone());
        Ok(journal)
    }

    /// See [`System::accept_chain`](crate::System::accept_chain).
    pub(crate) async fn accept_chain(&self, patient: Address) -> Result<usize> {
        let Some(witness) = &self.witness else {
            return fail!(Invalid, "giving up final entries takes the word of two nodes: name a second one as witness");
        };
        let slot = self.journal_slot(patient);
        let mut slot = slot.lock().await;
        let before = self.prior_state(patient).await?;
        let mut history = EntryChain::new(patient);
        let update = self.update_with(witness, &mut history).await?;
        let given_up = before.history.entries().len() - before.history.common_with(&history);
        self.take_in(&before, &mut history, update.completeness.block).await?;
        *slot = None;
        Ok(given_up)
    }

    /// One lock for each patient, so that a history is not read twice at the same time.
    fn journal_slot(&self, patient: Address) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if slots.len() >= KEPT && !slots.contains_key(&patient) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(patient).or_default().clone()
    }

    /// Proves that a trusted head is part of the history.
    fn proof(&self, history: &EntryChain, trusted: B256) -> Result<Proven> {
        let host = self.ledger().name();
        let head = history.head();
        let position = history.position_of(trusted).ok_or(Integrity::NotTrusted { host, trusted, reported: head });
        Ok(Proven { head: trusted, entries: position.map_err(LedgerError::from)? })
    }

    /// The block that both providers call final. It is optional: without an answer, nothing becomes final now.
    async fn finalized(&self) -> Option<u64> {
        let ask = async {
            let block = self.ledger().finalized().await.unwrap_or(Some(0));
            match &self.witness {
                Some(witness) => {
                    let other = witness.ledger().finalized().await.unwrap_or(Some(0));
                    block.zip(other).map(|(block, other)| block.min(other))
                }
                None => block,
            }
        };
        self.finalized.or_ask(ask).await
    }

    /// How far the journal on disk is final, and its vanished entries.
    async fn finality_and_vanished(&self, patient: Address) -> Result<(Option<Finality>, Vec<VanishedEntry>)> {
        let key = self.journal_key(patient);
        let (row, vanished) = self.cache.get_with_rows((FINALITY, key.clone()), (VANISHED, key)).await?;
        Ok((row.and_then(|row| Finality::from_bytes(&row)), self.vanished_in(&vanished)))
    }

    /// Records new, final and vanished entries. They are on disk before anybody acts on them.
    async fn take_in(
        &self,
        before: &PriorState,
        history: &mut EntryChain,
        newest: u64,
    ) -> Result<(Finality, Vec<VanishedEntry>)> {
        let now = clock::now();
        let common = before.history.common_with(history);
        let mut finality = before.finality.clone();
        let mut vanished = before.vanished.clone();
        if common < before.history.entries().len() {
            finality.cut(common);
            vanished.iter_mut().for_each(|entry| entry.from = entry.from.min(common as u64));
            vanished.extend(vanished::gone(&before.history, common, history));
            self.burn_epochs(&before.history, common, history).await?;
        }
        finality.see(history, now);
        if finality.is_due(now) {
            finality.settle(now, newest, self.finalized().await);
        }
        history.settle(finality.settled());
        // A settled entry is still reported once.
        vanished.retain(|entry| !entry.reported || !entry.is_settled(history));
        self.save(before, history, common, (&finality, &vanished)).await?;
        Ok((finality, vanished))
    }

    /// Accepts only what both providers show, whether an entry is missing or new.
    async fn update_with(&self, witness: &Contract, history: &mut EntryChain) -> Result<Update> {
        let patient = history.patient();
        let mut pauses = AGREE.into_iter().map(Duration::from_millis);
        loop {
            let head = witness.journal_head_of(patient, None).await?;
            match self.reader.update(history, Some(head)).await {
                Ok(update) if history.head() == head => return Ok(update),
                Ok(_) => {}
                Err(LedgerError::Integrity(Integrity::NotTrusted { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            // One of them may be a block ahead.
            let Some(pause) = pauses.next() else { return Err(self.contradicted(patient)) };
            sleep(pause).await;
        }
    }

    fn contradicted(&self, patient: Address) -> Error {
        let provider = self.ledger().name();
        let witness = self.witness.as_ref().map(|witness| witness.ledger().name()).unwrap_or_default();
        Error::Integrity(format!(
            "{provider} and {witness} show different histories of {patient}: one of them lies or is behind; nothing was done"
        ).into())
    }

    /// The history on disk, and its number of rows. Rows from the first damaged one on are read again from the chain
    /// and overwritten. Those before it are kept.
    async fn prior_state(&self, patient: Address) -> Result<PriorState> {
        let rows = self.cache.rows(JOURNAL, self.journal_key(patient)).await?;
        let mut history = EntryChain::from_rows(patient, rows.iter().map(|(_, row)| Entry::from_bytes(row)));
        let entries = history.entries().len();
        let rows = rows.len();
        if entries < rows {
            tracing::warn!(%patient, known = entries, rows, "part of a history on this machine is damaged and is read again");
        }
        let (finality, vanished) = self.finality_and_vanished(patient).await?;
        let finality = finality.unwrap_or_default().within(entries);
        history.settle(finality.settled());
        Ok(PriorState { history, rows, finality, vanished })
    }

    async fn save(
        &self,
        before: &PriorState,
        history: &EntryChain,
        common: usize,
        (finality, vanished): (&Finality, &[VanishedEntry]),
    ) -> Result<()> {
        let index = |position: usize| key(&[&self.journal_key(history.patient()), &(position as u64).to_be_bytes()]);
        let removed = (common..before.rows).map(index).collect();
        let entries = history.entries().iter().enumerate().skip(common.min(before.rows));
        let new = entries.map(|(position, entry)| (index(position), entry.to_bytes())).collect();
        let row = (self.journal_key(history.patient()), finality.to_bytes());
        let rows = if *finality == before.finality { Vec::new() } else { vec![row] };
        let changes =
            [(JOURNAL, removed, new), (FINALITY, Vec::new(), rows), self.vanished_rows(&before.vanished, vanished)];
        self.cache.write_all(changes.into()).await
    }

    fn journal_key(&self, patient: Address) -> Vec<u8> {
        key(&[&self.deployment_key, patient.as_slice()])
    }

    /// The journal as this machine knows it. It asks no service.
    pub(crate) async fn cached(&self, patient: Address) -> Result<VerifiedJournal> {
        let slot = self.journal_slot(patient);
        let slot = slot.lock().await;
        let PriorState { history, finality, vanished, .. } = match slot.as_ref() {
            Some(journal) => PriorState::from(&**journal),
            None => self.prior_state(patient).await?,
        };
        let head = history.head();
        let entries = history.entries().len();
        let (block, time) = history.entries().last().map_or((0, 0), |last| (last.block, last.time));
        let completeness = Completeness { head, entries, block, time, reported_by: self.ledger().name(), proven: None };
        Ok(VerifiedJournal { patient, history, completeness, finality, vanished })
    }
}
