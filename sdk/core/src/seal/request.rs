//! Requests for access: the terms and the reason, sealed to the patient.
//!
//! A request is a signed block of kind `access-request` whose issuer is the asker. It repeats the terms on chain, so
//! that a reader need not trust its source of chain data. The reason is text that HPKE seals to the patient. The HPKE
//! `info` is the label `hospital-record/v1/access-request`, the chain, the contract and then, each of fixed width,
//! `patient[20] | asker[20] | key id[32] | u8 rights | u8 purpose | u64be grant until | u64be answer by`. The text is
//! padded to a multiple of 512 bytes to hide its size.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::context::Context;
use super::padding;
use super::wrap::{HpkePublicKey, Sealed};
use crate::block::{self, Block, Body, Verified, sealed::Checked};
use crate::cbor;
use crate::error::{BlockError, CoreError, SealError};
use crate::id::{Account, Deployment, Digest};
use crate::identity::ProfileKeys;

const LABEL: &str = "hospital-record/v1/access-request";
const UNIT: usize = 512;
/// The maximum length of a reason, in bytes.
pub const MAX_REASON: usize = 4 * UNIT - 4;

/// The terms of a request, which are also on chain. All of them are public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestTerms {
    /// The patient who is asked.
    pub patient: Account,
    /// The account that asks.
    pub asker: Account,
    /// The requested rights, as the contract's bits.
    pub rights: u8,
    /// The purpose, as the contract's number.
    pub purpose: u8,
    /// The requested end of the grant, seconds since 1970.
    pub grant_until: u64,
    /// The request is closed from this second (since 1970) on.
    pub answer_by: u64,
}

impl RequestTerms {
    fn info(&self, deployment: Deployment, key: Digest) -> Context {
        Context::new(LABEL, deployment)
            .account(self.patient)
            .account(self.asker)
            .fixed(key.as_bytes())
            .fixed(&[self.rights, self.purpose])
            .fixed(&self.grant_until.to_be_bytes())
            .fixed(&self.answer_by.to_be_bytes())
    }
}

/// The signed block of kind `access-request`. Only its patient opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessRequest {
    /// The patient who is asked.
    pub patient: Account,
    /// The requested rights, as the contract's bits.
    pub rights: u8,
    /// The purpose, as the contract's number.
    pub purpose: u8,
    /// The requested end of the grant, seconds since 1970.
    pub grant_until: u64,
    /// The request is closed from this second (since 1970) on.
    pub answer_by: u64,
    /// SHA-256 of the patient's key.
    pub key_id: Digest,
    /// The reason.
    pub sealed: Sealed,
}

impl Body for AccessRequest {
    const KIND: &'static str = "access-request";
    const MAX: usize = 8 << 10;
}

impl Checked for AccessRequest {
    fn check(&self, _: Deployment, _: Account) -> Result<(), BlockError> {
        cbor::check_size(Self::KIND, self.sealed.ciphertext().len(), MAX_REASON + 4 + 16)
    }
}

/// Seals the reason to the patient's key and signs the request as `terms.asker`, whose profile block has digest `profile`.
///
/// # Errors
/// As [`check_reason`]; [`SealError::Mismatch`] if `keys` are not the asker's.
pub fn seal_request(
    deployment: Deployment,
    terms: &RequestTerms,
    reason: &str,
    patient: &HpkePublicKey,
    profile: Digest,
    keys: &ProfileKeys,
) -> Result<Block, CoreError> {
    if keys.account() != terms.asker {
        return Err(SealError::Mismatch { what: "the request", field: "asker" }.into());
    }
    check_reason(reason)?;
    let key_id = patient.key_id();
    let plain = padding::pad(reason.as_bytes(), UNIT);
    let sealed = Sealed::new(patient, terms.info(deployment, key_id).bytes(), &plain)?;
    let RequestTerms { patient, rights, purpose, grant_until, answer_by, .. } = *terms;
    let body = AccessRequest { patient, rights, purpose, grant_until, answer_by, key_id, sealed };
    Ok(block::sign(deployment, profile, body, keys)?)
}

