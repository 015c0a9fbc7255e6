//! The refusals of `AccessRequests`.

use hospital_record_contracts::access_requests::Errors;

use crate::{
    base::error::{Error, reason::Reason},
    ledger::refusal::{deadline, nonce, not_relayable, unsigned},
};

pub(crate) fn words(refusal: &Errors) -> String {
    use Errors as E;
    let reason = match refusal {
        E::InvalidPatient(e) => format!("{} cannot be asked: name the patient's account", e.patient),
        E::InvalidRights(e) => format!("rights {} cannot be asked for", e.rights),
        E::InvalidPurpose(e) => format!("there is no purpose {}", e.purpose),
        E::EndNotInFuture(e) => format!(
            "the grant until {} and the answer by {} must be after the chain's time {}",
            e.grantUntil, e.answerBy, e.time
        ),
        E::NoReason(_) => "the reason is missing".into(),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::InvalidSignature(e) => unsigned(e.signer),
    };
    format!("the contract refused: {reason}")
}

pub(crate) fn meaning(refusal: &Errors, text: Reason) -> Error {
    use Errors as E;
    match refusal {
        E::InvalidPatient(_)
        | E::InvalidRights(_)
        | E::InvalidPurpose(_)
        | E::EndNotInFuture(_)
        | E::NoReason(_)
        | E::NotRelayable(_)
        | E::DeadlinePassed(_)
        | E::NonceUsed(_)
        | E::InvalidSignature(_) => Error::Invalid(text),
    }
}
