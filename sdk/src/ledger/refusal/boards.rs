//! The refusals of `Boards`.

use hospital_record_contracts::boards::Errors;

use crate::ledger::refusal::{Meaning, deadline, invalid, nonce, not_relayable, unsigned};

pub(crate) fn meaning(refusal: &Errors) -> Meaning {
    use Errors as E;
    match refusal {
        E::TooManyMembers(e) => invalid(format!("a board has at most 16 members, not {}", e.members)),
        E::InvalidThreshold(e) => invalid(format!("a board of {} members cannot need {}", e.members, e.threshold)),
        E::InvalidMember(e) => invalid(format!("{} is the zero account, or is named out of order or twice", e.member)),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::InvalidSignature(e) => unsigned(e.signer),
    }
}
