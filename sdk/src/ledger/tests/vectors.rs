//! The journals that Foundry wrote from the contract's own logs: the first one is valid, the false ones are not.

use std::{fs, path::PathBuf};

use alloy::sol_types::SolCall;
use hospital_record_contracts::IHospitalRecord as Sol;
use serde::Deserialize;

use crate::ledger::tests::*;

#[derive(Debug, Deserialize)]
struct Vector {
    patient: Address,
    head: B256,
    entries: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    block: u64,
    timestamp: u64,
    topics: Vec<B256>,
    data: Bytes,
}

impl Row {
    fn log(&self, index: u64) -> Log {
        let (topics, data, time) = (self.topics.clone(), self.data.clone(), Some(self.timestamp));
        Log { contract: Contract::ADDRESS, topics, data, block: self.block, time, transaction: id(index), index }
    }

    /// The head before this entry: the last word of its data.
    fn previous(&self) -> B256 {
        B256::from_slice(&self.data[self.data.len() - 32..])
    }
}

fn vectors() -> Vec<(String, Vector)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts/test/vectors");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap())
    };
    files.map(read).collect()
}

fn truth() -> Vector {
    vectors().into_iter().find(|(name, _)| name == "journal_joins").unwrap().1
}

/// A provider that returns a vector's logs and head, and nothing else.
#[async_trait]
impl Ledger for Vector {
    fn name(&self) -> String {
        "vector".into()
    }

    async fn newest(&self) -> Result<BlockInfo, LedgerError> {
        let last = self.entries.last().unwrap();
        Ok(BlockInfo { number: last.block + 1, hash: B256::ZERO, time: last.timestamp + 12 })
    }

    async fn block(&self, number: u64) -> Result<Option<BlockInfo>, LedgerError> {
        let row = self.entries.iter().find(|row| row.block == number);
        Ok(row.map(|row| BlockInfo { number, hash: B256::ZERO, time: row.timestamp }))
    }

    async fn call(&self, call: &Call, _: Option<u64>) -> Result<Bytes, LedgerError> {
        let deployed = call.data.starts_with(&Sol::deployedAtCall::SELECTOR);
        let answer = if deployed { B256::from(U256::from(self.entries[0].block - 1)) } else { self.head };
        Ok(answer.0.into())
    }

    async fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, LedgerError> {
        let within = |log: &Log| (filter.from..=filter.to).contains(&log.block);
        Ok(self.entries.iter().zip(0..).map(|(row, index)| row.log(index)).filter(within).collect())
    }

    async fn finalized(&self) -> Result<Option<u64>, LedgerError> {
        Ok(None)
    }

    async fn chain_id(&self) -> Result<u64, LedgerError> {
        Ok(1)
    }

    async fn code(&self, _: Address) -> Result<Bytes, LedgerError> {
        Err(LedgerError::RateLimited { host: self.name() })
    }

    async fn balance(&self, _: Address) -> Result<U256, LedgerError> {
        unimplemented!()
    }

    async fn nonce(&self, _: Address) -> Result<u64, LedgerError> {
        unimplemented!()
    }

    async fn fees(&self) -> Result<Fees, LedgerError> {
        unimplemented!()
    }

    async fn estimate(&self, _: &Call) -> Result<u64, LedgerError> {
        unimplemented!()
    }

    async fn submit(&self, _: Bytes) -> Result<(), SubmitError> {
        unimplemented!()
    }

    async fn knows(&self, _: B256) -> Result<bool, LedgerError> {
        unimplemented!()
    }

    async fn receipt(&self, _: B256) -> Result<Option<Receipt>, LedgerError> {
        unimplemented!()
    }
}

async fn read(vector: Vector) -> Result<EntryChain, LedgerError> {
    let patient = vector.patient;
    let contract = Contract::new(Arc::new(vector), 1, Contract::ADDRESS);
    Ok(Journal::new(contract).read(patient, None).await?.0)
}

/// The entries in the provider's order. Each must end in the head that the next one names.
fn join(vector: &Vector) -> Result<EntryChain, Integrity> {
    let heads = vector.entries.iter().skip(1).map(Row::previous).chain([vector.head]);
    let entries = vector.entries.iter().zip(0..).zip(heads).map(|((row, index), head)| {
        let entry = Entry::from_log(&row.log(index), row.timestamp, vector.patient).unwrap();
        Entry { head, ..entry }
    });
    EntryChain::from_cache(vector.patient, entries)
}

#[test]
fn every_journal_has_the_outcome_in_its_name() {
    for (name, vector) in vectors() {
        match name.strip_prefix("journal_").unwrap() {
            "joins" => assert_eq!(join(&vector).unwrap().head(), vector.head),
            _ => assert!(name.ends_with("_does_not_join") && join(&vector).is_err(), "{name}"),
        }
    }
}

#[test]
fn every_link_and_head_equals_that_of_the_contract() {
    let history = join(&truth()).unwrap();
    assert_eq!(history.entries().len(), truth().entries.len());
    let mut previous = B256::ZERO;
    for (entry, row) in history.entries().iter().zip(truth().entries) {
        let (fields, rest) = row.data.as_chunks::<32>();
        let (last, fields) = fields.split_last().unwrap();
        let fields = fields.iter().map(B256::from);
        assert_eq!(entry.event.words(), row.topics[2..].iter().copied().chain(fields).collect::<Vec<_>>());
        assert!((entry.event.topic(), previous) == (row.topics[0], B256::from(last)) && rest.is_empty());
        let link = entry.event.link(previous, row.timestamp, history.patient());
        previous = crate::ledger::entry::head_of(link, row.block, entry.key_changes());
    }
    assert_eq!(previous, truth().head);
    let kinds: BTreeSet<_> = history.entries().iter().map(|entry| entry.event.topic()).collect();
    assert_eq!(kinds.len(), 12, "one of every event");
}

#[tokio::test]
async fn provider_with_a_false_journal_is_refused_or_its_entries_are_reordered() {
    let true_entries = join(&truth()).unwrap().entries().iter().map(|entry| entry.head).collect::<Vec<_>>();
    let mut refused = 0;
    // They run in parallel, because a provider with contradictory answers is retried with pauses.
    let reads = vectors().into_iter().map(|(name, vector)| async move { (name, read(vector).await) });
    for (name, outcome) in futures::future::join_all(reads).await {
        match outcome {
            Err(LedgerError::Integrity(_)) => refused += usize::from(name != "journal_joins"),
            Err(error) => panic!("{name}: {error}"),
            Ok(history) => {
                assert!(name == "journal_joins" || name.contains("swapped"), "{name}");
                let heads: Vec<_> = history.entries().iter().map(|entry| entry.head).collect();
                assert_eq!(heads, true_entries, "{name}");
            }
        }
    }
    assert_eq!(refused, 5);
}
