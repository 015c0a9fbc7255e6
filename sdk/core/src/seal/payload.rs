//! The content of an envelope, as values and as the padded bytes that HPKE seals.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::padding;
use super::ratchet::FolderState;
use super::stream::ContentKey;
use crate::cbor;
use crate::error::SealError;
use crate::id::{Confidentiality, Epoch};

const UNIT: usize = 512;
/// The maximum size of a padded payload, in bytes.
pub(crate) const MAX_PAYLOAD: usize = 32 << 10;

/// The keys in an envelope.
#[derive(Clone)]
pub enum EnvelopeKeys {
    /// The keys of a folder.
    Folder {
        /// The state that opens the folder's records up to its epoch; `None` for a grantee that may contribute but not
        /// read.
        state: Option<FolderState>,
        /// A [`FolderKeyStatement`](super::envelope::FolderKeyStatement) block of the patient with the public key to lock new records to.
        statement: Vec<u8>,
    },
    /// The key of one record.
    Record {
        /// Its content key.
        content: ContentKey,
    },
}

/// The content of an envelope.
#[derive(Clone)]
pub struct EnvelopePayload {
    /// The keys.
    pub keys: EnvelopeKeys,
    /// The folder's name.
    pub folder_name: String,
    /// The folder's confidentiality.
    pub confidentiality: Confidentiality,
    /// Where the patient's blocks can be fetched. Ask the person before you use one.
    pub sources: Vec<String>,
}

/// The payload without the secret, which must not be in the encoder's buffers: they are not wiped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    keys: Kind,
    statement: Option<ByteBuf>,
    folder_name: String,
    confidentiality: Confidentiality,
    sources: Vec<String>,
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Read,
    Contribute,
    Record,
}

impl EnvelopePayload {
    pub(crate) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (keys, secret, statement) = match &self.keys {
            EnvelopeKeys::Folder { state: Some(state), statement } => {
                (Kind::Read, state.expose_secret(), Some(statement))
            }
            EnvelopeKeys::Folder { state: None, statement } => (Kind::Contribute, &[0; 32], Some(statement)),
            EnvelopeKeys::Record { content } => (Kind::Record, content.expose_secret(), None),
        };
        let fields = Fields {
            keys,
            statement: statement.cloned().map(ByteBuf::from),
            folder_name: self.folder_name.clone(),
            confidentiality: self.confidentiality,
            sources: self.sources.clone(),
        };
        let encoded = Zeroizing::new(cbor::encode("envelope", &fields).map_err(malformed)?);
        let plain = Zeroizing::new([secret.as_slice(), &encoded].concat());
        let padded = padding::pad(&plain, UNIT);
        if padded.len() > MAX_PAYLOAD {
            return Err(SealError::TooLarge { what: "an envelope", size: padded.len(), max: MAX_PAYLOAD });
        }
        Ok(padded)
    }

    pub(crate) fn decode(padded: &[u8], epoch: Epoch) -> Result<Self, SealError> {
        let plain = padding::unpad(padded, UNIT, "envelope")?;
        let (secret, encoded) = plain.split_first_chunk::<32>().ok_or_else(|| malformed("it is too short"))?;
        let fields = cbor::decode::<Fields>("envelope", encoded).map_err(malformed)?;
        let keys = match (fields.keys, fields.statement.map(ByteBuf::into_vec)) {
            (Kind::Read, Some(statement)) => {
                EnvelopeKeys::Folder { state: Some(FolderState::from_bytes(epoch, *secret)), statement }
            }
            (Kind::Contribute, Some(statement)) if *secret == [0; 32] => {
                EnvelopeKeys::Folder { state: None, statement }
            }
            (Kind::Record, None) => EnvelopeKeys::Record { content: ContentKey::from_bytes(*secret) },
            _ => return Err(malformed("its keys and its statement contradict each other")),
        };
        let Fields { folder_name, confidentiality, sources, .. } = fields;
        Ok(Self { keys, folder_name, confidentiality, sources })
    }
}

fn malformed(reason: impl ToString) -> SealError {
    SealError::Payload { what: "envelope", reason: reason.to_string() }
}
