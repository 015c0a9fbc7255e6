//! The refusals of `Boards`.

use hospital_record_contracts::boards::Errors;

use crate::{
    base::error::{Error, reason::Reason},
    ledger::refusal::{deadline, nonce, not_relayable, unsigned},
};

pub(crate) fn words(refusal: &Errors) -> String {
    use Errors as E;
    let reason = match refusal {
        E::TooManyMembers(e) => format!("a board has at most 16 members, not {}", e.members),
        E::InvalidThreshold(e) => format!("a board of {} members cannot need {}", e.members, e.threshold),
        E::InvalidMember(e) => format!("{} is the zero account, or is named out of order or twice", e.member),
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
        E::TooManyMembers(_)
        | E::InvalidThreshold(_)
        | E::InvalidMember(_)
        | E::NotRelayable(_)
        | E::DeadlinePassed(_)
        | E::NonceUsed(_)
        | E::InvalidSignature(_) => Error::Invalid(text),
    }
}
