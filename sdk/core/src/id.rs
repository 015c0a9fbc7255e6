//! Plain public values: accounts, digests, record ids, folders, scopes, deployments.
//!
//! None is secret; all are cheap to copy, ordered, hashable, and parse only when they are valid.

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use cid::multihash::Multihash;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::error::IdError;

/// Multicodec of a raw leaf.
pub const RAW: u64 = 0x55;
/// Multicodec of a UnixFS node.
pub const DAG_PB: u64 = 0x70;
/// Multicodec of signed blocks.
pub const DAG_CBOR: u64 = 0x71;
const SHA2_256: u64 = 0x12;

/// A number of a folder's keys: it grows by one with every keyring that the patient publishes.
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

    /// The digest inside a CIDv1 of sha2-256 with this codec; `None` for every other CID.
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

fn cid_of_digest(codec: u64, digest: &Digest) -> Cid {
    #[expect(clippy::expect_used, reason = "32 bytes fit the 64 that a multihash of this type holds")]
    let hash = Multihash::wrap(SHA2_256, &digest.0).expect("a digest of 32 bytes");
    Cid::new_v1(codec, hash)
}

/// A folder's number: 40 bits, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Folder(u64);

impl Folder {
    /// One more than the largest folder number.
    pub const END: u64 = 1 << 40;

    /// # Errors
    /// [`IdError::FolderOutOfRange`] for zero and for 2^40 and more.
    pub const fn new(number: u64) -> Result<Self, IdError> {
        if number == 0 || number >= Self::END {
            return Err(IdError::FolderOutOfRange(number));
        }
        Ok(Self(number))
    }

    /// The number, between 1 and 2^40 - 1.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Folder {
    type Error = IdError;

    fn try_from(number: u64) -> Result<Self, IdError> {
        Self::new(number)
    }
}

impl From<Folder> for u64 {
    fn from(folder: Folder) -> Self {
        folder.0
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What a grant is about: all of a folder, or one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Digest", into = "Digest")]
pub enum Scope {
    /// Every record of a folder.
    Folder(Folder),
    /// One record.
    Record(RecordKey),
}

impl Scope {
    /// The contract's `bytes32`: the folder's number as `uint256`, or the record key.
    pub fn to_bytes(self) -> [u8; 32] {
        match self {
            Self::Record(key) => key.0,
            Self::Folder(folder) => {
                let mut bytes = [0; 32];
                let (_, number) = bytes.split_at_mut(24);
                number.copy_from_slice(&folder.number().to_be_bytes());
                bytes
            }
        }
    }

    /// Reads the contract's `bytes32`. Below 2^40 it is a folder: no hash is ever that small.
    ///
    /// # Errors
    /// [`IdError::FolderOutOfRange`] for zero.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Self, IdError> {
        let (zeros, number) = bytes.split_at(27);
        if zeros.iter().any(|byte| *byte != 0) {
            return Ok(Self::Record(RecordKey(bytes)));
        }
        let number = number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Folder::new(number).map(Self::Folder)
    }
}

impl TryFrom<Digest> for Scope {
    type Error = IdError;

    fn try_from(bytes: Digest) -> Result<Self, IdError> {
        Self::from_bytes(bytes.0)
    }
}

impl From<Scope> for Digest {
    fn from(scope: Scope) -> Self {
        Self(scope.to_bytes())
    }
}

/// One contract on one chain: nothing that was made for it is valid for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Deployment {
    /// EIP-155 chain id.
    pub chain: u64,
    /// Address of the `HospitalRecord` contract.
    pub contract: Account,
}

/// HL7 v3 Confidentiality of a folder, from unrestricted to very restricted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Confidentiality {
    /// Unrestricted.
    U,
    /// Low.
    L,
    /// Moderate.
    M,
    /// Normal: what a treating clinician may see.
    #[default]
    N,
    /// Restricted.
    R,
    /// Very restricted.
    V,
}

impl Confidentiality {
    /// All six, from the lowest.
    pub const ALL: [Self; 6] = [Self::U, Self::L, Self::M, Self::N, Self::R, Self::V];

    /// The HL7 code: one letter.
    pub const fn code(self) -> &'static str {
        match self {
            Self::U => "U",
            Self::L => "L",
            Self::M => "M",
            Self::N => "N",
            Self::R => "R",
            Self::V => "V",
        }
    }
}

impl fmt::Display for Confidentiality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Confidentiality {
    type Err = IdError;

    /// Reads one letter of either case.
    fn from_str(text: &str) -> Result<Self, IdError> {
        let code = Self::ALL.into_iter().find(|level| level.code().eq_ignore_ascii_case(text));
        code.ok_or_else(|| IdError::Confidentiality(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn scope_of_a_folder_and_of_a_record_round_trip() {
        let folder = Scope::Folder(Folder::new(Folder::END - 1).unwrap());
        assert_eq!(Scope::from_bytes(folder.to_bytes()), Ok(folder));
        let record = Scope::Record(RecordKey([0xab; 32]));
        assert_eq!(Scope::from_bytes(record.to_bytes()), Ok(record));
    }

    #[test]
    fn zero_is_neither_a_folder_nor_a_scope() {
        assert!(Folder::new(0).is_err());
        assert!(Folder::new(Folder::END).is_err());
        assert!(Scope::from_bytes([0; 32]).is_err());
    }

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

    #[test]
    fn confidentiality_is_ordered_and_read_in_either_case() {
        assert!(Confidentiality::U < Confidentiality::N && Confidentiality::N < Confidentiality::V);
        assert_eq!("r".parse(), Ok(Confidentiality::R));
        assert!("X".parse::<Confidentiality>().is_err());
    }
}
