//! Strict dag-cbor: one value has one encoding (<https://ipld.io/specs/codecs/dag-cbor/spec/>).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_ipld_dagcbor::DecodeError;

use crate::error::BlockError;

/// Encodes a value. It fails only for types that dag-cbor cannot hold, and this crate has none.
pub(crate) fn encode<T: Serialize>(kind: &'static str, value: &T) -> Result<Vec<u8>, BlockError> {
    serde_ipld_dagcbor::to_vec(value).map_err(|error| BlockError::Malformed { kind, reason: error.to_string() })
}

/// Decodes exactly one value, in any encoding.
pub(crate) fn read<T: DeserializeOwned>(kind: &'static str, bytes: &[u8]) -> Result<T, BlockError> {
    serde_ipld_dagcbor::from_slice(bytes).map_err(|error| {
        let reason = match error {
            DecodeError::Msg(text) => text,
            DecodeError::TrailingData => "bytes follow its end".to_owned(),
            DecodeError::Eof { .. } | DecodeError::RequireLength { .. } => "it is cut off".to_owned(),
            other => format!("it is not the dag-cbor expected: {other}"),
        };
        BlockError::Malformed { kind, reason }
    })
}

/// Decodes exactly one value and accepts only its canonical encoding.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(kind: &'static str, bytes: &[u8]) -> Result<T, BlockError> {
    let value = read::<T>(kind, bytes)?;
    if encode(kind, &value)? == bytes { Ok(value) } else { Err(BlockError::NotCanonical { kind }) }
}

pub(crate) fn check_size(kind: &'static str, size: usize, max: usize) -> Result<(), BlockError> {
    if size <= max { Ok(()) } else { Err(BlockError::TooLarge { kind, size, max }) }
}
