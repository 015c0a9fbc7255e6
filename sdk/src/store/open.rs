//! Opens a store by its URL.

use std::sync::Arc;

use crate::store::{
    checked::checked,
    error::StoreError,
    gateway, node, object,
    options::StoreOptions,
    place::{self, StoreUrl},
    seam::Store,
};

/// Opens the store that `url` names. It checks every block.
///
/// | URL | store |
/// |---|---|
/// | `memory:` | a new, empty store that lives as long as the returned handle |
/// | `file:///path` | a directory, created readable by its owner alone; `%23` stands for `#` in its name, `%20` for a space |
/// | `s3://bucket/prefix` | a bucket of an S3 server; its key is in [`StoreOptions`]. Only with the feature `s3` |
/// | `kubo+http://host:5001`, `kubo+https://…` | the RPC of a Kubo node; `user:password@` for basic authorisation |
/// | `gateway+https://host`, `gateway+http://…` | an IPFS trustless gateway, which is read-only: blocks are at `/ipfs/CID` below the URL |
/// | `node+https://host` | a hospital's node: it is read as a gateway, and written on behalf of an account. `node+http://` only on this machine |
///
/// A gateway and a node take no user name, password or token, and no `?` or `#`.
///
/// This makes no connection yet.
///
/// # Errors
/// [`StoreError::Url`] if the URL or the options are invalid, [`StoreError::Refused`] if a directory cannot be used.
pub fn open(url: &str, options: &StoreOptions) -> Result<Arc<dyn Store>, StoreError> {
    let place: StoreUrl = url.parse()?;
    options.check(&place)?;
    let store: Arc<dyn Store> = match &place.0 {
        place::Kind::Memory => Arc::new(object::Objects::memory()),
        #[cfg(not(target_family = "wasm"))]
        place::Kind::Directory(path) => Arc::new(object::Objects::directory(path, options)?),
        #[cfg(feature = "s3")]
        place::Kind::Bucket { bucket, prefix } => {
            Arc::new(object::Objects::bucket(place.to_string(), bucket, prefix, options)?)
        }
        #[cfg(not(feature = "s3"))]
        place::Kind::Bucket { .. } => {
            let reason = "this program was built without buckets: build it with the feature `s3`".to_owned();
            return Err(StoreError::Url { url: place.to_string(), reason });
        }
        #[cfg(not(target_family = "wasm"))]
        place::Kind::Kubo(url) => Arc::new(crate::store::kubo::Kubo::new(url, options)?),
        #[cfg(target_family = "wasm")]
        place::Kind::Directory(_) | place::Kind::Kubo(_) => {
            let reason = "a browser has no directories, and Kubo's RPC is not for browsers: name a node".to_owned();
            return Err(StoreError::Url { url: place.to_string(), reason });
        }
        place::Kind::Gateway(url) => Arc::new(gateway::Gateway::new(place.to_string(), url, options)),
        place::Kind::Node(url) => Arc::new(node::Node::new(place.to_string(), url, options)),
    };
    Ok(checked(store))
}
