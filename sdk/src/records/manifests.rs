//! The signed blocks at the roots of records, many at once.

use bytes::Bytes;
use futures::{StreamExt, stream};
use hospital_record_core::{block::Body, id::Digest, record::manifest::Manifest};

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
    platform::cache::BLOCKS,
};

/// The manifests with these digests, in their order, each asked for once; what was fetched is kept on disk.
pub(crate) async fn manifests(person: &Person, digests: &[Digest]) -> Result<Vec<Result<Bytes>>> {
    let known = person.cache().get_many(BLOCKS, digests.iter().map(|digest| digest.0.to_vec()).collect()).await?;
    let fetches = known.into_iter().zip(digests.to_vec()).map(|(known, digest)| async move {
        match known {
            Some(bytes) => (false, Ok(bytes.into())),
            None => (true, fetch_manifest(person, digest).await),
        }
    });
    let found: Vec<(bool, Result<Bytes>)> = stream::iter(fetches).buffered(16).collect().await;
    let new = |((new, bytes), digest): (&(bool, Result<Bytes>), &Digest)| {
        bytes.as_ref().ok().filter(|_| *new).map(|bytes| (digest.0.to_vec(), bytes.to_vec()))
    };
    person.cache().write(BLOCKS, Vec::new(), found.iter().zip(digests).filter_map(new).collect()).await?;
    Ok(found.into_iter().map(|(_, bytes)| bytes).collect())
}

async fn fetch_manifest(person: &Person, digest: Digest) -> Result<Bytes> {
    let bytes = person.stores().get(&digest.dag_cbor_cid()).await?;
    // Anything may be called a manifest; what is too large for one is not kept.
    match bytes.len() > Manifest::MAX {
        true => Err(Error::Integrity("a manifest is too large".into())),
        false => Ok(bytes),
    }
}
