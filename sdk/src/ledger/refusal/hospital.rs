//! The refusals of `HospitalRecord`.

use hospital_record_contracts::{
    IHospitalRecord::{NotPermitted, StatusNotAllowed},
    hospital_record::Errors,
};

use crate::{
    base::error::{Error, reason::Reason},
    ledger::{
        event::Rights,
        refusal::{deadline, nonce, not_relayable, place, unsigned},
    },
};

pub(crate) fn words(refusal: &Errors) -> String {
    use Errors as E;
    match refusal {
        E::Empty(_) => "the contract refused: a digest or a list is empty".into(),
        E::InvalidFolder(e) => format!("the contract refused: {} is not a folder's number", e.folder),
        E::InvalidRights(e) => {
            format!("the contract refused: rights {} are not possible on {}", e.rights, place(e.scope))
        }
        E::InvalidGrantee(e) => format!("the contract refused: {} is the zero account, or the patient", e.grantee),
        E::ExpiryNotInFuture(e) => {
            format!("the contract refused: the expiry {} is not after the chain's time {}", e.expiresAt, e.time)
        }
        E::RecordExists(_) => "the contract refused: this record exists already; `resume` tidies up".into(),
        E::NoSuchRecord(_) => "the contract refused: there is no such record".into(),
        E::NoSuchGrant(e) => format!("the contract refused: {} has no grant on {}", e.grantee, place(e.scope)),
        E::NotPermitted(e) => not_permitted(e),
        E::WiderThanOwn(e) => format!(
            "the contract refused: {} may delegate {}, but no more than it has: no more rights, the same purpose, no later end",
            e.giver,
            place(e.scope)
        ),
        E::GrantedByAnother(e) => format!(
            "the contract refused: {} has a grant on {} from another account: only that account or the patient may change it",
            e.grantee,
            place(e.scope)
        ),
        E::Barred(e) => format!(
            "the contract refused: the patient barred {} from {}: only the patient can grant to it again",
            e.grantee,
            place(e.scope)
        ),
        E::AlreadyAttested(e) => format!("the contract refused: {} has attested this record already", e.by),
        E::TooManyAttestations(_) => "the contract refused: this record has the maximum number of attestations: the patient can give the right to attest directly".into(),
        E::KeysNotAscending(_) => "the contract refused: the keys of a list are not in ascending order".into(),
        E::NotAttestable(e) => format!("the contract refused: this record is {:?} and cannot be attested", e.status),
        E::NotRelayable(e) => format!("the contract refused: {}", not_relayable(e.verb)),
        E::DeadlinePassed(e) => format!("the contract refused: {}", deadline(e.deadline, e.time)),
        E::NonceUsed(e) => format!("the contract refused: {}", nonce(e.signer, e.nonce)),
        E::InvalidSignature(e) => format!("the contract refused: {}", unsigned(e.signer)),
        E::AlreadyMade(_) => "the contract refused: this signed revocation was made before".into(),
        E::NotBarring(_) => "the contract refused: a signed revocation must bar".into(),
        E::OutdatedRevocation(e) => format!(
            "the contract refused: the revocation ends grants up to {}, but this one is from {}: sign another",
            e.grantedUpTo, e.grantedAt
        ),
        E::StatusNotAllowed(e) => status(e),
        E::StaleKeys(e) => format!(
            "the contract refused: the keys have rotated ({} changes, not {}): read the history and try again",
            e.current, e.named
        ),
    }
}

fn not_permitted(e: &NotPermitted) -> String {
    let right = match Rights::from_bits(e.right) {
        Some(Rights::READ) => "read",
        Some(Rights::DELEGATE) => "delegate",
        Some(Rights::ATTEST) => "attest",
        _ => "contribute to",
    };
    format!("the contract refused: {} may not {right} {}: ask the patient for the right to", e.account, place(e.scope))
}

fn status(e: &StatusNotAllowed) -> String {
    format!("the contract refused: this record is {:?} and cannot become {:?}", e.current, e.asked)
}

pub(crate) fn meaning(refusal: &Errors, text: Reason) -> Error {
    use Errors as E;
    match refusal {
        E::StaleKeys(_) => Error::StaleKeys,
        E::NotPermitted(_) | E::WiderThanOwn(_) | E::GrantedByAnother(_) | E::Barred(_) | E::InvalidSignature(_) => {
            Error::Denied(text)
        }
        E::NoSuchRecord(_) | E::NoSuchGrant(_) => Error::NotFound(text),
        E::RecordExists(_) | E::AlreadyAttested(_) | E::AlreadyMade(_) => Error::AlreadyDone(text),
        E::Empty(_)
        | E::InvalidFolder(_)
        | E::InvalidRights(_)
        | E::InvalidGrantee(_)
        | E::ExpiryNotInFuture(_)
        | E::StatusNotAllowed(_)
        | E::NotAttestable(_)
        | E::NotRelayable(_)
        | E::KeysNotAscending(_)
        | E::TooManyAttestations(_)
        | E::NotBarring(_) => Error::Invalid(text),
        E::DeadlinePassed(_) | E::NonceUsed(_) | E::OutdatedRevocation(_) => Error::Conflict(text),
    }
}
