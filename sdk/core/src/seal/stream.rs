//! Content encryption: Google Tink's `AES256_GCM_HKDF_1MB` streaming format, byte for byte.
//!
//! Source: <https://developers.google.com/tink/streaming-aead/aes_gcm_hkdf_streaming>, after Hoang, Reyhanitabar,
//! Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance" (2015).
//! A stream is `0x28 | salt[32] | prefix[7]` and then segments of 1 MiB *including* their 16-byte tag; the first is
//! shorter by the header, so that every block of the stream is 1 MiB. The segment key is
//! `HKDF-SHA256(ikm = content key, salt, info = "", 32)`, the nonce `prefix | u32be segment | last ? 1 : 0`.
//!
//! Every block is sealed and opened independently, in any order. No plaintext is returned before its tag was checked.
//! [`seal`] and [`open`] do whole streams in memory.

use std::ops::Range;

use aes_gcm::Aes256Gcm;
use zeroize::{Zeroize, Zeroizing};

pub use super::content_key::{ContentKey, StreamHeader, tink_keyset_json};
use super::gcm;
use crate::error::SealError;

/// Bytes of every block of a stream but the last.
pub const SEGMENT: usize = 1 << 20;
/// Bytes of the header before the first segment.
pub const HEADER: usize = 40;
/// Bytes of the authentication tag at the end of every segment.
pub const TAG: usize = 16;
/// Plaintext bytes of every segment but the first and the last.
pub const PLAIN_SEGMENT: usize = SEGMENT - TAG;
/// The maximum number of plaintext bytes in 2^32 segments.
pub const MAX_PLAINTEXT: u64 = (1 << 32) * PLAIN_SEGMENT as u64 - HEADER as u64;

/// The bytes before the ciphertext in block `index`: the header in the first block, none in the others.
pub const fn lead(index: u32) -> usize {
    if index == 0 { HEADER } else { 0 }
}

/// The plaintext bytes of segment `index` if it is full. The last segment may end earlier.
pub const fn plaintext_range(index: u32) -> Range<u64> {
    let start = index as u64 * PLAIN_SEGMENT as u64;
    start.saturating_sub(HEADER as u64)..start + PLAIN_SEGMENT as u64 - HEADER as u64
}

/// The segment that holds the plaintext byte at `offset`, which is below [`MAX_PLAINTEXT`].
pub const fn segment_of(offset: u64) -> u32 {
    (offset.saturating_add(HEADER as u64) / PLAIN_SEGMENT as u64) as u32
}

/// Segments, hence blocks, of a stream of `plain_len` bytes: at least one.
pub const fn segment_count(plain_len: u64) -> u64 {
    plain_len.saturating_add(HEADER as u64).div_ceil(PLAIN_SEGMENT as u64)
}

/// Bytes of the whole stream, header and tags included, of `plain_len` bytes.
pub const fn ciphertext_len(plain_len: u64) -> u64 {
    plain_len.saturating_add(HEADER as u64).saturating_add(segment_count(plain_len).saturating_mul(TAG as u64))
}

/// What another AES-256-GCM needs for one segment, without additional data: a platform may have a faster one. The block is
/// `lead`, then what that cipher makes of the plaintext, then its tag of 16 bytes.
#[derive(Debug)]
pub struct SegmentFrame<'a> {
    /// What the block begins with.
    pub lead: &'a [u8],
    /// The nonce.
    pub nonce: [u8; gcm::NONCE],
}

/// Seals segments independently, in any order, on any thread.
///
/// A segment number must never be used for two plaintexts with one key and header: that reveals both. Start again with
/// a new [`ContentKey`] and [`StreamHeader`] instead.
pub struct StreamSealer {
    cipher: Aes256Gcm,
    header: StreamHeader,
}

impl StreamSealer {
    /// Derives the segment key.
    pub fn new(key: &ContentKey, header: StreamHeader) -> Self {
        Self { cipher: header.cipher(key), header }
    }

    /// Seals one segment into its block; block 0 begins with the header.
    ///
    /// # Errors
    /// [`SealError::SegmentLength`] if `plain` is too long, or not full but not the last, or empty but not the first.
    pub fn seal(&self, index: u32, last: bool, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = Vec::with_capacity(lead(index) + plain.len() + TAG);
        buffer.resize(lead(index), 0);
        buffer.extend_from_slice(plain);
        self.seal_in_place(index, last, &mut buffer)?;
        Ok(buffer)
    }

    /// Like [`seal`](Self::seal) without a copy: `buffer` holds [`lead`]`(index)` bytes of any value and then the
    /// plaintext, and becomes the block. A capacity of [`SEGMENT`] avoids a reallocation.
    ///
    /// # Errors
    /// As [`seal`](Self::seal); the buffer is then unchanged.
    pub fn seal_in_place(&self, index: u32, last: bool, buffer: &mut Vec<u8>) -> Result<(), SealError> {
        let SegmentFrame { lead: header, nonce } = self.frame(index, last, buffer.len().saturating_sub(lead(index)))?;
        if let Some(start) = buffer.get_mut(..header.len()) {
            start.copy_from_slice(header);
        }
        gcm::encrypt(&self.cipher, &nonce, buffer, lead(index)).map_err(|()| SealError::Segment { index })
    }

