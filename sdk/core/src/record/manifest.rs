//! Manifests: the signed block at the root of a record. Its digest is the record's id.

use std::ops::Range;

use cid::Cid;
use serde::{Deserialize, Serialize};

use super::dag::{self, LeafWalker};
use super::metadata::{Metadata, SealedMetadata};
use crate::block::{self, Block, Body, sealed::Checked};
use crate::error::{BlockError, DagError, SealError};
use crate::id::{Account, DAG_PB, Deployment, Digest, Epoch, Folder, RAW};
use crate::identity::ProfileKeys;
use crate::seal::lock::{Lock, LockContext};
use crate::seal::stream::{self, ContentKey, MAX_PLAINTEXT, StreamHeader};

/// The maximum number of locks of a record.
pub const MAX_LOCKS: usize = 32;

/// The body of a block of kind `manifest`. Its author is the block's issuer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The patient whose record it is.
    pub patient: Account,
    /// The folder that contains it.
    pub folder: Folder,
    /// Root of the ciphertext's DAG.
    pub content: Cid,
    /// Bytes of the plaintext.
    pub size: u64,
    /// The ciphertext's first 40 bytes, so that a range needs no first block.
    pub header: StreamHeader,
    /// [`ContentKey::commitment`].
    #[serde(with = "serde_bytes")]
    pub commitment: [u8; 32],
    /// The sealed metadata.
    pub metadata: SealedMetadata,
    /// The locks, each of which holds the content key: 1 to 32.
    pub locks: Vec<Lock>,
}

impl Body for Manifest {
    const KIND: &'static str = "manifest";
    const MAX: usize = 64 << 10;
}

impl Checked for Manifest {
    fn check(&self, _: Deployment, _: Account) -> Result<(), BlockError> {
        let codec = if self.segment_count() == 1 { RAW } else { DAG_PB };
        let rules = [
            (self.size <= MAX_PLAINTEXT, "its content is larger than a stream can be"),
            (Digest::of_cid(codec, &self.content).is_some(), "its content's CID does not fit its size"),
            ((1..=MAX_LOCKS).contains(&self.locks.len()), "it has no lock or more than 32"),
            (self.metadata.has_a_possible_length(), "its metadata are not padded to a multiple of 512 bytes"),
        ];
        let broken = rules.into_iter().find(|(holds, _)| !holds);
        broken.map_or(Ok(()), |(_, reason)| Err(BlockError::Invalid { kind: Self::KIND, reason }))
    }
}

impl Manifest {
    /// Signs the manifest as its author, whose profile block has digest `profile`. The block's digest is the record's id.
    ///
    /// # Errors
    /// See [`block::sign`].
    pub fn sign(self, deployment: Deployment, profile: Digest, keys: &ProfileKeys) -> Result<Block, BlockError> {
        block::sign(deployment, profile, self, keys)
    }

    /// The context of this manifest's locks. The caller has compared patient, author and folder with those on chain.
    pub fn lock_context(&self, deployment: Deployment, author: Account, epoch: Epoch) -> LockContext {
        let Self { patient, folder, commitment, .. } = *self;
        LockContext { deployment, patient, author, folder, epoch, commitment }
    }

    /// Opens the metadata.
    ///
    /// # Errors
    /// See [`SealedMetadata::open`].
    pub fn open_metadata(&self, key: &ContentKey) -> Result<Metadata, SealError> {
        self.metadata.open(key, &self.header)
    }

    /// The number of blocks of the ciphertext, which are its segments and the leaves of its DAG.
    pub fn segment_count(&self) -> u64 {
        stream::segment_count(self.size)
    }

    /// Bytes of the ciphertext.
    pub fn ciphertext_len(&self) -> u64 {
        stream::ciphertext_len(self.size)
    }

    /// A walker over the leaves that hold these plaintext bytes. It accepts no DAG of another size.
    ///
    /// # Errors
    /// [`DagError::Range`] if the range is not within the content.
    pub fn leaves(&self, plain: Range<u64>) -> Result<LeafWalker, DagError> {
        if plain.start > plain.end || plain.end > self.size {
            return Err(DagError::Range { start: plain.start, end: plain.end, total: self.size });
        }
        let first = u64::from(stream::segment_of(plain.start));
        let last = u64::from(stream::segment_of(plain.end.saturating_sub(1).max(plain.start)));
        let end = (last + 1).saturating_mul(dag::LEAF).min(self.ciphertext_len());
        LeafWalker::range(self.content, self.ciphertext_len(), (first * dag::LEAF).min(end)..end)
    }
}
