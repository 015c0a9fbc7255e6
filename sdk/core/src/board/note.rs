//! Notes about a board's case, for the patient and the board's members: why it was opened, and the finding of its
//! review.
//!
//! A note is a signed block of kind `case-note` by the member who wrote it. The board's case names its digest as the
//! reason, or the review names it as the finding. It holds `u8 purpose | text`, padded to a multiple of 512 bytes to
//! hide its size, and encrypted with AES-256-GCM under a key of its own. It also holds that key, sealed with HPKE to
//! each reader. All labels are followed by the chain, the contract and then, each of fixed width, `patient[20] |
//! board[20] | scope[32] | grantee[20] | author[20] | case[32]`. In a note about why a case was opened the case is
//! zeros, because that note is older than the case's id:
//!
//! - `hospital-record/v1/case-note-payload`: the `info` of `HKDF-SHA256(ikm = key, salt = "", info)`, which gives the key
//!   of the payload;
//! - `hospital-record/v1/case-note-key`: another output of HKDF, which the block carries as `commitment`. AES-GCM does
//!   not commit to a key: without it an author could make a payload that shows different texts to the patient and to a
//!   member;
//! - `hospital-record/v1/case-note`, with `reader[20] | key id[32]` after it: the HPKE `info` under which the key is sealed.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::Zeroizing;

use super::deal::MAX_MEMBERS;
use crate::block::{self, Block, Body, Verified, sealed::Checked};
use crate::cbor;
use crate::error::{BlockError, CoreError, SealError};
use crate::id::{Account, Deployment, Digest, Scope};
use crate::identity::ProfileKeys;
use crate::seal::context::{Context, hkdf};
use crate::seal::request::{MAX_REASON, check_reason};
use crate::seal::wrap::{HpkePublicKey, Sealed};
use crate::seal::{gcm, padding};

const UNIT: usize = 512;
const KEY: usize = 32;
/// The maximum length of the text with purpose and padding.
const MAX_PADDED: usize = MAX_REASON + 4 + UNIT;
/// The maximum number of readers: the members and the patient.
const MAX_READERS: usize = MAX_MEMBERS + 1;

/// The subject of a note. Take it from the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteTerms {
    /// Chain and contract.
    pub deployment: Deployment,
    /// The patient whose records the case is about.
    pub patient: Account,
    /// The board.
    pub board: Account,
    /// The folder or record.
    pub scope: Scope,
    /// The account that gets access.
    pub grantee: Account,
    /// The author.
    pub author: Account,
    /// The case, if the note is about its review; `None` if the note is about why the case was opened.
    pub case: Option<Digest>,
}

impl NoteTerms {
    fn info(&self, label: &str) -> Context {
        Context::new(label, self.deployment)
            .account(self.patient)
            .account(self.board)
            .fixed(&self.scope.to_bytes())
            .account(self.grantee)
            .account(self.author)
            .fixed(self.case.unwrap_or(Digest([0; 32])).as_bytes())
    }

    fn payload_key(&self, key: &[u8; KEY]) -> Zeroizing<[u8; 32]> {
        hkdf(key, &[], self.info("hospital-record/v1/case-note-payload").bytes())
    }

    fn commitment(&self, key: &[u8; KEY]) -> Digest {
        Digest(*hkdf(key, &[], self.info("hospital-record/v1/case-note-key").bytes()))
    }

    fn reader(&self, reader: Account, key_id: Digest) -> Context {
        self.info("hospital-record/v1/case-note").account(reader).fixed(key_id.as_bytes())
    }
}

/// The content of a note.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// The contract's number of an HL7 v3 PurposeOfUse.
    pub purpose: u8,
    /// The text, with the same rules as in a request for access.
    pub text: Zeroizing<String>,
}

/// The signed block of kind `case-note`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseNote {
    /// The patient whose records the case is about.
    pub patient: Account,
    /// The board.
    pub board: Account,
    /// The folder or record.
    pub scope: Scope,
    /// The account that gets access.
    pub grantee: Account,
    /// The case, if the note is about its review.
    pub case: Option<Digest>,
    /// The commitment that shows that all readers got the same key.
    pub commitment: Digest,
    /// The content: `nonce[12] | ciphertext | tag[16]`.
    pub payload: ByteBuf,
    /// Its readers.
    pub readers: Vec<NoteReader>,
}

