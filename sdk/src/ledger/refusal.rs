//! The contracts' refusals: in words (what was wrong, and what to do), and what they mean to an app. A file a contract, and
//! no match has a wildcard. Here is what several of them refuse alike.

use alloy::primitives::{Address, B256, FixedBytes, U256};

use crate::ledger::event::folder_of;

pub(super) mod access_requests;
pub(super) mod board;
pub(super) mod boards;
pub(super) mod hospital;
pub(super) mod vouching;

fn not_relayable(verb: FixedBytes<4>) -> String {
    format!("{verb} cannot be carried out for a signer")
}

fn deadline(deadline: U256, time: U256) -> String {
    format!("the request was good until {deadline}, and it is {time}: sign it anew")
}

fn nonce(signer: Address, nonce: U256) -> String {
    format!("nonce {nonce} of {signer} is used or void: sign anew")
}

fn unsigned(signer: Address) -> String {
    format!("{signer} did not sign this")
}

/// On chain it is a number or a hash that nobody has seen: whoever acts knows which was meant.
fn place(scope: B256) -> &'static str {
    if folder_of(scope).is_some() { "this folder" } else { "this record" }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::primitives::Bytes;

    use crate::ledger::{contracts::BesideErrors, error::LedgerError};

    #[test]
    fn every_refusal_of_a_contract_beside_the_record_is_told_in_words() {
        for selector in BesideErrors::selectors() {
            let data: Bytes = [&selector[..], &[0; 96]].concat().into();
            let words = LedgerError::reverted(data).to_string();
            assert!(words.contains("refused: ") && !words.contains("0x7"), "{words}");
            assert!(!words.contains("reverted"), "{words}");
        }
    }
}
