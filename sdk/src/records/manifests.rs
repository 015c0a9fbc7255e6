//! Fetches manifests, the signed blocks at the roots of records, in pages.

use bytes::Bytes;
use futures::{StreamExt, stream};
use hospital_record_core::{block::Body, id::Digest, record::manifest::Manifest};

use crate::{
    acts::person::Person,
    base::error::{Result, fail},
    platform::cache::BLOCKS,
};

/// The manifests with these digests, in the same order. Each is fetched at most once and cached on disk.
pub(crate) async fn manifests(person: &Person, digests: &[Digest]) -> Result<Vec<Result<Bytes>>> {
    let cached = person.cache.get_many(BLOCKS, digests.iter().map(|digest| digest.0.to_vec()).collect()).await?;
    let fetches = cached.into_iter().zip(digests.to_vec()).map(|(cached, digest)| async move {
        match cached {
            Some(bytes) => (false, Ok(bytes.into())),
            None => (true, fetch_manifest(person, digest).await),
        }
    });
    let manifests: Vec<(bool, Result<Bytes>)> = stream::iter(fetches).buffered(16).collect().await;
    let new = |((new, bytes), digest): (&(bool, Result<Bytes>), &Digest)| {
        bytes.as_ref().ok().filter(|_| *new).map(|bytes| (digest.0.to_vec(), bytes.to_vec()))
    };
    person.cache.write(BLOCKS, Vec::new(), manifests.iter().zip(digests).filter_map(new).collect()).await?;
    Ok(manifests.into_iter().map(|(_, bytes)| bytes).collect())
}

async fn fetch_manifest(person: &Person, digest: Digest) -> Result<Bytes> {
    let bytes = person.stores.get(&digest.dag_cbor_cid()).await?;
    // A record can name any block as its manifest, so a block that is too large is not cached.
    match bytes.len() > Manifest::MAX {
        true => fail!(Integrity, "a manifest is too large"),
        false => Ok(bytes),
    }
}
