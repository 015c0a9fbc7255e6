//! The verified histories of patients: read once, kept on disk, brought up to date when asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use alloy::primitives::{Address, B256};
use hospital_record_core::id::Deployment;

use crate::{
    base::{
        bounds::KEPT,
        error::{Error, Result},
    },
    journal::{
        finality::{Finality, Finalized},
        vanished::{self, Vanished},
        verified::VerifiedJournal,
    },
    ledger::{Completeness, Contract, Entry, History, Integrity, Journal, Ledger, LedgerError, Proven, Update},
    platform::{
        cache::{Cache, FINALITY, JOURNAL, VANISHED, deployment_key, key},
        clock,
    },
};

/// How long two providers may tell different heads, in milliseconds: one of them may be a block behind.
const AGREE: [u64; 4] = [100, 400, 1600, 3200];

/// What this machine knew of a journal before it asked.
struct Remembered {
    history: History,
    /// Rows on disk.
    rows: usize,
    finality: Finality,
    vanished: Vec<Vanished>,
}

impl From<&VerifiedJournal> for Remembered {
    fn from(known: &VerifiedJournal) -> Self {
        let history = known.history.clone();
        let finality = known.finality.clone();
        Self { rows: history.entries().len(), history, finality, vanished: known.vanished.clone() }
    }
}

/// The journals of one deployment, as this machine knows them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Journals(Arc<Inner>);

struct Inner {
    contract: Contract,
    witness: Option<Contract>,
    reader: Journal,
    cache: Cache,
    deployment: Vec<u8>,
    finalized: Finalized,
    slots: Mutex<Slots>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Arc<VerifiedJournal>>>>;
type Slots = HashMap<Address, Slot>;

impl Journals {
    pub(crate) fn new(contract: Contract, witness: Option<Contract>, deployment: Deployment, cache: Cache) -> Self {
        let finalized = Finalized::default();
        let slots = Mutex::default();
        let reader = Journal::new(contract.clone());
        let deployment = deployment_key(deployment);
        Self(Arc::new(Inner { contract, witness, reader, cache, deployment, finalized, slots }))
    }

    fn ledger(&self) -> &Arc<dyn Ledger> {
        self.0.contract.ledger()
    }

    fn witness(&self) -> Option<&Contract> {
        self.0.witness.as_ref()
    }

    fn reader(&self) -> &Journal {
        &self.0.reader
    }

    pub(crate) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    pub(crate) fn deployment_key(&self) -> &[u8] {
        &self.0.deployment
    }

    /// The patient's history, up to date.
    pub(crate) async fn of(&self, patient: Address) -> Result<Arc<VerifiedJournal>> {
        self.proven_to(patient, None).await
    }

    /// The same; `trusted` must be one of its heads.
    pub(crate) async fn proven_to(&self, patient: Address, trusted: Option<B256>) -> Result<Arc<VerifiedJournal>> {
        let slot = self.journal_slot(patient);
        let mut slot = slot.lock().await;
        let before = match slot.as_ref() {
            // Another program of this person may have read on, or a person may have given something up.
            Some(known) => match self.watched(patient).await? {
                (Some(finality), vanished) if finality == known.finality => {
                    Remembered { vanished, ..Remembered::from(&**known) }
                }
                _ => self.remembered(patient).await?,
            },
            None => self.remembered(patient).await?,
        };
        let mut history = before.history.clone();
        let update = match self.witness() {
            Some(witness) => self.update_with(witness, &mut history).await?,
            None => self.reader().update(&mut history, trusted).await?,
        };
        let (finality, vanished) = self.take_in(&before, &mut history, update.completeness.block).await?;
        let completeness = match trusted.filter(|_| self.witness().is_some()) {
            Some(trusted) => Completeness { proven: Some(self.proof(&history, trusted)?), ..update.completeness },
            None => update.completeness,
        };
        let known = Arc::new(VerifiedJournal { patient, history, completeness, finality, vanished });
        *slot = Some(known.clone());
        Ok(known)
    }

    /// Takes a history that provider and witness both tell in the place of the one that was seen, by a person's word: both
    /// deny a head that was final here. How many entries are given up; this machine's own acts among them are sent again.
    ///
    /// # Errors
    /// [`Error::Invalid`] without a witness, [`Error::Integrity`] where the two do not agree.
    pub(crate) async fn accept_chain(&self, patient: Address) -> Result<usize> {
        let Some(witness) = self.witness() else {
            return Err(Error::Invalid(
                "one node alone is not enough to give up what was seen: name a second one as witness".into(),
            ));
        };
        let slot = self.journal_slot(patient);
        let mut slot = slot.lock().await;
        let before = self.remembered(patient).await?;
        let mut history = History::new(patient);
        let update = self.update_with(witness, &mut history).await?;
        let given_up = before.history.entries().len() - before.history.common_with(&history);
        self.take_in(&before, &mut history, update.completeness.block).await?;
        *slot = None;
        Ok(given_up)
    }

    /// One lock a patient: the same history is not read twice at the same time.
    fn journal_slot(&self, patient: Address) -> Slot {
        let mut slots = self.0.slots.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if slots.len() >= KEPT && !slots.contains_key(&patient) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        slots.entry(patient).or_default().clone()
    }

    /// That a head from elsewhere is part of what was taken in.
    fn proof(&self, history: &History, trusted: B256) -> Result<Proven> {
        let host = self.ledger().name();
        let told = history.head();
        let position = history.position_of(trusted).ok_or(Integrity::NotTrusted { host, trusted, told });
        Ok(Proven { head: trusted, entries: position.map_err(LedgerError::from)? })
    }

