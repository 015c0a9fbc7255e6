//! Re-encrypts a record under new keys, so that keys which a former reader kept do not open the new version.

use futures::TryStreamExt;
use tokio_util::io::StreamReader;

use crate::{
    acts::person::Person,
    base::{builder::with_fresh_keys, error::Result, progress::Reporter, record_ref::RecordRef},
    records::{add::Added, details::Details, open, replace, source::Source},
};

pub(crate) async fn reencrypt(person: &Person, record: &RecordRef) -> Result<Added> {
    person.can_pay(1).await?;
    with_fresh_keys!(reencrypt_once(person, record).await)
}

async fn reencrypt_once(person: &Person, record: &RecordRef) -> Result<Added> {
    let old = open::open(person, record).unlogged().prepare().await?;
    let content = old.content(&person.stores)?.map_err(std::io::Error::other);
    let mut source = Source::reader(old.metadata().name.clone(), StreamReader::new(content));
    let author = Some(old.author());
    replace::put_in_place(person, record, author, &mut source, &Details::default(), &Reporter::default()).await
}
