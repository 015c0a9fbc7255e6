//! Blocks as one stream of bytes: a CAR file of version 1 (<https://ipld.io/specs/transport/car/carv1/>).

use std::{fmt, io};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use cid::Cid;
use futures::{StreamExt, TryStreamExt, future::ready, stream};
use hospital_record_core::record::dag::Block;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{SeqAccess, Visitor},
};
use unsigned_varint::{decode, encode};

use crate::{
    base::task::{BoxStream, StreamInBox},
    store::{
        dag::{self, MAX_BLOCK},
        error::StoreError,
        seam::Blocks,
    },
};

/// The longest header in bytes: some hundred roots.
const LONGEST_HEADER: usize = 4 << 10;
/// The longest section in bytes: a CID and a block.
const LONGEST_SECTION: usize = MAX_BLOCK + 100;
/// The longest length that a CAR has, in bytes (<https://github.com/multiformats/unsigned-varint>).
const LONGEST_VARINT: usize = 9;

/// Why bytes are no CAR that this crate reads. It is the cause of a [`StoreError::Input`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CarError {
    /// The bytes end before the header does, or inside a block.
    #[error("the CAR breaks off; send it again")]
    Truncated,
    /// A length does not end after 9 bytes, or is longer than it need be.
    #[error("the CAR has a length that is no varint; write it as CAR version 1 says")]
    Varint,
    /// The header is longer than 4 KiB.
    #[error("the header of the CAR is longer than 4 KiB; name fewer roots")]
    LongHeader,
    /// The header is not dag-cbor with `roots` and `version`.
    #[error("the header of the CAR cannot be read; write it as CAR version 1 says")]
    Header,
    /// The CAR has another version than 1.
    #[error("the CAR has version {0}; write version 1")]
    Version(u64),
    /// The bytes before a block are no CID.
    #[error("a block of the CAR has no valid CID; write it as CAR version 1 says")]
    Cid,
    /// A block is longer than [`MAX_BLOCK`].
    #[error("a block of the CAR is longer than 2 MiB; split it")]
    LongBlock,
}

impl From<CarError> for StoreError {
    fn from(error: CarError) -> Self {
        Self::Input(Box::new(error))
    }
}

/// Writes blocks as a CAR with these roots. An error among the blocks ends it.
///
/// An error of [`CarError::LongHeader`] comes first if there are too many roots.
pub fn write_car<'a>(roots: &[Cid], blocks: Blocks<'a>) -> BoxStream<'a, Result<Bytes, StoreError>> {
    let sections = blocks
        .map_ok(|block| stream::iter([Ok::<_, StoreError>(section_start(&block)), Ok(block.bytes)]))
        .try_flatten();
    let pieces = stream::iter([header(roots)]).chain(sections);
    let until_error = pieces.scan(false, |failed, piece| {
        let is_over = *failed;
        *failed = piece.is_err();
        ready((!is_over).then_some(piece))
    });
    until_error.in_box()
}

fn header(roots: &[Cid]) -> Result<Bytes, StoreError> {
    #[derive(Serialize)]
    struct Header<'a> {
        roots: &'a [Cid],
        version: u64,
    }
    let header = serde_ipld_dagcbor::to_vec(&Header { roots, version: 1 }).map_err(|_| CarError::Header)?;
    match header.len() > LONGEST_HEADER {
        true => Err(CarError::LongHeader.into()),
        false => Ok(with_length(header.len(), &header)),
    }
}

/// What stands before the bytes of a block.
fn section_start(block: &Block) -> Bytes {
    let cid = block.cid.to_bytes();
    with_length(cid.len() + block.bytes.len(), &cid)
}

fn with_length(length: usize, bytes: &[u8]) -> Bytes {
    let mut buffer = encode::usize_buffer();
    let length = encode::usize(length, &mut buffer);
    let mut whole = BytesMut::with_capacity(length.len() + bytes.len());
    whole.put_slice(length);
    whole.put_slice(bytes);
    whole.freeze()
}