    /// What both providers call final. It is no reason to wait: who gives no answer settles nothing now.
    async fn finalized(&self) -> Option<u64> {
        let ask = async {
            let told = self.ledger().finalized().await.unwrap_or(Some(0));
            match self.witness() {
                Some(witness) => told.zip(witness.ledger().finalized().await.unwrap_or(Some(0))).map(|(a, b)| a.min(b)),
                None => told,
            }
        };
        self.0.finalized.or_ask(ask).await
    }

    /// What the disk says of a journal's end, and of what is gone.
    async fn watched(&self, patient: Address) -> Result<(Option<Finality>, Vec<Vanished>)> {
        let key = self.journal_key(patient);
        let (row, gone) = self.cache().get_with_rows((FINALITY, key.clone()), (VANISHED, key)).await?;
        Ok((row.and_then(|row| Finality::from_bytes(&row)), self.vanished_in(&gone)))
    }

    /// Notes what is new, what is final by now, and what is gone; on disk before anybody acts on it.
    async fn take_in(
        &self,
        before: &Remembered,
        history: &mut History,
        newest: u64,
    ) -> Result<(Finality, Vec<Vanished>)> {
        let now = clock::now();
        let kept = before.history.common_with(history);
        let mut finality = before.finality.clone();
        let mut vanished = before.vanished.clone();
        if kept < before.history.entries().len() {
            finality.cut(kept);
            vanished.iter_mut().for_each(|gone| gone.from = gone.from.min(kept as u64));
            vanished.extend(vanished::gone(&before.history, kept, history));
            self.burn_epochs(&before.history, kept, history).await?;
        }
        finality.see(history, now);
        if finality.is_due(now) {
            finality.settle(now, newest, self.finalized().await);
        }
        history.settle(finality.settled());
        // A person is told of it all the same.
        vanished.retain(|gone| !gone.told || !gone.is_settled(history));
        self.remember(before, history, kept, (&finality, &vanished)).await?;
        Ok((finality, vanished))
    }

    /// Nothing is believed that only one of two providers tells: not what is missing, and not what is beyond.
    async fn update_with(&self, witness: &Contract, history: &mut History) -> Result<Update> {
        let patient = history.patient();
        let mut pauses = AGREE.into_iter().map(Duration::from_millis);
        loop {
            let seen = witness.journal_head_of(patient, None).await?;
            match self.reader().update(history, Some(seen)).await {
                Ok(update) if history.head() == seen => return Ok(update),
                Ok(_) => {}
                Err(LedgerError::Integrity(Integrity::NotTrusted { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            // One of them may be a block ahead.
            let Some(pause) = pauses.next() else { return Err(self.contradicted(patient)) };
            tokio::time::sleep(pause).await;
        }
    }

    fn contradicted(&self, patient: Address) -> Error {
        let told = self.ledger().name();
        let witness = self.witness().map(|witness| witness.ledger().name()).unwrap_or_default();
        Error::Integrity(format!(
            "{told} and {witness} tell different histories of {patient}: one of them lies or is behind; nothing was done"
        ).into())
    }

    /// What the disk has of a history, and in how many rows. Rows from the first on that is damaged are read anew and
    /// written over; what is before it is not forgotten.
    async fn remembered(&self, patient: Address) -> Result<Remembered> {
        let rows = self.cache().rows(JOURNAL, self.journal_key(patient)).await?;
        let mut history = History::from_rows(patient, rows.iter().map(|(_, row)| Entry::from_bytes(row)));
        let known = history.entries().len();
        let rows = rows.len();
        if known < rows {
            tracing::warn!(%patient, known, rows, "part of a history on this machine is damaged and is read anew");
        }
        let (finality, vanished) = self.watched(patient).await?;
        let finality = finality.unwrap_or_default().within(known);
        history.settle(finality.settled());
        Ok(Remembered { history, rows, finality, vanished })
    }

    async fn remember(
        &self,
        before: &Remembered,
        history: &History,
        kept: usize,
        (finality, vanished): (&Finality, &[Vanished]),
    ) -> Result<()> {
        let index = |position: usize| key(&[&self.journal_key(history.patient()), &(position as u64).to_be_bytes()]);
        let gone = (kept..before.rows).map(index).collect();
        let entries = history.entries().iter().enumerate().skip(kept.min(before.rows));
        let new = entries.map(|(position, entry)| (index(position), entry.to_bytes())).collect();
        let row = (self.journal_key(history.patient()), finality.to_bytes());
        let rows = if *finality == before.finality { Vec::new() } else { vec![row] };
        let changes =
            [(JOURNAL, gone, new), (FINALITY, Vec::new(), rows), self.vanished_rows(&before.vanished, vanished)];
        self.cache().write_all(changes.into()).await
    }

    fn journal_key(&self, patient: Address) -> Vec<u8> {
        key(&[self.deployment_key(), patient.as_slice()])
    }

    /// What is known of a journal, without asking anybody.
    pub(crate) async fn known(&self, patient: Address) -> Result<VerifiedJournal> {
        let slot = self.journal_slot(patient);
        let slot = slot.lock().await;
        let Remembered { history, finality, vanished, .. } = match slot.as_ref() {
            Some(known) => Remembered::from(&**known),
            None => self.remembered(patient).await?,
        };
        let head = history.head();
        let entries = history.entries().len();
        let (block, time) = history.entries().last().map_or((0, 0), |last| (last.block, last.time));
        let completeness = Completeness { head, entries, block, time, told_by: self.ledger().name(), proven: None };
        Ok(VerifiedJournal { patient, history, completeness, finality, vanished })
    }
}
