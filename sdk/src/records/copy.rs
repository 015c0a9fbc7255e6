//! Copies contributed records into the patient's own store: the smallest first, and up to a quota.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    acts::person::Person,
    base::{
        error::{Error, Result, kind::ErrorKind},
        ranks::ranked,
        record_ref::RecordRef,
        task::StreamInBox,
    },
    journal::verified::VerifiedJournal,
    keys::unlock::Unlocker,
    ledger::Record,
    platform::cache::SYNCED,
    records::{download, list},
    store::into_error::into_store,
};

use alloy::primitives::Address;
use futures::{StreamExt, stream};
use hospital_record_core::{
    block::Verified,
    id::{Digest, RecordId},
    record::manifest::Manifest,
};

/// Records of one author that one call considers, and records of all authors.
const MOST_OF_ONE: usize = 1024;
const MOST_IN_ALL: usize = 4096;
/// The most bytes of a manifest.
const MANIFEST: u64 = 64 << 10;

/// The result of [`Client::sync`](crate::Client::sync).
///
/// See the [guide](crate::record).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Synced {
    /// Contributed records that were copied into the patient's own store and pinned there.
    pub copied: usize,
    /// Earlier acts on chain whose keys were stored now.
    pub keys: usize,
    /// Folders whose keys were rotated.
    pub rotated: usize,
    /// Readers who were left out of a rotation, because their keys are not available or not trusted. Grant to them again.
    pub left_out: Vec<Address>,
    /// Contributed records that could not be copied yet, each with the reason.
    pub missing: Vec<String>,
    /// Contributed records that were not copied because they exceed the quota, smallest first.
    /// [`Syncing::take`](crate::record::Syncing::take) copies one all the same. [`Syncing::most`](crate::record::Syncing::most) and
    /// [`Syncing::most_of_one`](crate::record::Syncing::most_of_one) raise the quota.
    pub too_large: Vec<TooLarge>,
    /// Contributed records that this call did not consider, because there are too many. Sync again for the next ones.
    pub later: usize,
    /// The error kind if a store was offline during the copy. Sync again when it is back.
    pub unavailable: Option<ErrorKind>,
}

/// A contributed record that [`Client::sync`](crate::Client::sync) did not copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TooLarge {
    /// The record.
    pub record: RecordRef,
    /// The account that added it.
    pub author: Address,
    /// Bytes that it needs in the store, by its manifest.
    pub size: u64,
}

/// The most bytes of contributed records in the store.
pub(crate) struct Quota {
    pub(crate) in_all: u64,
    pub(crate) of_one: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { in_all: 10 << 30, of_one: 1 << 30 }
    }
}

/// Bytes of contributed records that are in the store already.
#[derive(Default)]
struct Usage {
    in_all: u64,
    of_one: HashMap<Address, u64>,
}

impl Usage {
    fn add(&mut self, author: Address, size: u64) {
        let of_one = self.of_one.entry(author).or_default();
        *of_one = of_one.saturating_add(size);
        self.in_all = self.in_all.saturating_add(size);
    }

    fn has_room(&self, quota: &Quota, author: Address, size: u64) -> bool {
        let of_one = self.of_one.get(&author).copied().unwrap_or_default();
        self.in_all.saturating_add(size) <= quota.in_all && of_one.saturating_add(size) <= quota.of_one
    }
}

pub(crate) async fn copy_all(
    person: &Person,
    journal: &Arc<VerifiedJournal>,
    quota: &Quota,
    take: &HashSet<RecordId>,
    synced: &mut Synced,
) -> Result<()> {
    let me = person.address();
    let copies = list::synced(person, me).await?;
    let mut usage = Usage::default();
    let foreign = journal.state().records.values().filter(|record| record.state.author != me);
    let (old, new): (Vec<Record>, Vec<Record>) =
        foreign.cloned().partition(|record| copies.contains_key(record.id.as_slice()));
    for record in old {
        usage.add(record.state.author, copies.get(record.id.as_slice()).copied().unwrap_or_default());
    }
    let is_taken = |record: &Record| take.contains(&RecordId(record.id.0));
    let mut sized = Vec::new();
    for record in some_of_each(new, is_taken, synced) {
        match manifest_of(person, journal, &record).await {
            Ok(manifest) => sized.push((!is_taken(&record), size_of(&manifest), record)),
            Err(error) => synced.miss(&record, &error),
        }
    }
    sized.sort_by_key(|(not_taken, size, record)| (*not_taken, *size, record.entry));
    for (not_taken, size, record) in sized {
        let author = record.state.author;
        if not_taken && !usage.has_room(quota, author, size) {
            let record = person.record(me, RecordId(record.id.0));
            synced.too_large.push(TooLarge { record, author, size });
            continue;
        }
        match copy(person, journal, &record, size).await {
            Ok(()) => {
                synced.copied += 1;
                usage.add(author, size);
            }
            Err(error) => synced.miss(&record, &error),
        }
    }
    Ok(())
}

async fn manifest_of(person: &Person, journal: &Arc<VerifiedJournal>, record: &Record) -> Result<Verified<Manifest>> {
    Unlocker::new(person.clone(), journal.clone()).manifest(record).await
}

