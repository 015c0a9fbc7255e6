//! Metadata: the description of a record, readable only with its content key.
//!
//! Canonical dag-cbor, padded (`u32be length | bytes | zeros`) to a multiple of 512 bytes and sealed with AES-256-GCM
//! under [`ContentKey::metadata_key`] and a random nonce.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use crate::cbor;
use crate::error::SealError;
use crate::id::Confidentiality;
use crate::seal::stream::{ContentKey, StreamHeader};
use crate::seal::{gcm, padding};

const UNIT: usize = 512;
const WHAT: &str = "the metadata";
/// The maximum size of padded metadata, in bytes. With 32 locks it still fits into a manifest.
pub const MAX_METADATA: usize = 16 << 10;

/// The description of a record. Its author is not trusted: the name may be an unsafe path, and the media type may be
/// wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The author's name of the file. Sanitise it before you use it as a file name.
    pub name: String,
    /// IANA media type.
    pub media_type: String,
    /// When the content was created, in seconds since 1970 UTC.
    pub created: Option<i64>,
    /// When it was added, in seconds since 1970 UTC, by the author's clock.
    pub added: i64,
    /// LOINC code of the kind of document.
    pub document_type: Option<String>,
    /// Confidentiality of the folder.
    pub confidentiality: Confidentiality,
    /// The folder's name.
    pub folder_name: String,
    /// Free keywords.
    pub keywords: Vec<String>,
    /// A title for people.
    pub title: Option<String>,
    /// A description for people.
    pub description: Option<String>,
}

/// Sealed metadata, as a manifest carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedMetadata {
    #[serde(with = "serde_bytes")]
    nonce: [u8; gcm::NONCE],
    ciphertext: ByteBuf,
}

impl Metadata {
    /// Checks that it can be sealed. Call it before a large upload.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] above [`MAX_METADATA`].
    pub fn check_size(&self) -> Result<(), SealError> {
        self.padded().map(drop)
    }

    fn padded(&self) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let encoded = Zeroizing::new(cbor::encode("metadata", self).map_err(payload)?);
        let padded = padding::pad(&encoded, UNIT);
        if padded.len() > MAX_METADATA {
            return Err(SealError::TooLarge { what: WHAT, size: padded.len(), max: MAX_METADATA });
        }
        Ok(padded)
    }

    /// Seals the metadata of the content that has this key and header.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] above [`MAX_METADATA`], [`SealError::Randomness`].
    pub fn seal(&self, key: &ContentKey, header: &StreamHeader) -> Result<SealedMetadata, SealError> {
        let sealed = gcm::seal(&key.metadata_key(header), &self.padded()?, WHAT)?;
        let (nonce, ciphertext) = sealed.split_first_chunk().ok_or(SealError::Unopenable(WHAT))?;
        Ok(SealedMetadata { nonce: *nonce, ciphertext: ByteBuf::from(ciphertext) })
    }
}

impl SealedMetadata {
    /// Opens the metadata of the content that has this key and header.
    ///
    /// # Errors
    /// [`SealError::Unopenable`], [`SealError::Payload`].
    pub fn open(&self, key: &ContentKey, header: &StreamHeader) -> Result<Metadata, SealError> {
        let mut buffer = Zeroizing::new(self.ciphertext.to_vec());
        let cipher = gcm::cipher(&key.metadata_key(header));
        gcm::decrypt(&cipher, &self.nonce, &mut buffer, 0).map_err(|()| SealError::Unopenable(WHAT))?;
        cbor::decode("metadata", padding::unpad(&buffer, UNIT, "metadata")?).map_err(payload)
    }

    /// The random nonce, 12 bytes.
    pub fn nonce(&self) -> &[u8; gcm::NONCE] {
        &self.nonce
    }

    /// A multiple of 512 bytes and the tag.
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// Whether the ciphertext has a length that [`Metadata::seal`] makes.
    pub(crate) fn has_a_possible_length(&self) -> bool {
        let padded = self.ciphertext.len().saturating_sub(gcm::TAG);
        (UNIT..=MAX_METADATA).contains(&padded) && padded.is_multiple_of(UNIT)
    }
}

fn payload(error: crate::error::BlockError) -> SealError {
    SealError::Payload { what: "metadata", reason: error.to_string() }
}
