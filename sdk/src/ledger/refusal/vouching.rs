//! The refusals of `Vouching`.

use hospital_record_contracts::vouching::Errors;

use crate::ledger::refusal::{Meaning, deadline, invalid, nonce, not_found, not_relayable, unsigned};

pub(crate) fn meaning(refusal: &Errors) -> Meaning {
    use Errors as E;
    match refusal {
        E::InvalidAccount(e) => invalid(format!("{} cannot be vouched for: name another account", e.account)),
        E::InvalidRole(e) => invalid(format!("{} is not a role", e.role)),
        E::EndNotInFuture(e) => invalid(format!("the end {} is not after the chain's time {}", e.until, e.time)),
        E::NotVouched(e) => not_found(format!("you do not vouch for {} in this role", e.account)),
        E::NotRelayable(e) => not_relayable(e.verb),
        E::DeadlinePassed(e) => deadline(e.deadline, e.time),
        E::NonceUsed(e) => nonce(e.signer, e.nonce),
        E::InvalidSignature(e) => unsigned(e.signer),
    }
}
