//! The refusals of `HospitalRecord`.

use hospital_record_contracts::{
    IHospitalRecord::{NotPermitted, StatusNotAllowed},
    hospital_record::Errors,
};

use crate::{
    base::error::Error,
    ledger::{
        event::Rights,
        refusal::{
            Meaning, already_done, conflict, deadline, denied, invalid, nonce, not_found, not_relayable, place,
            unsigned,
        },
    },
};

pub(crate) fn meaning(refusal: &Errors) -> Meaning {
    use Errors as E;
    match refusal {
        E::Empty(_) => invalid("a digest or a list is empty"),
        E::InvalidFolder(e) => invalid(format!("{} is not a folder's number", e.folder)),
        E::InvalidRights(e) => invalid(format!("rights {} are not possible on {}", e.rights, place(e.scope))),
        E::InvalidGrantee(e) => invalid(format!("{} is the zero account, or the patient", e.grantee)),
        E::ExpiryNotInFuture(e) => {
            invalid(format!("the expiry {} is not after the chain's time {}", e.expiresAt, e.time))
        }
        E::RecordExists(_) => already_done("this record exists already; `resume` tidies up"),
        E::NoSuchRecord(_) => not_found("there is no such record"),
        E::NoSuchGrant(e) => not_found(format!("{} has no grant on {}", e.grantee, place(e.scope))),
        E::NotPermitted(e) => denied(not_permitted(e)),
        E::WiderThanOwn(e) => denied(format!(
            "{} may delegate {}, but no more than it has: no more rights, the same purpose, no later end",
            e.giver,
            place(e.scope)
        )),
        E::GrantedByAnother(e) => denied(format!(
            "{} has a grant on {} from another account: only that account or the patient may change it",
            e.grantee,
            place(e.scope)
        )),
        E::Barred(e) => denied(format!(
            "the patient barred {} from {}: only the patient can grant to it again",
            e.grantee,
            place(e.scope)
        )),
        E::AlreadyAttested(e) => already_done(format!("{} has attested this record already", e.by)),
        E::TooManyAttestations(_) => invalid(
            "this record has the maximum number of attestations: the patient can give the right to attest directly",
        ),
        E::KeysNotAscending(_) => invalid("the keys of a list are not in ascending order"),
        E::NotAttestable(e) => invalid(format!("this record is {:?} and cannot be attested", e.status)),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::InvalidSignature(e) => unsigned(e.signer),
        E::AlreadyMade(_) => already_done("this signed revocation was made before"),
        E::NotBarring(_) => invalid("a signed revocation must bar"),
        E::OutdatedRevocation(e) => conflict(format!(
            "the revocation ends grants up to {}, but this one is from {}: sign another",
            e.grantedUpTo, e.grantedAt
        )),
        E::StatusNotAllowed(e) => invalid(status(e)),
        E::StaleKeys(e) => (
            |_| Error::StaleKeys,
            format!("the keys have rotated ({} changes, not {}): read the history and try again", e.current, e.named),
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
    format!("{} may not {right} {}: ask the patient for the right to", e.account, place(e.scope))
}

fn status(e: &StatusNotAllowed) -> String {
    format!("this record is {:?} and cannot become {:?}", e.current, e.asked)
}
