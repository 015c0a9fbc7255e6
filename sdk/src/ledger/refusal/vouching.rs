//! The refusals of `Vouching`.

use hospital_record_contracts::vouching::Errors;

use crate::{
    base::error::{Error, reason::Reason},
    ledger::refusal::{deadline, nonce, not_relayable, unsigned},
};

pub(crate) fn words(refusal: &Errors) -> String {
    use Errors as E;
    let reason = match refusal {
        E::InvalidAccount(e) => format!("{} cannot be vouched for: name another account", e.account),
        E::InvalidRole(e) => format!("{} is not a role", e.role),
        E::EndNotInFuture(e) => format!("the end {} is not after the chain's time {}", e.until, e.time),
        E::NotVouched(e) => format!("you do not vouch for {} in this role", e.account),
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
        E::NotVouched(_) => Error::NotFound(text),
        E::InvalidAccount(_)
        | E::InvalidRole(_)
        | E::EndNotInFuture(_)
        | E::NotRelayable(_)
        | E::DeadlinePassed(_)
        | E::NonceUsed(_)
        | E::InvalidSignature(_) => Error::Invalid(text),
    }
}
