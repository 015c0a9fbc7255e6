//! VanishedEntry entries, as this machine keeps and reports them.

use alloy::primitives::Address;

use crate::{
    base::error::Result,
    journal::{journals::Journals, missing::MissingEntry, vanished::VanishedEntry},
    platform::cache::{Change, Rows, VANISHED, key},
};

impl Journals {
    /// The vanished entries of all journals that this machine knows, oldest first.
    pub(crate) async fn all_vanished(&self) -> Result<Vec<VanishedEntry>> {
        Ok(self.vanished_in(&self.cache.rows(VANISHED, self.deployment_key.to_vec()).await?))
    }

    /// The vanished entries in these rows, oldest first.
    pub(crate) fn vanished_in(&self, rows: &Rows) -> Vec<VanishedEntry> {
        let place = self.deployment_key.len();
        let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
            let patient = key.get(place..)?.first_chunk::<20>()?;
            VanishedEntry::from_bytes(Address::from(*patient), row)
        };
        let mut vanished: Vec<_> = rows.iter().filter_map(read).collect();
        vanished.sort_by_key(|entry| (entry.patient, entry.entry.block, entry.entry.log_index));
        vanished
    }

    /// See [`System::news`](crate::System::news).
    pub(crate) async fn news(&self) -> Result<Vec<MissingEntry>> {
        let before = self.all_vanished().await?;
        let news: Vec<MissingEntry> = before.iter().filter(|entry| !entry.reported).map(MissingEntry::from).collect();
        if !news.is_empty() {
            let after: Vec<_> = before.iter().map(|entry| VanishedEntry { reported: true, ..entry.clone() }).collect();
            self.cache.write_all(vec![self.vanished_rows(&before, &after)]).await?;
        }
        Ok(news)
    }

    /// A person gave it up.
    pub(crate) async fn drop_vanished(&self, entry: VanishedEntry) -> Result<()> {
        self.cache.write_all(vec![self.vanished_rows(&[entry], &[])]).await
    }

    /// The change that replaces the rows of `before` with those of `after`.
    pub(crate) fn vanished_rows(&self, before: &[VanishedEntry], after: &[VanishedEntry]) -> Change {
        let head = |entry: &VanishedEntry| entry.entry.head;
        let is_dropped = |entry: &&VanishedEntry| !after.iter().any(|other| head(other) == head(entry));
        let old_keys = before.iter().filter(is_dropped).map(|entry| self.vanished_key(entry)).collect();
        let is_new = |entry: &&VanishedEntry| !before.contains(entry);
        let new_rows = after.iter().filter(is_new).map(|entry| (self.vanished_key(entry), entry.to_bytes())).collect();
        (VANISHED, old_keys, new_rows)
    }

    fn vanished_key(&self, entry: &VanishedEntry) -> Vec<u8> {
        key(&[&self.deployment_key, entry.patient.as_slice(), entry.entry.head.as_slice()])
    }
}