/// A reader of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoteReader {
    /// The reader's account.
    pub reader: Account,
    /// SHA-256 of the reader's key.
    pub key_id: Digest,
    /// The note's key.
    pub sealed: Sealed,
}

impl Body for CaseNote {
    const KIND: &'static str = "case-note";
    const MAX: usize = 64 << 10;
}

impl Checked for CaseNote {
    fn check(&self, _: Deployment, _: Account) -> Result<(), BlockError> {
        if self.readers.len() > MAX_READERS {
            return Err(BlockError::Invalid { kind: Self::KIND, reason: "it is for more than 17 readers" });
        }
        cbor::check_size(Self::KIND, self.payload.len(), gcm::NONCE + MAX_PADDED + gcm::TAG)
    }
}

/// Seals a note to its readers and signs it as `terms.author`, whose profile block has digest `profile`.
///
/// # Errors
/// As [`check_reason`]; [`SealError::Mismatch`] if `keys` are not the author's, [`SealError::TooManyGrantees`] above 17
/// readers.
pub fn seal_note(
    terms: &NoteTerms,
    words: &Words,
    readers: &[(Account, HpkePublicKey)],
    profile: Digest,
    keys: &ProfileKeys,
) -> Result<Block, CoreError> {
    if keys.account() != terms.author {
        return Err(SealError::Mismatch { what: "the note", field: "author" }.into());
    }
    if readers.len() > MAX_READERS {
        return Err(SealError::TooManyGrantees { found: readers.len(), max: MAX_READERS }.into());
    }
    check_reason(&words.text)?;
    let key = gcm::random::<KEY>()?;
    let plain = Zeroizing::new([&[words.purpose], words.text.as_bytes()].concat());
    let payload = gcm::seal(&terms.payload_key(&key), &padding::pad(&plain, UNIT), "a note")?;
    let seal_to = |(reader, public): &(Account, HpkePublicKey)| {
        let key_id = public.key_id();
        let sealed = Sealed::new(public, terms.reader(*reader, key_id).bytes(), key.as_slice())?;
        Ok(NoteReader { reader: *reader, key_id, sealed })
    };
    let readers = readers.iter().map(seal_to).collect::<Result<_, SealError>>()?;
    let NoteTerms { patient, board, scope, grantee, case, .. } = *terms;
    let (commitment, payload) = (terms.commitment(&key), ByteBuf::from(payload));
    let body = CaseNote { patient, board, scope, grantee, case, commitment, payload, readers };
    Ok(block::sign(terms.deployment, profile, body, keys)?)
}

/// Opens a note that is about exactly `terms` and is for `keys`' account.
///
/// # Errors
/// [`SealError::Mismatch`] if it has another subject or author, [`SealError::NoEntry`] if it is for others,
/// [`SealError::Unopenable`], [`SealError::Payload`].
pub fn open_note(note: &Verified<CaseNote>, terms: &NoteTerms, keys: &ProfileKeys) -> Result<Words, CoreError> {
    let same = [
        (note.issuer() == terms.author, "author"),
        (note.patient == terms.patient, "patient"),
        (note.board == terms.board, "board"),
        (note.scope == terms.scope, "scope"),
        (note.grantee == terms.grantee, "grantee"),
        (note.case == terms.case, "case"),
    ];
    SealError::unless_same("the note", same)?;
    let (account, key_id) = (keys.account(), keys.public().key_id());
    let own = note.readers.iter().find(|entry| entry.reader == account && entry.key_id == key_id);
    let sealed = &own.ok_or(SealError::NoEntry)?.sealed;
    let key = keys.hpke().open(terms.reader(account, key_id).bytes(), sealed, "the note")?;
    let key: &[u8; KEY] = key.as_slice().try_into().map_err(|_| wrong("its key has not 32 bytes"))?;
    if terms.commitment(key) != note.commitment {
        return Err(SealError::Unopenable("the note").into());
    }
    let padded = gcm::open(&terms.payload_key(key), &note.payload, "the note")?;
    let (purpose, text) = padding::unpad(&padded, UNIT, "note")?.split_first().ok_or_else(|| wrong("it is empty"))?;
    let text = std::str::from_utf8(text).map_err(|_| wrong("it is not UTF-8"))?;
    check_reason(text)?;
    Ok(Words { purpose: *purpose, text: Zeroizing::new(text.to_owned()) })
}

fn wrong(reason: &str) -> SealError {
    SealError::Payload { what: "note", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
