//! The contracts' refusals: their texts (what was wrong, and what to do) and their meaning to an app. Each contract has
//! a file, and no match has a wildcard. This file has the refusals that several contracts share.

use alloy::primitives::{Address, B256, FixedBytes, U256};

use crate::{
    base::error::{Error, reason::Reason},
    ledger::event::folder_of,
};

pub(super) mod access_requests;
pub(super) mod board;
pub(super) mod boards;
pub(super) mod hospital;
pub(super) mod vouching;

/// The error that an app gets, and what was wrong and what to do.
pub(super) type Meaning = (fn(Reason) -> Error, String);

fn invalid(text: impl Into<String>) -> Meaning {
    (Error::Invalid, text.into())
}

fn denied(text: impl Into<String>) -> Meaning {
    (Error::Denied, text.into())
}

fn not_found(text: impl Into<String>) -> Meaning {
    (Error::NotFound, text.into())
}

fn already_done(text: impl Into<String>) -> Meaning {
    (Error::AlreadyDone, text.into())
}

fn conflict(text: impl Into<String>) -> Meaning {
    (Error::Conflict, text.into())
}

fn not_relayable(verb: FixedBytes<4>) -> Meaning {
    invalid(format!("{verb} cannot be sent for a signer"))
}

fn deadline(deadline: U256, time: U256) -> Meaning {
    conflict(format!("the request was valid until {deadline}, and it is {time}: sign it again"))
}

fn nonce(signer: Address, nonce: U256) -> Meaning {
    conflict(format!("nonce {nonce} of {signer} is used or void: sign again"))
}

fn unsigned(signer: Address) -> Meaning {
    denied(format!("{signer} did not sign this"))
}

/// The chain shows a number or a hash that people do not recognise, so the text only says folder or record.
fn place(scope: B256) -> &'static str {
    if folder_of(scope).is_some() { "this folder" } else { "this record" }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::primitives::Bytes;

    use crate::ledger::{contracts::BesideErrors, error::LedgerError};

    #[test]
    fn every_refusal_of_a_contract_beside_the_record_has_a_text() {
        for selector in BesideErrors::selectors() {
            let data: Bytes = [&selector[..], &[0; 96]].concat().into();
            let words = LedgerError::reverted(data).to_string();
            assert!(words.contains("refused: ") && !words.contains("0x7"), "{words}");
            assert!(!words.contains("reverted"), "{words}");
        }
    }
}
