//! The errors of this crate, by area. Every text says what was wrong with the input. None contains a secret.
//!
//! None is `non_exhaustive`: the SDK maps each to an error of its own, and the compiler must report a new one.

use crate::id::Account;

/// An invalid public value (account, digest, folder number, ...).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not hexadecimal digits after an optional `0x`.
    #[error("{what} is written as 0x and hexadecimal digits; {text:?} is not")]
    NotHex {
        /// The kind of value that was expected.
        what: &'static str,
        /// The input, at most 80 characters of it.
        text: String,
    },
    /// Hexadecimal or binary, but of the wrong length.
    #[error("{what} has {expected} bytes, not {found}")]
    Length {
        /// The kind of value that was expected.
        what: &'static str,
        /// The length of such a value in bytes.
        expected: usize,
        /// The length of the input in bytes.
        found: usize,
    },
    /// Zero, or 2^40 and more.
    #[error("{0} is not a folder number: these lie between 1 and 2^40 - 1")]
    FolderOutOfRange(u64),
    /// Not one of U, L, M, N, R, V.
    #[error("{0:?} is not a confidentiality: use U, L, M, N, R or V")]
    Confidentiality(String),
    /// A CID of another codec, hash or version.
    #[error("{0} is not the CID of a record: that is CIDv1, dag-cbor, sha2-256")]
    NotARecordCid(String),
}

/// A seal that could not be made or does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The operating system's random source failed.
    #[error("the operating system gave no randomness: {0}")]
    Randomness(String),
    /// Other than 40 bytes, or a first byte other than 0x28.
    #[error("a stream header has 40 bytes and begins with 0x28; this one has {length} and begins with {first:#04x}")]
    Header {
        /// The length of the input in bytes.
        length: usize,
        /// The first byte, or zero if there is none.
        first: u8,
    },
    /// The header of the first block differs from the manifest's.
    #[error("the first block does not begin with the stream header that its manifest names")]
    HeaderMismatch,
    /// A segment that is too short, too long, or not full although others follow.
    #[error("segment {index} has {found} bytes; it must have {expected}")]
    SegmentLength {
        /// The segment's number, from 0.
        index: u32,
        /// The length of the input in bytes.
        found: usize,
        /// The possible lengths at this place.
        expected: &'static str,
    },
    /// The authentication tag does not fit.
    #[error("segment {index} does not open: it was changed, moved or cut, or the key is another one")]
    Segment {
        /// The segment's number, from 0.
        index: u32,
    },
    /// More bytes than 2^32 segments hold.
    #[error("{0} bytes are more than one stream can hold")]
    StreamTooLong(u64),
    /// An HPKE or Ed25519 public key that must not be used.
    #[error("the public key cannot be used: {0}")]
    PublicKey(&'static str),
    /// A wrap made with algorithms that this version does not know.
    #[error("suite {0} is not known to this version; update it")]
    UnknownSuite(u16),
    /// A wrap, note or metadata that does not open with this key in this context.
    #[error("{0} does not open: it was sealed to another key or for another purpose, or it was changed")]
    Unopenable(&'static str),
    /// The key in a lock is not the one that the record commits to.
    #[error("the lock holds a key other than the one that the record commits to")]
    Commitment,
    /// A lock, envelope or keyring with another subject or recipient.
    #[error("{what} names another {field} than expected")]
    Mismatch {
        /// The kind of block.
        what: &'static str,
        /// The field that differs.
        field: &'static str,
    },
    /// A folder state opens its own epoch and those before, never later ones.
    #[error("the key held is of epoch {held} and opens nothing of epoch {wanted}")]
    EpochAhead {
        /// The requested epoch.
        wanted: u16,
        /// The epoch of the state that is held.
        held: u16,
    },
    /// All 65,536 epochs of a folder are used up.
    #[error("the folder has used all its 65,536 epochs; move its records to a new folder")]
    EpochsExhausted,
    /// Decrypted bytes that contradict the format.
    #[error("the decrypted {what} is malformed: {reason}")]
    Payload {
        /// The kind of the decrypted value.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A value is too large.
    #[error("{what} has {size} bytes; at most {max} are allowed")]
    TooLarge {
        /// The kind of value.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The largest size in bytes.
        max: usize,
    },
    /// More accounts than one keyring or note can be for.
    #[error("one block is for at most {max} accounts, not {found}")]
    TooManyGrantees {
        /// How many there are.
        found: usize,
        /// The maximum.
        max: usize,
    },
    /// A keyring or note that is for others, or for another key of this account.
    #[error("the block has no entry for this account and key")]
    NoEntry,
    /// An account that a board's deal has no share for, or one for another key of it.
    #[error("the deal has no share for {member} and this key")]
    NoShare {
        /// The account.
        member: Account,
    },
    /// A share of a deal that is not what the deal commits to.
    #[error("the share of {member} is not the one that was dealt")]
    WrongShare {
        /// The member.
        member: Account,
    },
    /// Fewer shares than the board's threshold.
    #[error("{needed} members of the board are needed and {found} released their share")]
    TooFewShares {
        /// How many there are.
        found: usize,
        /// The number that is needed.
        needed: usize,
    },
}

impl SealError {
    /// [`Mismatch`](Self::Mismatch) of the first field that differs, if any.
    pub(crate) fn unless_same<const N: usize>(what: &'static str, same: [(bool, &'static str); N]) -> Result<(), Self> {
        match same.into_iter().find(|(same, _)| !same) {
            Some((_, field)) => Err(Self::Mismatch { what, field }),
            None => Ok(()),
        }
    }
}

