//! The refusals of `AccessRequests`.

use hospital_record_contracts::access_requests::Errors;

use crate::ledger::refusal::{Meaning, deadline, invalid, nonce, not_relayable, unsigned};

pub(crate) fn meaning(refusal: &Errors) -> Meaning {
    use Errors as E;
    match refusal {
        E::InvalidPatient(e) => invalid(format!("{} cannot be asked: name the patient's account", e.patient)),
        E::InvalidRights(e) => invalid(format!("rights {} cannot be asked for", e.rights)),
        E::InvalidPurpose(e) => invalid(format!("there is no purpose {}", e.purpose)),
        E::EndNotInFuture(e) => invalid(format!(
            "the grant until {} and the answer by {} must be after the chain's time {}",
            e.grantUntil, e.answerBy, e.time
        )),
        E::NoReason(_) => invalid("the reason is missing"),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::InvalidSignature(e) => unsigned(e.signer),
    }
}
