//! A record under new keys: what a reader who is gone may have kept opens it no longer.

use futures::TryStreamExt;
use tokio_util::io::StreamReader;

use crate::{
    base::{builder::with_fresh_keys, error::Result, progress::Reporter, record_ref::RecordRef},
    client::Client,
    records::{add::Added, details::Details, source::Source},
};

impl Client {
    /// Encrypts a record's content again under a new key, for those who may read its folder now, and supersedes the
    /// old record. The old ciphertext stays where others keep it, and opens for whoever has its key.
    pub async fn reencrypt(&self, record: &RecordRef) -> Result<Added> {
        self.can_pay(1).await?;
        with_fresh_keys!(self.reencrypt_once(record).await)
    }

    async fn reencrypt_once(&self, record: &RecordRef) -> Result<Added> {
        let opened = self.open(record).unlogged().prepare().await?;
        let content = opened.content(self.system().stores())?.map_err(std::io::Error::other);
        let mut source = Source::reader(opened.metadata().name.clone(), StreamReader::new(content));
        let author = Some(opened.author());
        self.put_in_place(record, author, &mut source, &Details::default(), &Reporter::default()).await
    }
}
