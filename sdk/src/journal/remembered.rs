//! What is gone, as it is remembered and told.

use alloy::primitives::Address;

use crate::{
    base::error::Result,
    journal::{journals::Journals, missing::MissingEntry, vanished::Vanished},
    platform::cache::{Change, Rows, VANISHED, key},
};

impl Journals {
    /// What is gone of all journals that are known here, oldest first.
    pub(crate) async fn all_vanished(&self) -> Result<Vec<Vanished>> {
        Ok(self.vanished_in(&self.cache().rows(VANISHED, self.deployment_key().to_vec()).await?))
    }

    /// What is gone by these rows, oldest first.
    pub(crate) fn vanished_in(&self, rows: &Rows) -> Vec<Vanished> {
        let place = self.deployment_key().len();
        let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
            let patient = key.get(place..)?.first_chunk::<20>()?;
            Vanished::from_bytes(Address::from(*patient), row)
        };
        let mut vanished: Vec<_> = rows.iter().filter_map(read).collect();
        vanished.sort_by_key(|gone| (gone.patient, gone.entry.block, gone.entry.log_index));
        vanished
    }

    /// Entries that were shown here as confirmed, are gone, and were not told yet: each is told once.
    ///
    /// # Errors
    /// Where the state directory cannot be read or written.
    pub(crate) async fn news(&self) -> Result<Vec<MissingEntry>> {
        let before = self.all_vanished().await?;
        let news: Vec<MissingEntry> = before.iter().filter(|gone| !gone.told).map(MissingEntry::from).collect();
        if !news.is_empty() {
            let after: Vec<_> = before.iter().map(|gone| Vanished { told: true, ..gone.clone() }).collect();
            self.cache().write_all(vec![self.vanished_rows(&before, &after)]).await?;
        }
        Ok(news)
    }

    /// A person gave it up.
    pub(crate) async fn drop_vanished(&self, gone: Vanished) -> Result<()> {
        self.cache().write_all(vec![self.vanished_rows(&[gone], &[])]).await
    }

    /// The rows that say `after`, in the place of those that said `before`.
    pub(crate) fn vanished_rows(&self, before: &[Vanished], after: &[Vanished]) -> Change {
        let head = |gone: &Vanished| gone.entry.head;
        let left = |gone: &&Vanished| !after.iter().any(|kept| head(kept) == head(gone));
        let removed = before.iter().filter(left).map(|gone| self.vanished_key(gone)).collect();
        let new = |gone: &&Vanished| !before.contains(gone);
        let put = after.iter().filter(new).map(|gone| (self.vanished_key(gone), gone.to_bytes())).collect();
        (VANISHED, removed, put)
    }

    fn vanished_key(&self, gone: &Vanished) -> Vec<u8> {
        key(&[self.deployment_key(), gone.patient.as_slice(), gone.entry.head.as_slice()])
    }
}