/// Reads the blocks of a CAR as its bytes arrive, and checks each against its CID. At most one block is in memory.
///
/// Its roots are not returned, and need not be among the blocks. A CAR does not say how many blocks it has: one that
/// breaks off between two of them reads as a shorter one.
///
/// The stream ends with the first error: [`StoreError::Integrity`] for a block that is not what its CID says, or whose
/// CID is of a kind that this crate never uses; [`StoreError::Input`] with a [`CarError`], or with an error of `bytes`.
pub fn read_car(bytes: BoxStream<'_, io::Result<Bytes>>) -> Blocks<'_> {
    let reader = Reader { bytes, unread: Bytes::new(), is_begun: false };
    let blocks = stream::try_unfold(reader, |mut reader| async move {
        if !reader.is_begun {
            reader.header().await?;
        }
        Ok(reader.block().await?.map(|block| (block, reader)))
    });
    blocks.in_box()
}

struct Reader<'a> {
    bytes: BoxStream<'a, io::Result<Bytes>>,
    /// The rest of what arrived last.
    unread: Bytes,
    /// Whether the header was read.
    is_begun: bool,
}

impl Reader<'_> {
    async fn header(&mut self) -> Result<(), StoreError> {
        let length = self.length().await?.ok_or(CarError::Truncated)?;
        let length = within(length, LONGEST_HEADER).ok_or(CarError::LongHeader)?;
        let header = self.take(length).await?;
        let header: Header = serde_ipld_dagcbor::from_slice(&header).map_err(|_| CarError::Header)?;
        self.is_begun = true;
        match (header.version, header.roots) {
            (1, Some(Roots)) => Ok(()),
            (1, None) => Err(CarError::Header.into()),
            (version, _) => Err(CarError::Version(version).into()),
        }
    }

    /// The next block; `None` at the end.
    async fn block(&mut self) -> Result<Option<Block>, StoreError> {
        let Some(length) = self.length().await? else { return Ok(None) };
        let length = within(length, LONGEST_SECTION).ok_or(CarError::LongBlock)?;
        let mut section = self.take(length).await?;
        let mut rest = &section[..];
        let cid = Cid::read_bytes(&mut rest).map_err(|_| CarError::Cid)?;
        let start = length - rest.len();
        let bytes = section.split_off(start);
        if bytes.len() > MAX_BLOCK {
            return Err(CarError::LongBlock.into());
        }
        dag::check(&cid, &bytes).await?;
        Ok(Some(Block { cid, bytes }))
    }

    /// The next length; `None` if nothing follows.
    async fn length(&mut self) -> Result<Option<u64>, StoreError> {
        let mut varint = Vec::with_capacity(LONGEST_VARINT);
        while self.has_more().await? {
            let byte = self.unread.get_u8();
            varint.push(byte);
            if decode::is_last(byte) || varint.len() == LONGEST_VARINT {
                let (length, _) = decode::u64(&varint).map_err(|_| CarError::Varint)?;
                return Ok(Some(length));
            }
        }
        match varint.is_empty() {
            true => Ok(None),
            false => Err(CarError::Truncated.into()),
        }
    }

    /// The next bytes. Memory is taken as they arrive, not as their length is claimed.
    async fn take(&mut self, length: usize) -> Result<Bytes, StoreError> {
        let mut taken = BytesMut::new();
        while taken.len() < length {
            if !self.has_more().await? {
                return Err(CarError::Truncated.into());
            }
            let piece = self.unread.len().min(length - taken.len());
            taken.extend_from_slice(&self.unread.split_to(piece));
        }
        Ok(taken.freeze())
    }

    /// Waits until something is unread; false at the end.
    async fn has_more(&mut self) -> Result<bool, StoreError> {
        while self.unread.is_empty() {
            match self.bytes.next().await {
                Some(bytes) => self.unread = bytes.map_err(|error| StoreError::Input(Box::new(error)))?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn within(length: u64, most: usize) -> Option<usize> {
    usize::try_from(length).ok().filter(|length| *length <= most)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// A header of version 2 has none.
    roots: Option<Roots>,
    version: u64,
}

/// Valid roots, which are not kept.
struct Roots;

impl<'de> Deserialize<'de> for Roots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Roots;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of CIDs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut roots: A) -> Result<Roots, A::Error> {
                while roots.next_element::<Cid>()?.is_some() {}
                Ok(Roots)
            }
        }
        deserializer.deserialize_seq(Each)
    }
}

#[cfg(test)]
mod tests;
