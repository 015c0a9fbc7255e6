//! Checks of blocks, and the links of a block.

use cid::{Cid, Version};
use hospital_record_core::{
    id::{DAG_CBOR, DAG_PB, RAW},
    record::dag::{Node, parse_node},
};
use ipld_core::codec::Links;
use serde_ipld_dagcbor::codec::DagCborCodec;

use crate::{platform::digest::digest, store::error::StoreError};

/// The largest block in bytes: 2 MiB, the maximum that IPFS nodes exchange.
pub const MAX_BLOCK: usize = 2 << 20;

const SHA2_256: u64 = 0x12;

/// Checks that this crate uses CIDs of this kind. It sends no others to a store and takes no others from it.
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

/// Checks that `bytes` match `cid`.
pub(super) async fn check(cid: &Cid, bytes: &[u8]) -> Result<(), StoreError> {
    check_kind(cid)?;
    if bytes.len() > MAX_BLOCK {
        return Err(StoreError::Integrity { cid: *cid, reason: format!("{} bytes are more than 2 MiB", bytes.len()) });
    }
    if digest(bytes).await.as_bytes() != cid.hash().digest() {
        return Err(StoreError::Integrity { cid: *cid, reason: "its hash differs".to_owned() });
    }
    Ok(())
}

/// The links of a block of codec raw, dag-pb or dag-cbor. The caller has checked its bytes against the CID.
///
/// This is for stores that must check themselves whether a DAG is complete before they pin it.
///
/// # Errors
/// [`StoreError::Integrity`] if the bytes do not fit the codec, or are dag-pb but not a file of profile
/// `unixfs-v1-2025`.
pub fn links(cid: &Cid, bytes: &[u8]) -> Result<Vec<Cid>, StoreError> {
    let unreadable = |reason: String| StoreError::Integrity { cid: *cid, reason };
    match cid.codec() {
        DAG_PB => match parse_node(cid, bytes).map_err(|error| unreadable(error.to_string()))? {
            Node::Inner(links) => Ok(links.into_iter().map(|link| link.cid).collect()),
            Node::Leaf(_) => Ok(Vec::new()),
        },
        DAG_CBOR => Ok(DagCborCodec::links(bytes).map_err(|error| unreadable(error.to_string()))?.collect()),
        _ => Ok(Vec::new()),
    }
}