/// Opens the reason of a request that has exactly these `terms` and was sealed to `keys`. Take the terms from the
/// chain.
///
/// # Errors
/// [`SealError::Mismatch`] if its asker, patient or terms differ, [`SealError::Unopenable`], [`SealError::Payload`].
pub fn open_request(
    request: &Verified<AccessRequest>,
    deployment: Deployment,
    terms: &RequestTerms,
    keys: &ProfileKeys,
) -> Result<Zeroizing<String>, CoreError> {
    let same = [
        (request.issuer() == terms.asker, "asker"),
        (request.patient == terms.patient && keys.account() == terms.patient, "patient"),
        (request.rights == terms.rights, "rights"),
        (request.purpose == terms.purpose, "purpose"),
        (request.grant_until == terms.grant_until, "end of the grant"),
        (request.answer_by == terms.answer_by, "end of the request"),
        (request.key_id == keys.public().key_id(), "recipient key"),
    ];
    SealError::unless_same("the request", same)?;
    let info = terms.info(deployment, request.key_id);
    let padded = keys.hpke().open(info.bytes(), &request.sealed, "the request")?;
    let text = padding::unpad(&padded, UNIT, "reason")?;
    let text = std::str::from_utf8(text).map_err(|_| wrong("it is not UTF-8"))?;
    check_reason(text)?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Checks that a text can be a reason. People see it without knowing its author, so it must not move a cursor.
///
/// # Errors
/// [`SealError::TooLarge`] above [`MAX_REASON`] bytes, [`SealError::Payload`] for one that is empty or has control
/// characters other than line breaks.
pub fn check_reason(reason: &str) -> Result<(), SealError> {
    if reason.len() > MAX_REASON {
        return Err(SealError::TooLarge { what: "a reason", size: reason.len(), max: MAX_REASON });
    }
    if reason.trim().is_empty() {
        return Err(wrong("it is empty"));
    }
    if reason.chars().any(|character| character.is_control() && character != '\n') {
        return Err(wrong("it has control characters other than line breaks"));
    }
    Ok(())
}

fn wrong(reason: &str) -> SealError {
    SealError::Payload { what: "reason", reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::{Keys, Seed};

    const HERE: Deployment = Deployment { chain: 31337, contract: Account([0xcc; 20]) };
    const PROFILE: Digest = Digest([3; 32]);

    fn person(byte: u8) -> ProfileKeys {
        Keys::derive(&Seed::from_bytes([byte; 32]), HERE, Account([byte; 20])).profile_keys(0)
    }

    fn terms() -> RequestTerms {
        let (patient, asker) = (Account([1; 20]), Account([2; 20]));
        RequestTerms { patient, asker, rights: 3, purpose: 0, grant_until: 2_000, answer_by: 1_000 }
    }

    fn seal(reason: &str) -> Result<Verified<AccessRequest>, CoreError> {
        let block = seal_request(HERE, &terms(), reason, &person(1).public().hpke, PROFILE, &person(2))?;
        Ok(AccessRequest::parse(&block.bytes, HERE)?.verify(person(2).public())?)
    }

    #[test]
    fn reason_opens_only_for_the_patient_and_the_same_terms() {
        let request = seal("Biopsy of 3 May\nplease").unwrap();
        let open = |terms| open_request(&request, HERE, &terms, &person(1));
        assert_eq!(*open(terms()).unwrap(), "Biopsy of 3 May\nplease");
        let others = [
            RequestTerms { asker: Account([4; 20]), ..terms() },
            RequestTerms { patient: Account([4; 20]), ..terms() },
            RequestTerms { rights: 15, ..terms() },
            RequestTerms { purpose: 1, ..terms() },
            RequestTerms { grant_until: 2_001, ..terms() },
            RequestTerms { answer_by: 1_001, ..terms() },
        ];
        for other in others {
            assert!(matches!(open(other), Err(CoreError::Seal(SealError::Mismatch { .. }))), "{other:?}");
        }
        assert!(open_request(&request, HERE, &terms(), &person(4)).is_err());
    }

    #[test]
    fn reason_whose_terms_were_signed_by_a_thief_does_not_open() {
        let stolen = seal("Biopsy").unwrap();
        let thief = person(4);
        let block = block::sign(HERE, PROFILE, stolen.into_body(), &thief).unwrap();
        let replayed = AccessRequest::parse(&block.bytes, HERE).unwrap().verify(thief.public()).unwrap();
        let terms = RequestTerms { asker: thief.account(), ..terms() };
        let opened = open_request(&replayed, HERE, &terms, &person(1)).err();
        assert_eq!(opened, Some(CoreError::Seal(SealError::Unopenable("the request"))));
    }

    #[test]
    fn reasons_that_are_too_long_or_empty_or_move_a_cursor_are_not_sealed() {
        assert!(seal(&"x".repeat(MAX_REASON)).is_ok());
        assert!(seal(&"x".repeat(MAX_REASON + 1)).is_err());
        assert!(seal(" \n").is_err());
        assert!(seal("\u{1b}[2J").is_err());
    }
}