/// Copies the whole DAG of a record into the patient's own store. A manifest for another patient is refused.
async fn copy(person: &Person, journal: &Arc<VerifiedJournal>, record: &Record, size: u64) -> Result<()> {
    let manifest = manifest_of(person, journal, record).await?;
    let root = RecordId(record.id.0).cid();
    let own = person.stores.own();
    // The store would pin the whole tree, even one that is larger than its manifest says.
    download::check_tree(person.stores.clone(), &manifest).await?;
    if own.pin(&root).await.is_err() {
        transfer(person, &manifest, Digest(record.id.0)).await?;
        own.pin(&root).await?;
    }
    let row = list::synced_key(person, person.address(), record.id.as_slice());
    person.cache.put(SYNCED, row, size.to_be_bytes().to_vec()).await
}

async fn transfer(person: &Person, manifest: &Verified<Manifest>, id: Digest) -> Result<()> {
    let stores = &person.stores;
    let content = download::blocks(stores.clone(), manifest)?;
    let cid = id.dag_cbor_cid();
    let blocks = content.chain(stream::once(stores.block(&cid))).map(|block| block.map_err(into_store));
    stores.own().put(blocks.in_box()).await?;
    Ok(())
}

impl Synced {
    fn miss(&mut self, record: &Record, error: &Error) {
        self.unavailable = self.unavailable.or(Some(error.kind()).filter(|kind| kind.is_outage()));
        self.missing.push(format!("{}: {error}", RecordId(record.id.0)));
    }
}

/// The oldest records of each author, so that no author delays the others, and all records that the patient takes.
fn some_of_each(mut records: Vec<Record>, is_taken: impl Fn(&Record) -> bool, synced: &mut Synced) -> Vec<Record> {
    records.sort_by_key(|record| record.entry);
    let author = |record: &Record| (!is_taken(record)).then_some(record.state.author);
    let ranked = ranked(records, author).map(|(rank, record)| (if is_taken(&record) { 0 } else { rank }, record));
    let mut ranked: Vec<_> = ranked.collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let total = ranked.len();
    ranked.retain(|(rank, _)| *rank <= MOST_OF_ONE);
    ranked.truncate(MOST_IN_ALL);
    synced.later = total - ranked.len();
    ranked.into_iter().map(|(_, record)| record).collect()
}

/// Bytes in the store: content, tags, links and manifest. [`download::check_tree`] checks the last segment. Each other
/// segment can be up to twice its size before anybody notices.
fn size_of(manifest: &Manifest) -> u64 {
    let content = manifest.ciphertext_len();
    content.saturating_add(content >> 14).saturating_add(MANIFEST)
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::{RecordState, Status};

    fn record(author: u8, entry: usize) -> Record {
        let author = Address::repeat_byte(author);
        let state = RecordState { author, folder: 1, added_at: 0, status: Status::Current, attestations: 0 };
        let id = B256::left_padding_from(&entry.to_be_bytes());
        Record { id, state, replaced_by: None, replaces: None, attestations: Vec::new(), entry }
    }

    #[test]
    fn records_of_one_author_do_not_delay_others_and_the_oldest_come_first() {
        let mut records: Vec<Record> = (0..5000).map(|entry| record(1, entry)).collect();
        records.push(record(2, 5000));
        records.push(record(1, 5001));
        let mut synced = Synced::default();
        let some = some_of_each(records, |record| record.entry == 5001, &mut synced);
        assert_eq!((some.len(), synced.later), (MOST_OF_ONE + 2, 5000 - MOST_OF_ONE));
        let entries: Vec<usize> = some.iter().map(|record| record.entry).take(4).collect();
        assert_eq!(entries, [5001, 0, 5000, 1]);
    }

    proptest! {
        /// For any sequence of records, neither limit is exceeded, and a record is refused only if it does not fit.
        #[test]
        fn copies_never_exceed_a_limit(
            sizes in prop::collection::vec((0_u8..4, 0_u64..2000), 0..100),
            (in_all, of_one) in (0_u64..20_000, 0_u64..9000),
        ) {
            let quota = Quota { in_all, of_one };
            let mut usage = Usage::default();
            for (author, size) in sizes {
                let author = Address::repeat_byte(author);
                let before = (usage.in_all, usage.of_one.get(&author).copied().unwrap_or_default());
                let fits = before.0 + size <= in_all && before.1 + size <= of_one;
                prop_assert_eq!(usage.has_room(&quota, author, size), fits);
                if fits {
                    usage.add(author, size);
                }
                prop_assert!(usage.in_all <= in_all && usage.of_one.values().all(|of_author| *of_author <= of_one));
            }
            prop_assert!(!usage.has_room(&quota, Address::ZERO, u64::MAX));
        }
    }

    #[test]
    fn one_call_considers_a_bounded_number_of_records() {
        let records = (0..2 * MOST_IN_ALL).map(|entry| record((entry % 251) as u8, entry)).collect();
        let mut synced = Synced::default();
        assert_eq!(some_of_each(records, |_| false, &mut synced).len(), MOST_IN_ALL);
        assert_eq!(synced.later, MOST_IN_ALL);
    }
}
