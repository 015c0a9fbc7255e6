//! Blocks, their hashes and their links.

use bytes::Bytes;
use cid::{Cid, Version, multihash::Multihash};
use ipld_core::codec::Links;
use ipld_dagpb::DagPbCodec;
use serde_ipld_dagcbor::codec::DagCborCodec;
use sha2::{Digest, Sha256};

use super::StoreError;

/// The largest block in bytes, 2 MiB: what IPFS nodes pass on to each other.
pub const MAX_BLOCK: usize = 2 << 20;

pub(super) const RAW: u64 = 0x55;
pub(super) const DAG_PB: u64 = 0x70;
pub(super) const DAG_CBOR: u64 = 0x71;
const SHA2_256: u64 = 0x12;

/// Bytes and the CID they hash to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// CIDv1 with SHA2-256, codec raw, dag-pb or dag-cbor.
    pub cid: Cid,
    /// At most [`MAX_BLOCK`] bytes.
    pub bytes: Bytes,
}

impl Block {
    /// The block of codec raw that holds `bytes`.
    pub fn raw(bytes: impl Into<Bytes>) -> Self {
        Self::new(RAW, bytes.into())
    }

    pub(super) fn new(codec: u64, bytes: Bytes) -> Self {
        let hash = Multihash::wrap(SHA2_256, &Sha256::digest(&bytes)).unwrap_or_default();
        Self { cid: Cid::new_v1(codec, hash), bytes }
    }
}

/// Whether `cid` is of a kind that is used here; nothing else is asked of a store or taken from it.
pub(super) fn check_kind(cid: &Cid) -> Result<(), StoreError> {
    let hash = cid.hash();
    let reason = if cid.version() != Version::V1 {
        "only CIDs of version 1 are used"
    } else if hash.code() != SHA2_256 || hash.size() != 32 {
        "only SHA2-256 is used"
    } else if ![RAW, DAG_PB, DAG_CBOR].contains(&cid.codec()) {
        "only the codecs raw, dag-pb and dag-cbor are used"
    } else {
        return Ok(());
    };
    Err(StoreError::Integrity { cid: *cid, reason: reason.to_owned() })
}

/// Whether `bytes` are those that `cid` names.
pub(super) fn check(cid: &Cid, bytes: &[u8]) -> Result<(), StoreError> {
    check_kind(cid)?;
    if bytes.len() > MAX_BLOCK {
        return Err(StoreError::Integrity { cid: *cid, reason: format!("{} bytes are more than 2 MiB", bytes.len()) });
    }
    if Sha256::digest(bytes).as_slice() != cid.hash().digest() {
        return Err(StoreError::Integrity { cid: *cid, reason: "its hash differs".to_owned() });
    }
    Ok(())
}

/// What a block links to; `bytes` have been [checked](check).
pub(super) fn links(cid: &Cid, bytes: &[u8]) -> Result<Vec<Cid>, StoreError> {
    let unreadable = |reason: String| StoreError::Integrity { cid: *cid, reason };
    match cid.codec() {
        DAG_PB => Ok(DagPbCodec::links(bytes).map_err(|error| unreadable(error.to_string()))?.collect()),
        DAG_CBOR => Ok(DagCborCodec::links(bytes).map_err(|error| unreadable(error.to_string()))?.collect()),
        _ => Ok(Vec::new()),
    }
}
