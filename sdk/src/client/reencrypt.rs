//! A record under new keys: what a reader who is gone may have kept opens it no longer.

use futures::TryStreamExt;
use tokio_util::io::StreamReader;

use super::{Added, Client, write::Details};
use crate::{Result, progress::Reporter, record_ref::RecordRef, source::Source};

impl Client {
    /// Encrypts a record's content again under a new key, for those who may read its folder now, and supersedes the
    /// old record. The old ciphertext stays where others keep it, and opens for whoever has its key.
    pub async fn reencrypt(&self, record: &RecordRef) -> Result<Added> {
        self.can_pay(1).await?;
        let mut attempt = 1;
        loop {
            let opened = self.open(record).unlogged().prepare().await?;
            let content = opened.content(self.system().stores())?.map_err(std::io::Error::other);
            let mut source = Source::reader(opened.metadata.name.clone(), StreamReader::new(content));
            match self.put_in_place(record, &mut source, &Details::default(), &Reporter::default()).await {
                Err(error) if error.is_stale_keys() && attempt < super::write::ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }
}
