//! What a patient's client does from time to time: move stale keys on, and copy what others contributed.

use std::collections::HashSet;

use hospital_record_core::id::RecordId;

use crate::{
    acts::person::Person,
    base::{builder::awaitable, error::Result, record_ref::RecordRef},
    keys::{owed, rotate, waiting},
    records::copy::{self, Quota, Synced},
};

/// Keeps a patient's records in order; made by [`Client::sync`](crate::Client::sync).
///
/// The [guide](crate::folder) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct Syncing {
    person: Person,
    quota: Quota,
    take: HashSet<RecordId>,
}

pub(crate) fn sync(person: &Person) -> Syncing {
    Syncing { person: person.clone(), quota: Quota::default(), take: HashSet::new() }
}

impl Syncing {
    /// The most bytes of contributed records that the patient's own store keeps, in all syncs together.
    pub fn most(mut self, bytes: u64) -> Self {
        self.quota.in_all = bytes;
        self
    }

    /// The most bytes of one author's contributions that the patient's own store keeps.
    pub fn most_of_one(mut self, bytes: u64) -> Self {
        self.quota.of_one = bytes;
        self
    }

    /// Copies this record of the patient, however large it is.
    pub fn take(mut self, record: &RecordRef) -> Self {
        self.take.insert(record.id);
        self
    }

    async fn run(self) -> Result<Synced> {
        let Self { person, quota, take } = self;
        let journal = person.journals.of(person.address()).await?;
        let mut synced = Synced::default();
        for (_, stored) in owed::pay_all(&person).await? {
            // Keys that could not be stored stay on this machine; `resume` reports why.
            synced.keys += usize::from(stored.unwrap_or(false));
        }
        for folder in waiting::folders_to_rotate(&person, &journal).await? {
            synced.left_out.extend(rotate::rotate_folder(&person, folder).await?.left_out);
            synced.rotated += 1;
        }
        synced.left_out.sort_unstable();
        synced.left_out.dedup();
        // It fetches blocks that only other nodes have, so it waits for every block.
        let patient = person.waiting_in_vain(usize::MAX);
        copy::copy_all(&patient, &journal, &quota, &take, &mut synced).await?;
        Ok(synced)
    }
}

awaitable!(Syncing => Synced);