    /// How another cipher seals so many bytes of plaintext to the same block.
    ///
    /// # Errors
    /// [`SealError::SegmentLength`] as [`seal`](Self::seal).
    pub fn frame(&self, index: u32, last: bool, plain: usize) -> Result<SegmentFrame<'_>, SealError> {
        check_length(index, last, plain.saturating_add(lead(index)).saturating_add(TAG))?;
        Ok(self.header.frame(index, last))
    }
}

/// Opens segments independently, in any order, on any thread.
pub struct StreamOpener {
    cipher: Aes256Gcm,
    header: StreamHeader,
}

impl StreamOpener {
    /// Derives the segment key.
    pub fn new(key: &ContentKey, header: StreamHeader) -> Self {
        Self { cipher: header.cipher(key), header }
    }

    /// Opens one block. `last` says whether it is the stream's last, which follows from the plaintext's size.
    ///
    /// # Errors
    /// [`SealError::SegmentLength`], [`SealError::HeaderMismatch`] for block 0, [`SealError::Segment`].
    pub fn open(&self, index: u32, last: bool, block: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = block.to_vec();
        self.open_in_place(index, last, &mut buffer)?;
        Ok(buffer)
    }

    /// Like [`open`](Self::open) without a copy: `buffer` holds the block and becomes the plaintext.
    ///
    /// # Errors
    /// As [`open`](Self::open); the buffer is then empty.
    pub fn open_in_place(&self, index: u32, last: bool, buffer: &mut Vec<u8>) -> Result<(), SealError> {
        let SegmentFrame { nonce, .. } = match self.frame(index, last, buffer) {
            Ok(frame) => frame,
            Err(error) => {
                buffer.zeroize();
                return Err(error);
            }
        };
        gcm::decrypt(&self.cipher, &nonce, buffer, lead(index)).map_err(|()| SealError::Segment { index })?;
        buffer.drain(..lead(index));
        Ok(())
    }

    /// How another cipher opens this block, after its lead.
    ///
    /// # Errors
    /// [`SealError::SegmentLength`], and [`SealError::HeaderMismatch`] for block 0.
    pub fn frame(&self, index: u32, last: bool, block: &[u8]) -> Result<SegmentFrame<'_>, SealError> {
        check_length(index, last, block.len())?;
        match block.first_chunk::<HEADER>() {
            Some(header) if index == 0 && header != self.header.as_bytes() => Err(SealError::HeaderMismatch),
            _ => Ok(self.header.frame(index, last)),
        }
    }
}

impl StreamHeader {
    fn frame(&self, index: u32, last: bool) -> SegmentFrame<'_> {
        let lead = self.as_bytes().get(..lead(index)).unwrap_or_default();
        SegmentFrame { lead, nonce: self.nonce(index, last) }
    }
}

fn check_length(index: u32, last: bool, block: usize) -> Result<(), SealError> {
    let (fits, expected) = match (last, index) {
        (false, _) => (block == SEGMENT, "1,048,576, as others follow"),
        (true, 0) => ((HEADER + TAG..=SEGMENT).contains(&block), "56 to 1,048,576"),
        // Tink writes no empty segment after a full one, so there is only one encoding.
        (true, _) => ((TAG + 1..=SEGMENT).contains(&block), "17 to 1,048,576"),
    };
    if fits { Ok(()) } else { Err(SealError::SegmentLength { index, found: block, expected }) }
}

/// Seals a whole plaintext in memory with a new header. Never seal twice with one key.
///
/// # Errors
/// [`SealError::Randomness`].
pub fn seal(key: &ContentKey, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    seal_with_header(key, StreamHeader::random()?, plain)
}

pub(crate) fn seal_with_header(key: &ContentKey, header: StreamHeader, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let sealer = StreamSealer::new(key, header);
    let (first, rest) = plain.split_at_checked(PLAIN_SEGMENT - HEADER).unwrap_or((plain, &[]));
    let mut output = sealer.seal(0, rest.is_empty(), first)?;
    let mut chunks = (1..).zip(rest.chunks(PLAIN_SEGMENT)).peekable();
    while let Some((index, chunk)) = chunks.next() {
        output.extend(sealer.seal(index, chunks.peek().is_none(), chunk)?);
    }
    Ok(output)
}

/// Opens a whole stream in memory: all of it or nothing.
///
/// # Errors
/// Any of [`StreamOpener::open`]; [`SealError::Header`] if there is no header.
pub fn open(key: &ContentKey, stream: &[u8]) -> Result<Vec<u8>, SealError> {
    let header = StreamHeader::from_bytes(stream.get(..HEADER).unwrap_or(stream))?;
    let opener = StreamOpener::new(key, header);
    let mut output = Zeroizing::new(Vec::with_capacity(stream.len()));
    let mut blocks = (0..).zip(stream.chunks(SEGMENT)).peekable();
    while let Some((index, block)) = blocks.next() {
        let plain = Zeroizing::new(opener.open(index, blocks.peek().is_none(), block)?);
        output.extend_from_slice(&plain);
    }
    Ok(std::mem::take(&mut *output))
}
