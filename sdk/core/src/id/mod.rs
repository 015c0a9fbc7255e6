//! Plain public values: accounts, digests, record ids, folders, scopes, deployments.
//!
//! None of them is secret. All are cheap to copy, ordered and hashable, and parse only if they are valid.

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use cid::multihash::Multihash;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::IdError;

mod scope;

pub use scope::{Confidentiality, Deployment, Folder, Scope};

/// Multicodec of a raw leaf.
pub const RAW: u64 = 0x55;
/// Multicodec of a UnixFS node.
pub const DAG_PB: u64 = 0x70;
/// Multicodec of signed blocks.
pub const DAG_CBOR: u64 = 0x71;
const SHA2_256: u64 = 0x12;

/// The number of a folder's keys. It increases by one with every keyring that the patient publishes.
pub type Epoch = u16;

macro_rules! bytes_value {
    ($(#[$doc:meta])* $name:ident, $length:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(with = "serde_bytes")] pub [u8; $length]);

        impl $name {
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl From<[u8; $length]> for $name {
            fn from(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = IdError;

            fn try_from(bytes: &[u8]) -> Result<Self, IdError> {
                let found = bytes.len();
                let bytes = bytes.try_into();
                bytes.map(Self).map_err(|_| IdError::Length { what: $what, expected: $length, found })
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Reads hexadecimal digits of either case, with or without `0x`.
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(unhex($what, text)?.as_slice())
            }
        }
    };
}

bytes_value!(
    /// An Ethereum account or contract: 20 bytes. Prints in lower case, without the EIP-55 checksum.
    Account, 20, "an account"
);
bytes_value!(
    /// A SHA-256 digest, of a block unless said otherwise.
    Digest, 32, "a digest"
);
bytes_value!(
    /// What a record is called on the chain: `keccak256(abi.encode(author, id))`. Only a value here.
    RecordKey, 32, "a record key"
);
bytes_value!(
    /// A record's id: the SHA-256 digest of its manifest block.
    RecordId, 32, "a record id"
);

fn unhex(what: &'static str, text: &str) -> Result<Vec<u8>, IdError> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits).map_err(|_| IdError::NotHex { what, text: text.chars().take(80).collect() })
}

impl Digest {
    /// The CID of the signed block that has this digest: CIDv1, dag-cbor, sha2-256.
    pub fn dag_cbor_cid(&self) -> Cid {
        cid_of_digest(DAG_CBOR, self)
    }

    /// The digest in a CIDv1 of sha2-256 with this codec; `None` for every other CID.
    pub fn of_cid(codec: u64, cid: &Cid) -> Option<Self> {
        let digest = Self::try_from(cid.hash().digest()).ok()?;
        (cid_of_digest(codec, &digest) == *cid).then_some(digest)
    }
}

impl RecordId {
    /// The CID of the record's manifest.
    pub fn cid(&self) -> Cid {
        Digest(self.0).dag_cbor_cid()
    }

    /// The id of the record whose manifest has this CID.
    ///
    /// # Errors
    /// [`IdError::NotARecordCid`] unless it is CIDv1, dag-cbor, sha2-256.
    pub fn from_cid(cid: &Cid) -> Result<Self, IdError> {
        let digest = Digest::of_cid(DAG_CBOR, cid);
        digest.map(Self::from).ok_or_else(|| IdError::NotARecordCid(cid.to_string()))
    }
}

impl From<Digest> for RecordId {
    fn from(digest: Digest) -> Self {
        Self(digest.0)
    }
}

impl From<RecordId> for Digest {
    fn from(id: RecordId) -> Self {
        Self(id.0)
    }
}

/// SHA-256 of a block's bytes.
pub fn block_digest(bytes: &[u8]) -> Digest {
    Digest(Sha256::digest(bytes).into())
}

/// CIDv1 of a block's bytes with sha2-256.
pub fn cid_of(codec: u64, bytes: &[u8]) -> Cid {
    cid_of_digest(codec, &block_digest(bytes))
}

/// CIDv1 of a block with this sha2-256 digest.
pub fn cid_of_digest(codec: u64, digest: &Digest) -> Cid {
    #[expect(clippy::expect_used, reason = "32 bytes fit the 64 that a multihash of this type holds")]
    let hash = Multihash::wrap(SHA2_256, &digest.0).expect("a digest of 32 bytes");
    Cid::new_v1(codec, hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn hex_is_read_with_and_without_prefix_and_refused_when_short() {
        let account = Account([0xab; 20]);
        assert_eq!(account.to_string().parse(), Ok(account));
        assert_eq!("AB".repeat(20).parse(), Ok(account));
        assert!("0xab".parse::<Account>().is_err());
        assert!("0xzz".parse::<Account>().is_err());
        assert!("0x0xab".parse::<Account>().is_err());
    }

    #[test]
    fn record_id_is_its_cid() {
        let id = RecordId([7; 32]);
        assert_eq!(RecordId::from_cid(&id.cid()), Ok(id));
        assert!(RecordId::from_cid(&cid_of(RAW, b"x")).is_err());
        assert!(RecordId::from_cid(&Cid::new_v0(*cid_of(DAG_PB, b"x").hash()).unwrap()).is_err());
    }
}
