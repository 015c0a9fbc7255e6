//! Deployments, folders, scopes and confidentialities.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Account, Digest, RecordKey};
use crate::error::IdError;

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

/// The scope of a grant: a whole folder, or one record.
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

    /// Reads the contract's `bytes32`. A value below 2^40 is a folder, because no hash is that small.
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

/// One contract on one chain. Its blocks and signatures are not valid for another.
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
    /// Normal: a treating clinician may see it.
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
    fn confidentiality_is_ordered_and_read_in_either_case() {
        assert!(Confidentiality::U < Confidentiality::N && Confidentiality::N < Confidentiality::V);
        assert_eq!("r".parse(), Ok(Confidentiality::R));
        assert!("X".parse::<Confidentiality>().is_err());
    }
}
