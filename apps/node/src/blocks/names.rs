//! What the chain names: the digests in the events of the contracts, from the first block on.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Address, B256,
    ledger::{BlockInfo, Contract, EthereumLedger, Ledger, LedgerError, Log, block_of, naming_events},
};

use crate::blocks::rows::RowsError;

/// The most blocks of one question. It is halved where a provider takes fewer, and doubled again where it answers.
const RANGE: u64 = 10_000;
/// Heads that are asked for at a time.
const HEADS: usize = 8;

/// Why it is not known what the chain names.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Rows(#[from] RowsError),
    #[error("the provider left out an entry of a journal before block {0}")]
    Gap(u64),
    #[error("the provider left out {0} events that it listed before")]
    Forgotten(usize),
}

#[derive(Clone)]
pub(super) struct Names {
    chain: EthereumLedger,
    contract: Contract,
}

impl Names {
    pub(super) fn new(chain: EthereumLedger, contract: Contract) -> Self {
        Self { chain, contract }
    }

    /// The newest block, from which a question begins.
    pub(super) async fn newest(&self) -> Result<BlockInfo, Unknown> {
        Ok(self.chain.newest().await?)
    }

    /// Which of these digests an event up to this block names. It is an error if the provider left out an entry of a
    /// journal that it should have listed, as far as the entries and the heads of these accounts tell.
    pub(super) async fn among(
        &self,
        newest: u64,
        digests: &HashSet<B256>,
        accounts: &HashSet<Address>,
    ) -> Result<HashSet<B256>, Unknown> {
        // First: many providers know only the newest states.
        let heads = stream::iter(accounts.iter().copied())
            .map(|account| async move { Ok((account, self.contract.journal_head_of(account, Some(newest)).await?)) })
            .buffer_unordered(HEADS)
            .try_collect::<Vec<_>>();
        let heads: Result<_, LedgerError> = heads.await;
        let (heads, signatures) = (heads?, naming_events());
        let mut journals = Journals { hospital: self.contract.address(), last: HashMap::new() };
        let (mut found, mut range, mut first) = (HashSet::new(), RANGE, self.contract.deployed_at().await?);
        while first <= newest {
            let last = newest.min(first.saturating_add(range - 1));
            let logs = match self.chain.logs_of_all(&signatures, first, last).await {
                Err(LedgerError::TooManyLogs { .. }) if range > 1 => {
                    range /= 2;
                    continue;
                }
                logs => logs?,
            };
            for log in &logs {
                journals.add(log)?;
                found.extend(words(log).filter(|word| digests.contains(word)));
            }
            (first, range) = (last + 1, RANGE.min(range * 2));
        }
        heads.into_iter().try_for_each(|(account, head)| journals.ends_at(account, head))?;
        Ok(found)
    }
}

/// Every word in which a digest can stand.
fn words(log: &Log) -> impl Iterator<Item = B256> {
    log.topics.iter().copied().chain(log.data.chunks_exact(32).map(B256::from_slice))
}

/// Each entry of a journal names the block of the entry before it: so a missing one is seen.
struct Journals {
    hospital: Address,
    /// The block of each patient's newest entry.
    last: HashMap<Address, u64>,
}

impl Journals {
    fn add(&mut self, log: &Log) -> Result<(), Unknown> {
        if log.contract != self.hospital {
            return Ok(());
        }
        let (patient, previous) = (log.topics.get(1).copied(), log.data.chunks_exact(32).last());
        let patient = Address::from_word(patient.unwrap_or_default());
        self.ends_at(patient, B256::from_slice(previous.unwrap_or(&[0; 32])))?;
        self.last.insert(patient, log.block);
        Ok(())
    }

    /// Whether the newest entry that was listed is the newest one before this head.
    fn ends_at(&self, patient: Address, head: B256) -> Result<(), Unknown> {
        let (listed, due) = (self.last.get(&patient).copied().unwrap_or_default(), block_of(head));
        if listed == due { Ok(()) } else { Err(Unknown::Gap(due)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSPITAL: Address = Address::repeat_byte(9);

    /// An entry of this block, after one of the block `before`.
    fn entry(block: u64, before: u64) -> Log {
        let mut previous = B256::repeat_byte(7);
        previous[24..29].copy_from_slice(&before.to_be_bytes()[3..]);
        Log {
            contract: HOSPITAL,
            topics: vec![B256::repeat_byte(1), Address::repeat_byte(2).into_word()],
            data: [B256::repeat_byte(3), previous].concat().into(),
            block,
            time: None,
            transaction: B256::ZERO,
            index: 0,
        }
    }

    #[test]
    fn entry_that_the_provider_left_out_is_missed() {
        let journals = || Journals { hospital: HOSPITAL, last: HashMap::new() };
        for (entries, head, is_whole) in [
            (&[][..], 0, true),
            (&[], 5, false),
            (&[(5, 0), (5, 5), (8, 5)], 8, true),
            (&[(5, 0), (8, 6)], 8, false),
            (&[(8, 5)], 8, false),
            (&[(5, 0)], 8, false),
        ] {
            let mut journals = journals();
            let added: Result<(), Unknown> =
                entries.iter().try_for_each(|(block, before)| journals.add(&entry(*block, *before)));
            let head = entry(0, head).data.chunks_exact(32).last().map(B256::from_slice).unwrap_or_default();
            let whole = added.and_then(|()| journals.ends_at(Address::repeat_byte(2), head));
            assert_eq!(whole.is_ok(), is_whole, "{entries:?}: {whole:?}");
        }
        let other = Log { contract: Address::ZERO, ..entry(8, 5) };
        assert!(journals().add(&other).is_ok(), "boards and requests have no journal");
        assert_eq!(words(&other).count(), 4);
    }
}