/// A signed block or profile that must not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Larger than the maximum of its kind.
    #[error("the {kind} block has {size} bytes; at most {max} are allowed")]
    TooLarge {
        /// The kind that was expected.
        kind: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The largest size in bytes.
        max: usize,
    },
    /// Not dag-cbor, or dag-cbor of another shape.
    #[error("the {kind} block is malformed: {reason}")]
    Malformed {
        /// The kind that was expected.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Not in the canonical encoding, which is the shortest and sorted.
    #[error("the {kind} block is not in canonical dag-cbor")]
    NotCanonical {
        /// The kind that was expected.
        kind: &'static str,
    },
    /// Written by a later version.
    #[error("the {kind} block has version {found}; this program knows version 1: update it")]
    Version {
        /// The kind that was expected.
        kind: &'static str,
        /// The version that was found.
        found: u64,
    },
    /// A block of another kind.
    #[error("expected a block of kind {expected:?} and got one of kind {found:?}")]
    Kind {
        /// The kind that was expected.
        expected: &'static str,
        /// The kind that was found.
        found: String,
    },
    /// A block made for another chain or contract.
    #[error("the {kind} block was made for another chain or contract")]
    Deployment {
        /// The kind that was expected.
        kind: &'static str,
    },
    /// A field with a value that the format does not allow.
    #[error("the {kind} block contradicts its format: {reason}")]
    Invalid {
        /// The kind that was expected.
        kind: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The signature is not by the given key.
    #[error("the {kind} block is not signed by its issuer's key")]
    Signature {
        /// The kind that was expected.
        kind: &'static str,
    },
}

/// A DAG that cannot be built or walked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DagError {
    /// A block whose bytes have another CID.
    #[error("the block's bytes do not have the CID {0}")]
    Integrity(String),
    /// A CID that is not CIDv1, sha2-256, raw or dag-pb.
    #[error("{0} cannot be part of a record's content: expected CIDv1, sha2-256, raw or dag-pb")]
    Cid(String),
    /// A node that is not in the canonical layout and encoding.
    #[error("node {cid} is malformed: {reason}")]
    Node {
        /// The node's CID.
        cid: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A leaf that is empty, larger than 1 MiB, or short but not the last.
    #[error("leaf {index} has {size} bytes; every leaf but the last has 1,048,576 and the last has at least 1")]
    Leaf {
        /// The leaf's number, from 0.
        index: u64,
        /// Its size in bytes.
        size: u64,
    },
    /// A DAG without leaves.
    #[error("a file without bytes has no DAG here: ciphertext is never empty")]
    Empty,
    /// A range that ends beyond the file or before it begins.
    #[error("bytes {start}..{end} do not lie in a file of {total} bytes")]
    Range {
        /// First requested byte.
        start: u64,
        /// One past the last requested byte.
        end: u64,
        /// Size of the file in bytes.
        total: u64,
    },
    /// A node that the walker did not request.
    #[error("the walker asked for another node than {0}")]
    NotAsked(String),
}

/// A login that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The operating system's random source failed.
    #[error("the operating system gave no randomness: {0}")]
    Randomness(String),
    /// A message that is not one of this protocol.
    #[error("the {0} is malformed")]
    Message(&'static str),
    /// This machine has no memory to stretch the password.
    #[error("there is not enough memory: 64 MiB are needed to log in")]
    Memory,
    /// The password is wrong, nobody has this name, or another host answered.
    #[error("wrong name or password")]
    Refused,
}

/// Any error of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// See [`IdError`].
    #[error(transparent)]
    Id(#[from] IdError),
    /// See [`SealError`].
    #[error(transparent)]
    Seal(#[from] SealError),
    /// See [`BlockError`].
    #[error(transparent)]
    Block(#[from] BlockError),
    /// See [`DagError`].
    #[error(transparent)]
    Dag(#[from] DagError),
    /// See [`LoginError`].
    #[error(transparent)]
    Login(#[from] LoginError),
}
