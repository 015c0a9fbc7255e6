//! The key and the public header of one record's stream.

use std::fmt;
use std::ops::Range;

use aes_gcm::Aes256Gcm;
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::context::hkdf;
use super::gcm;
use super::stream::HEADER;
use crate::error::SealError;

const SALT: Range<usize> = 1..33;
const PREFIX: Range<usize> = 33..40;

/// The key of one record's content. Each attempt to encrypt uses a new random key. It is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ContentKey([u8; 32]);

impl ContentKey {
    /// Generates a random key.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn random() -> Result<Self, SealError> {
        gcm::random().map(|bytes| Self(*bytes))
    }

    /// Takes an existing key.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The key itself, to seal it to an account. Do not print it.
    pub fn expose_secret(&self) -> &[u8; 32] {
        &self.0
    }

    /// The manifest's commitment to the key. With AES-GCM alone, one ciphertext could open with two keys.
    /// `HKDF-SHA256(ikm = key, salt = "", info = "hospital-record/v1/commit", 32)`.
    pub fn commitment(&self) -> [u8; 32] {
        *hkdf(&self.0, &[], b"hospital-record/v1/commit")
    }

    /// The key of the record's metadata: `HKDF-SHA256(ikm = key, salt = the header's, info = "metadata", 32)`.
    pub fn metadata_key(&self, header: &StreamHeader) -> Zeroizing<[u8; 32]> {
        hkdf(&self.0, header.part(SALT), b"metadata")
    }
}

/// The first 40 bytes of a stream: `0x28 | salt[32] | nonce prefix[7]`. Public.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "ByteArray<HEADER>", into = "ByteArray<HEADER>")]
pub struct StreamHeader([u8; HEADER]);

impl StreamHeader {
    /// Generates a random salt and prefix. A header must never be used for two plaintexts.
    ///
    /// # Errors
    /// [`SealError::Randomness`].
    pub fn random() -> Result<Self, SealError> {
        let mut bytes = *gcm::random::<HEADER>()?;
        bytes[0] = HEADER as u8;
        Ok(Self(bytes))
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`SealError::Header`] for another length or first byte.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let first = bytes.first().copied().unwrap_or_default();
        let wrong = SealError::Header { length: bytes.len(), first };
        let bytes = <[u8; HEADER]>::try_from(bytes).map_err(|_| wrong.clone())?;
        if usize::from(first) == HEADER { Ok(Self(bytes)) } else { Err(wrong) }
    }

    /// The 40 bytes.
    pub fn as_bytes(&self) -> &[u8; HEADER] {
        &self.0
    }

    fn part(&self, range: Range<usize>) -> &[u8] {
        self.0.get(range).unwrap_or_default()
    }

    pub(crate) fn nonce(&self, index: u32, last: bool) -> [u8; gcm::NONCE] {
        let mut nonce = [0; gcm::NONCE];
        let (prefix, rest) = nonce.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(self.part(PREFIX));
        let (number, flag) = rest.split_at_mut(4);
        number.copy_from_slice(&index.to_be_bytes());
        flag.fill(last.into());
        nonce
    }

    /// The AES-256-GCM key of the segments, for a [`SegmentFrame`](super::stream::SegmentFrame).
    pub fn segment_key(&self, key: &ContentKey) -> Zeroizing<[u8; 32]> {
        hkdf(&key.0, self.part(SALT), &[])
    }

    pub(crate) fn cipher(&self, key: &ContentKey) -> Aes256Gcm {
        gcm::cipher(&self.segment_key(key))
    }
}

impl fmt::Debug for StreamHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamHeader({})", hex::encode(self.0))
    }
}

impl TryFrom<ByteArray<HEADER>> for StreamHeader {
    type Error = SealError;

    fn try_from(bytes: ByteArray<HEADER>) -> Result<Self, SealError> {
        Self::from_bytes(bytes.as_slice())
    }
}

impl From<StreamHeader> for ByteArray<HEADER> {
    fn from(header: StreamHeader) -> Self {
        Self::new(header.0)
    }
}

/// A Tink JSON keyset with this key, so that any Tink library opens the ciphertext without this program. It holds the
/// key in plaintext.
pub fn tink_keyset_json(key: &ContentKey) -> Zeroizing<String> {
    // AesGcmHkdfStreamingKey { params: { segment: 1 MiB, derived key: 32, hash: SHA256 }, key_value }
    let mut message = Zeroizing::new([0; 44]);
    let (params, value) = message.split_at_mut(12);
    params.copy_from_slice(&[0x12, 8, 0x08, 0x80, 0x80, 0x40, 0x10, 32, 0x18, 3, 0x1a, 32]);
    value.copy_from_slice(&key.0);
    let value = Zeroizing::new(Base64::encode_string(message.as_slice()));
    // The capacity is final, because a reallocation would leave a copy that is not wiped.
    let mut keyset = Zeroizing::new(String::with_capacity(512));
    keyset.push_str(concat!(
        r#"{"primaryKeyId":1,"key":[{"keyData":{"#,
        r#""typeUrl":"type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey","#,
        r#""keyMaterialType":"SYMMETRIC","value":""#,
    ));
    keyset.push_str(&value);
    keyset.push_str(r#""},"outputPrefixType":"RAW","keyId":1,"status":"ENABLED"}]}"#);
    keyset
}
