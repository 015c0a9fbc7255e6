//! A `hospital-record` store over [`ipfs_api_backend_hyper::IpfsClient`].
//!
//! ```no_run
//! # async fn example() -> Result<(), hospital_record::store::StoreError> {
//! use hospital_record::store::Store;
//! use hospital_record_ipfs_api_backend::IpfsApiStore;
//!
//! let store = IpfsApiStore::open("http://127.0.0.1:5001", std::time::Duration::from_secs(30))?;
//! println!("blocks live on {}", store.url());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::{collections::HashSet, fmt, io::Cursor, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cid::Cid;
use futures::{StreamExt, TryStreamExt};
use hospital_record::store::{Block, Blocks, MAX_BLOCK, Store, StoreError, checked, links};
use ipfs_api_backend_hyper::{
    BackendWithGlobalOptions, Error, GlobalOptions, IpfsApi, IpfsClient, TryFromUri, request::BlockPut,
};

/// The number of blocks sent at once: each takes its own request and connection.
const PARALLEL: usize = 8;
/// The wait beyond the node's own deadline for its answer about that deadline.
const GRACE: Duration = Duration::from_secs(2);

type Client = BackendWithGlobalOptions<IpfsClient>;

/// Blocks on a Kubo node.
pub struct IpfsApiStore {
    url: String,
    timeout: Duration,
    /// Asks the node only for blocks that it holds.
    local: Client,
    /// Lets the node ask its peers, for at most `timeout`.
    network: Client,
}

impl fmt::Debug for IpfsApiStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "IpfsApiStore({})", self.url)
    }
}

impl IpfsApiStore {
    /// The node whose RPC is at `url` (`http://host:port`, no TLS), with every block checked against its CID.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if the URL cannot be used.
    pub fn open(url: &str, timeout: Duration) -> Result<Arc<dyn Store>, StoreError> {
        let refused = |reason: String| StoreError::Refused { url: "(the given URL)".to_owned(), reason, source: None };
        let plain = url.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && !rest.contains(['@', '?', '#']));
        if !plain {
            return Err(refused(
                "write it as http://host:5001; this client has no TLS and takes no password".to_owned(),
            ));
        }
        let client = IpfsClient::from_str(url).map_err(|error| refused(error.to_string()))?;
        let offline = GlobalOptions { offline: Some(true), timeout: Some(timeout) };
        let online = GlobalOptions { offline: None, timeout: Some(timeout) };
        Ok(checked(Arc::new(Self {
            url: url.trim_end_matches('/').to_owned(),
            timeout,
            local: Client::new(client.clone(), offline),
            network: Client::new(client, online),
        })))
    }

    async fn within<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Failure> {
        match tokio::time::timeout(self.timeout + GRACE, work).await {
            Ok(result) => result.map_err(|error| self.failure(error)),
            Err(_) => Err(Failure::Store(StoreError::TimedOut { url: self.url.clone(), after: self.timeout })),
        }
    }

    fn failure(&self, error: Error) -> Failure {
        let url = self.url.clone();
        match error {
            Error::Client(error) => {
                Failure::Store(StoreError::Unreachable { url, reason: error.to_string(), source: None })
            }
            Error::Api(error) if error.message.contains("could not find") => Failure::Absent,
            Error::Api(error) if error.message.contains("deadline exceeded") => Failure::Absent,
            Error::Api(error) if error.message.contains("not pinned") => Failure::NotPinned,
            Error::Api(error) if error.message.contains("no space left") => Failure::Store(StoreError::Full { url }),
            error => Failure::Store(StoreError::Failed {
                url,
                reason: error.to_string().chars().take(300).collect(),
                source: None,
            }),
        }
    }

    async fn write(&self, block: Block) -> Result<(), StoreError> {
        let format = match block.cid.codec() {
            0x70 => "dag-pb",
            0x71 => "dag-cbor",
            _ => "raw",
        };
        let options = BlockPut { format: Some(format), mhtype: Some("sha2-256"), mhlen: None, pin: Some(false) };
        let put = self.local.block_put_with_options(Cursor::new(block.bytes), options);
        let answer = self.within(put).await.map_err(|failure| failure.of(block.cid))?;
        match answer.key.parse::<Cid>() {
            Ok(stored) if stored.hash() == block.cid.hash() => Ok(()),
            _ => Err(StoreError::Integrity { cid: block.cid, reason: format!("the node stored {}", answer.key) }),
        }
    }

    async fn read(&self, client: &Client, cid: &Cid) -> Result<Bytes, Failure> {
        let mut pieces = client.block_get(&cid.to_string());
        let whole = async {
            let mut whole = BytesMut::new();
            // One byte too many is enough for the later check to refuse it.
            while whole.len() <= MAX_BLOCK {
                let Some(piece) = pieces.try_next().await? else { break };
                whole.extend_from_slice(&piece);
            }
            Ok(whole.freeze())
        };
        self.within(whole).await
    }

    /// A block below `root` that the node does not hold.
    async fn missing_below(&self, root: &Cid) -> Result<Option<Cid>, StoreError> {
        let (mut seen, mut todo) = (HashSet::from([*root]), vec![*root]);
        while let Some(cid) = todo.pop() {
            if !self.has(&cid).await? {
                return Ok(Some(cid));
            }
            if cid.codec() == 0x55 {
                continue;
            }
            let bytes = self.read(&self.local, &cid).await.map_err(|failure| failure.of(cid))?;
            todo.extend(links(&cid, &bytes)?.into_iter().filter(|cid| seen.insert(*cid)));
        }
        Ok(None)
    }
}

enum Failure {
    Absent,
    NotPinned,
    Store(StoreError),
}

impl Failure {
    fn of(self, cid: Cid) -> StoreError {
        match self {
            Self::Absent | Self::NotPinned => StoreError::NotFound { cid },
            Self::Store(error) => error,
        }
    }
}

#[async_trait]
impl Store for IpfsApiStore {
    fn url(&self) -> &str {
        &self.url
    }

    async fn put(&self, blocks: Blocks<'_>) -> Result<u64, StoreError> {
        let writes = blocks.map(|block| async { self.write(block?).await }).buffer_unordered(PARALLEL);
        writes.try_fold(0, async |count, ()| Ok(count + 1)).await
    }

    async fn get(&self, cid: &Cid) -> Result<Bytes, StoreError> {
        match self.read(&self.local, cid).await {
            Err(Failure::Absent) => self.read(&self.network, cid).await.map_err(|failure| failure.of(*cid)),
            result => result.map_err(|failure| failure.of(*cid)),
        }
    }

    async fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        match self.within(self.local.block_stat(&cid.to_string())).await {
            Ok(_) => Ok(true),
            Err(Failure::Absent) => Ok(false),
            Err(failure) => Err(failure.of(*cid)),
        }
    }

    async fn pin(&self, root: &Cid) -> Result<(), StoreError> {
        match self.within(self.network.pin_add(&root.to_string(), true)).await {
            Ok(_) => Ok(()),
            Err(Failure::Absent) => match self.missing_below(root).await? {
                Some(cid) => Err(StoreError::NotFound { cid }),
                None => Err(StoreError::TimedOut { url: self.url.clone(), after: self.timeout }),
            },
            Err(failure) => Err(failure.of(*root)),
        }
    }

    async fn unpin(&self, root: &Cid) -> Result<(), StoreError> {
        match self.within(self.network.pin_rm(&root.to_string(), true)).await {
            Ok(_) | Err(Failure::NotPinned) => Ok(()),
            Err(failure) => Err(failure.of(*root)),
        }
    }
}
